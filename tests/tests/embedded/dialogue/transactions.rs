//! Transactions, classic ones and those of KIP-890.

use upsert_kafka_protocol::messages::add_partitions_to_txn::AddPartitionsToTxnTopic;
use upsert_kafka_protocol::messages::fetch::{FetchPartition, FetchTopic, PartitionData};
use upsert_kafka_protocol::messages::offset_fetch::{OffsetFetchRequestGroup, OffsetFetchRequestTopics};
use upsert_kafka_protocol::messages::produce::{PartitionProduceData, TopicProduceData};
use upsert_kafka_protocol::messages::txn_offset_commit::{
    TxnOffsetCommitRequestPartition, TxnOffsetCommitRequestTopic,
};
use upsert_kafka_protocol::records::batches;

use super::*;

type Producer = (i64, i16);

/// On a Kafka of its own, and in turn: a broker asks for several producers at once whether their transactions are
/// open, and words the refusals of all as the first one's version wants them (`AddPartitionsToTxnManager`), so
/// that beside other tests an old version hears `TRANSACTION_ABORTABLE` now and then.
#[test]
fn transactions_answer_as_kafkas_do() {
    let Some(kafka) = Kafka::own(1) else { return };
    compare(&kafka, |it| Party::of(it).raising());
    compare(&kafka, |it| Party::of(it).classic());
}

/// A transactional id at work.
struct Party<'a> {
    it: &'a mut Dialogue,
    id: Str,
    group: Str,
    generation: i32,
}

impl<'a> Party<'a> {
    fn of(it: &'a mut Dialogue) -> Self {
        let (id, group) = (Str::from(unique("party")), Str::from(unique("group")));
        it.coordinator(&id, 1);
        it.coordinator_of_group(&group);
        Self { it, id, group, generation: -1 }
    }

    fn raising(mut self) {
        let me = self.init("first", None);
        for timeout_ms in [0, 900_001] {
            let code = self.ask_init(None, timeout_ms).error_code;
            self.it.note("a timeout out of bounds", code);
        }
        self.produce("begins", 12, me, 0, (0, 2));
        self.produce("again", 12, me, 0, (0, 2));
        self.produce("goes on", 12, me, 0, (2, 1));
        self.produce("begins late", 12, me, 1, (3, 1));
        self.produce("another's id", 12, (me.0 + 1_000_000, 0), 1, (0, 1));
        self.produce("another epoch", 12, (me.0, 7), 1, (0, 1));
        self.read("open");
        self.end("another epoch", 5, (me.0, 7), true);
        let next = self.end("commits", 5, me, true);
        self.read("committed");
        self.end("again", 5, me, true);
        self.end("the other way", 5, me, false);
        self.end("nothing to commit", 5, next, true);
        let next = self.end("nothing to abort", 5, next, false);
        self.produce("an epoch that is over", 12, me, 0, (3, 1));
        self.produce("an epoch that is over, new partition", 12, me, 1, (0, 1));
        self.produce("sequences do not begin again", 12, next, 0, (1, 1));
        self.produce("sequences begin again", 12, next, 0, (0, 1));
        let next = self.end("aborts", 5, next, false);
        self.read("aborted");
        self.positions("implicit", 5, next, 5);
        let next = self.end("commits positions", 5, next, true);
        self.position("committed");
        self.positions("an epoch that is over", 5, me, 9);
        self.generation = 3;
        self.positions("a generation of no member", 5, next, 9);
        let known = std::mem::replace(&mut self.group, Str::from(unique("group")));
        self.it.coordinator_of_group(&self.group);
        self.positions("a generation of no group", 5, next, 9);
        self.group = known;
        self.generation = -1;
        self.produce("left open", 12, next, 0, (0, 1));
        let code = self.ask_init(None, 60_000).error_code;
        self.it.note("a successor", code);
        self.read("a successor has aborted it");
        self.end("commits what was aborted", 5, next, true);
        self.end("aborts what was aborted", 5, next, false);
        let last = self.init("a successor, again", None);
        self.end("a fenced commit", 5, next, true);
        self.produce("fenced", 12, next, 0, (1, 1));
        let code = self.ask_init(Some(next), 60_000).error_code;
        self.it.note("who was fenced comes back", code);
        let last = self.init("who was not goes on", Some(last));
        self.init("and again", Some((last.0, last.1 - 1)));
        self.read("at the end");
    }

    fn classic(mut self) {
        let me = self.init("first", None);
        self.produce("not added", 10, me, 0, (0, 1));
        self.produce("not added", 11, me, 0, (0, 1));
        self.end("nothing to commit", 4, me, true);
        self.end("nothing to abort", 4, me, false);
        self.add("another epoch", (me.0, 7), &[0]);
        self.add("another's id", (me.0 + 1_000_000, 0), &[0]);
        self.add("one is not there", me, &[0, 9]);
        self.add("added", me, &[0]);
        self.produce("added", 11, me, 0, (0, 2));
        self.produce("another partition", 11, me, 1, (0, 1));
        self.produce("gap", 11, me, 0, (5, 1));
        self.end("commits", 4, me, true);
        self.end("again", 4, me, true);
        self.end("the other way", 4, me, false);
        self.read("committed");
        self.add("a second", me, &[0, 1]);
        self.produce("sequences go on", 11, me, 0, (2, 1));
        self.end("aborts", 4, me, false);
        self.read("aborted");
        self.positions("not added", 3, me, 5);
        self.positions("not added", 4, me, 5);
        let request = AddOffsetsToTxnRequest {
            transactional_id: self.id.clone(),
            producer_id: me.0,
            producer_epoch: me.1,
            group_id: self.group.clone(),
            ..Default::default()
        };
        let code = self.it.patiently(&request, 3, |answer| answer.error_code).error_code;
        self.it.note("group added", code);
        self.positions("added", 4, me, 5);
        self.position("open");
        self.end("commits positions", 4, me, true);
        self.position("committed");
        self.end("an old client, fenced", 1, (me.0, 7), true);
    }

    fn ask_init(
        &mut self,
        expected: Option<Producer>,
        transaction_timeout_ms: i32,
    ) -> InitProducerIdResponse {
        let (producer_id, producer_epoch) = expected.unwrap_or((-1, -1));
        let transactional_id = Some(self.id.clone());
        let request = InitProducerIdRequest {
            transactional_id,
            transaction_timeout_ms,
            producer_id,
            producer_epoch,
            ..Default::default()
        };
        self.it.ask(&request, 5)
    }

    fn init(&mut self, what: &str, expected: Option<Producer>) -> Producer {
        let begun = Instant::now();
        let mut answer = self.ask_init(expected, 60_000);
        while is_early(answer.error_code) && begun.elapsed() < PATIENCE {
            std::thread::sleep(PAUSE);
            answer = self.ask_init(expected, 60_000);
        }
        self.it.note(&format!("init, {what}"), (answer.error_code, answer.producer_epoch));
        (answer.producer_id, answer.producer_epoch)
    }

    fn produce(
        &mut self,
        what: &str,
        version: i16,
        (producer_id, producer_epoch): Producer,
        index: i32,
        (base_sequence, count): (i32, i64),
    ) {
        let stamp = Stamp { producer_id, producer_epoch, base_sequence, transactional: true };
        let part = PartitionProduceData { index, records: Some(batch(count, stamp)), ..Default::default() };
        let name = self.it.topic.clone();
        let topic = TopicProduceData { name, partition_data: vec![part], ..Default::default() };
        let request = ProduceRequest {
            transactional_id: Some(self.id.clone()),
            acks: -1,
            timeout_ms: 10_000,
            topic_data: vec![topic],
            ..Default::default()
        };
        let code = |answer: &ProduceResponse| answer.responses[0].partition_responses[0].error_code;
        let answer = self.it.patiently(&request, version, code);
        let part = &answer.responses[0].partition_responses[0];
        let heard = (part.error_code, part.base_offset);
        self.it.note(&format!("produce {version}, {what}"), heard);
    }

    fn add(&mut self, what: &str, (id, epoch): Producer, partitions: &[i32]) {
        let topic = AddPartitionsToTxnTopic {
            name: self.it.topic.clone(),
            partitions: partitions.to_vec(),
            ..Default::default()
        };
        let request = AddPartitionsToTxnRequest {
            v3_and_below_transactional_id: self.id.clone(),
            v3_and_below_producer_id: id,
            v3_and_below_producer_epoch: epoch,
            v3_and_below_topics: vec![topic],
            ..Default::default()
        };
        let first = |answer: &AddPartitionsToTxnResponse| {
            answer.results_by_topic_v3_and_below[0].results_by_partition[0].partition_error_code
        };
        let answer = self.it.patiently(&request, 3, first);
        let results = &answer.results_by_topic_v3_and_below[0].results_by_partition;
        let mut codes: Vec<_> =
            results.iter().map(|it| (it.partition_index, it.partition_error_code)).collect();
        codes.sort_unstable_by_key(|(index, _)| *index);
        self.it.note(&format!("add, {what}"), codes);
    }

    fn end(&mut self, what: &str, version: i16, (id, epoch): Producer, committed: bool) -> Producer {
        let request = EndTxnRequest {
            transactional_id: self.id.clone(),
            producer_id: id,
            producer_epoch: epoch,
            committed,
            ..Default::default()
        };
        let answer = self.it.patiently(&request, version, |answer| answer.error_code);
        self.it.note(&format!("end {version}, {what}"), (answer.error_code, answer.producer_epoch));
        (answer.producer_id, answer.producer_epoch)
    }

    fn positions(&mut self, what: &str, version: i16, producer: Producer, committed_offset: i64) {
        let part = TxnOffsetCommitRequestPartition { committed_offset, ..Default::default() };
        let topic = TxnOffsetCommitRequestTopic {
            name: self.it.topic.clone(),
            partitions: vec![part],
            ..Default::default()
        };
        let request = TxnOffsetCommitRequest {
            transactional_id: self.id.clone(),
            group_id: self.group.clone(),
            producer_id: producer.0,
            producer_epoch: producer.1,
            generation_id_or_member_epoch: self.generation,
            topics: vec![topic],
            ..Default::default()
        };
        let code = |answer: &TxnOffsetCommitResponse| answer.topics[0].partitions[0].error_code;
        let heard = code(&self.it.patiently(&request, version, code));
        self.it.note(&format!("positions {version}, {what}"), heard);
    }

    /// The group's position for who wants a stable one, which is waited for unless it is to be open.
    fn position(&mut self, what: &str) {
        let topic = OffsetFetchRequestTopics {
            name: self.it.topic.clone(),
            partition_indexes: vec![0],
            ..Default::default()
        };
        let group = OffsetFetchRequestGroup {
            group_id: self.group.clone(),
            topics: Some(vec![topic]),
            ..Default::default()
        };
        let request = OffsetFetchRequest { groups: vec![group], require_stable: true, ..Default::default() };
        let of = |answer: &OffsetFetchResponse| {
            let part = &answer.groups[0].topics[0].partitions[0];
            (part.error_code, part.committed_offset)
        };
        let begun = Instant::now();
        let mut heard = of(&self.it.ask(&request, 8));
        while what != "open" && !heard.0.is_none() && begun.elapsed() < PATIENCE {
            std::thread::sleep(PAUSE);
            heard = of(&self.it.ask(&request, 8));
        }
        self.it.note(&format!("position, {what}"), heard);
    }

    /// What a reader of committed records gets of the first partition; all is waited for unless some is to be
    /// open.
    fn read(&mut self, what: &str) {
        let asked = MetadataRequestTopic { name: Some(self.it.topic.clone()), ..Default::default() };
        let request = MetadataRequest { topics: Some(vec![asked]), ..Default::default() };
        let topic_id = self.it.ask(&request, 12).topics[0].topic_id;
        let part = FetchPartition { partition_max_bytes: 1 << 20, ..Default::default() };
        let topic = FetchTopic { topic_id, partitions: vec![part], ..Default::default() };
        let request = FetchRequest {
            isolation_level: 1,
            max_bytes: 1 << 20,
            topics: vec![topic],
            ..Default::default()
        };
        let only = |mut answer: FetchResponse| answer.responses.remove(0).partitions.remove(0);
        let begun = Instant::now();
        let mut data: PartitionData = only(self.it.ask(&request, 16));
        while what != "open" && data.last_stable_offset < data.high_watermark && begun.elapsed() < PATIENCE {
            std::thread::sleep(PAUSE);
            data = only(self.it.ask(&request, 16));
        }
        let records = data.records.unwrap_or_default();
        let batches: Vec<_> = batches(&records)
            .map_while(Result::ok)
            .map(|it| (it.base_offset(), it.count(), it.is_control(), it.producer_epoch()))
            .collect();
        let aborted: Vec<_> =
            data.aborted_transactions.iter().flatten().map(|aborted| aborted.first_offset).collect();
        let ends = (data.high_watermark, data.last_stable_offset);
        self.it.note(&format!("read, {what}"), (data.error_code, ends, batches, aborted));
    }
}

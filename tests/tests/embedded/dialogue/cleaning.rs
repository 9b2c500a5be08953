//! What compaction leaves of a log, transactions and tombstones in it, when the broker's clock drives it.

use upsert_kafka_protocol::messages::create_topics::CreatableTopicConfig;
use upsert_kafka_protocol::messages::fetch::{FetchPartition, FetchTopic};
use upsert_kafka_protocol::messages::incremental_alter_configs::{AlterConfigsResource, AlterableConfig};
use upsert_kafka_protocol::messages::produce::{PartitionProduceData, TopicProduceData};
use upsert_kafka_protocol::records::{ControlType, batches};

use super::*;

/// How often both look for something to compact; Kafka's own pause is 15 seconds.
const BACKOFF: Duration = Duration::from_millis(50);

/// How long a segment takes records.
const SEGMENT: Duration = Duration::from_secs(1);

/// How long tombstones and markers stay after the compaction that met them first.
const TOMBSTONES: Duration = Duration::from_secs(5);

#[test]
fn a_log_is_compacted_as_by_kafka() {
    let Some(kafka) = Kafka::own(1) else { return };
    let backoff = AlterableConfig {
        name: "log.cleaner.backoff.ms".into(),
        value: Some(Str::from(BACKOFF.as_millis().to_string())),
        ..Default::default()
    };
    let resource = AlterConfigsResource { resource_type: 4, configs: vec![backoff], ..Default::default() };
    let request = IncrementalAlterConfigsRequest { resources: vec![resource], ..Default::default() };
    let code = Dialogue::begin(&kafka.bootstrap()).ask(&request, 1).responses[0].error_code;
    assert_eq!(code, ErrorCode::NONE);
    compare_with(&kafka, BrokerConfig::default().with_cleaner_backoff(BACKOFF), hold);
}

fn hold(it: &mut Dialogue) {
    it.topic = it.compacted_topic();
    it.meet_topic();
    let id = Str::from(unique("party"));
    it.coordinator(&id, 1);
    it.put(&[("a", Some("1")), ("b", Some("1")), ("a", Some("2"))], None);
    let me = it.init(&id);
    it.put(&[("a", Some("lost")), ("c", Some("lost"))], Some((&id, me)));
    let me = it.end(&id, me, false);
    it.put(&[("b", Some("2"))], Some((&id, me)));
    it.end(&id, me, true);
    it.put(&[("d", Some("1"))], None);
    it.put(&[("d", None), ("e", Some("1"))], None);
    it.note("before", "");
    it.begin_segment();
    it.settle(&[0, 1, 3, 4, 8]);
    it.left("compacted");
    // The first turn removes tombstones, and begins to count for the marker whose records the one before removed, if
    // that was not two turns. Each needs something that is not clean, else nobody looks.
    for value in ["2", "3"] {
        std::thread::sleep(TOMBSTONES);
        it.put(&[("e", Some(value))], None);
        it.begin_segment();
    }
    it.settle(&[5, 9, 10, 11, 12]);
    it.left("without tombstones");
}

type Transaction<'a> = (&'a Str, Stamp);

impl Dialogue {
    fn compacted_topic(&mut self) -> Str {
        let config = |(name, value): (&str, String)| CreatableTopicConfig {
            name: Str::from(name),
            value: Some(Str::from(value)),
            ..Default::default()
        };
        let configs = [
            ("cleanup.policy", "compact".to_owned()),
            ("segment.ms", SEGMENT.as_millis().to_string()),
            ("min.cleanable.dirty.ratio", "0".to_owned()),
            ("delete.retention.ms", TOMBSTONES.as_millis().to_string()),
        ];
        let topic = CreatableTopic {
            name: Str::from(unique("compacted")),
            num_partitions: 1,
            replication_factor: 1,
            configs: configs.map(config).to_vec(),
            ..Default::default()
        };
        let name = topic.name.clone();
        let request = CreateTopicsRequest { topics: vec![topic], timeout_ms: 10_000, ..Default::default() };
        assert_eq!(self.ask(&request, 7).topics[0].error_code, ErrorCode::NONE);
        name
    }

    fn put(&mut self, records: &[(&str, Option<&str>)], transaction: Option<Transaction<'_>>) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
        let now_ms = i64::try_from(now.as_millis()).expect("before long");
        let mut writer = BatchWriter::new(BytesMut::new(), 1 << 20);
        for (key, value) in records {
            writer.append(now_ms, Some(key.as_bytes()), value.map(str::as_bytes), &[]).expect("it fits");
        }
        let stamp = transaction.map_or(Stamp::NONE, |(_, stamp)| stamp);
        let records = Some(writer.seal(stamp, Codec::NONE));
        let part = PartitionProduceData { records, ..Default::default() };
        let topic =
            TopicProduceData { name: self.topic.clone(), partition_data: vec![part], ..Default::default() };
        let request = ProduceRequest {
            transactional_id: transaction.map(|(id, _)| id.clone()),
            acks: -1,
            timeout_ms: 10_000,
            topic_data: vec![topic],
            ..Default::default()
        };
        let code = |answer: &ProduceResponse| answer.responses[0].partition_responses[0].error_code;
        let answer = self.patiently(&request, 12, code);
        let part = &answer.responses[0].partition_responses[0];
        self.note("produced", (part.error_code, part.base_offset));
    }

    /// A record that comes too late for the segment before it: that may be compacted then.
    fn begin_segment(&mut self) {
        std::thread::sleep(SEGMENT + PAUSE);
        self.put(&[("z", Some("1"))], None);
    }

    fn init(&mut self, id: &Str) -> Stamp {
        let request = InitProducerIdRequest {
            transactional_id: Some(id.clone()),
            transaction_timeout_ms: 60_000,
            producer_id: -1,
            producer_epoch: -1,
            ..Default::default()
        };
        let answer = self.patiently(&request, 5, |answer| answer.error_code);
        let InitProducerIdResponse { producer_id, producer_epoch, .. } = answer;
        Stamp { producer_id, producer_epoch, base_sequence: 0, transactional: true }
    }

    /// Ends the transaction, and waits for its marker.
    fn end(&mut self, id: &Str, stamp: Stamp, committed: bool) -> Stamp {
        let Stamp { producer_id, producer_epoch, .. } = stamp;
        let transactional_id = id.clone();
        let request =
            EndTxnRequest { transactional_id, producer_id, producer_epoch, committed, ..Default::default() };
        let answer = self.patiently(&request, 5, |answer| answer.error_code);
        let begun = Instant::now();
        while !self.log().1 && begun.elapsed() < PATIENCE {
            std::thread::sleep(PAUSE);
        }
        Stamp { producer_id: answer.producer_id, producer_epoch: answer.producer_epoch, ..stamp }
    }

    /// Waits until the records at the offsets are gone: either may need more than one turn, by how fast it was written.
    fn settle(&mut self, offsets: &[i64]) {
        let begun = Instant::now();
        while self.log().0.iter().any(|record| offsets.contains(&record.0)) && begun.elapsed() < PATIENCE {
            std::thread::sleep(PAUSE);
        }
    }

    fn left(&mut self, what: &str) {
        let log = self.log();
        self.note(&format!("left, {what}"), log);
    }

    /// Every record that is there, markers among them, and whether all transactions are decided.
    fn log(&mut self) -> (Vec<(i64, String, Option<String>)>, bool) {
        let asked = MetadataRequestTopic { name: Some(self.topic.clone()), ..Default::default() };
        let request = MetadataRequest { topics: Some(vec![asked]), ..Default::default() };
        let topic_id = self.ask(&request, 12).topics[0].topic_id;
        let (mut all, mut next) = (Vec::new(), 0);
        loop {
            let part =
                FetchPartition { fetch_offset: next, partition_max_bytes: 1 << 20, ..Default::default() };
            let topic = FetchTopic { topic_id, partitions: vec![part], ..Default::default() };
            let request = FetchRequest { max_bytes: 1 << 20, topics: vec![topic], ..Default::default() };
            let data = self.ask(&request, 16).responses.remove(0).partitions.remove(0);
            assert_eq!(data.error_code, ErrorCode::NONE);
            let records = data.records.unwrap_or_default();
            for batch in batches(&records).map_while(Result::ok) {
                next = batch.next_offset();
                let body = batch.body(1 << 20).expect("a body");
                for record in body.iter().map(|record| record.expect("a record")) {
                    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
                    let told = match ControlType::of_key(record.key).filter(|_| batch.is_control()) {
                        Some(kind) => ("marker".to_owned(), Some(kind.to_string())),
                        None => (record.key.map(text).unwrap_or_default(), record.value.map(text)),
                    };
                    all.push((record.offset, told.0, told.1));
                }
            }
            if next >= data.high_watermark {
                return (all, data.last_stable_offset == data.high_watermark);
            }
        }
    }
}

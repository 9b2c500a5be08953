//! Transactions: begun, written, ended, timed out, and what readers see of them meanwhile.

use upsert_kafka_protocol::messages::add_partitions_to_txn::{
    AddPartitionsToTxnTopic, AddPartitionsToTxnTransaction,
};
use upsert_kafka_protocol::messages::fetch::{FetchPartition, FetchTopic, PartitionData};
use upsert_kafka_protocol::messages::list_offsets::{ListOffsetsPartition, ListOffsetsTopic};
use upsert_kafka_protocol::records::ControlType;

use super::*;

mod offsets;
mod producers;
mod told;

/// The last versions before KIP-890's second part.
const CLASSIC_PRODUCE: i16 = 11;
const CLASSIC_END: i16 = 4;

/// The versions of KIP-890.
const PRODUCE: i16 = 12;
const END: i16 = 5;

const TIMEOUT_MS: i32 = 60_000;

const NONE: ErrorCode = ErrorCode::NONE;

type Producer = (i64, i16);

impl Script {
    fn with_topic(config: BrokerConfig) -> Self {
        let mut script = Self::with(BrokerConfig { seed: 1, ..config });
        script.create("t", 2, &[]);
        script
    }

    fn init(&mut self, expected: Option<Producer>) -> Result<Producer, ErrorCode> {
        let (producer_id, producer_epoch) = expected.unwrap_or((-1, -1));
        let request = InitProducerIdRequest {
            transactional_id: Some("x".into()),
            transaction_timeout_ms: TIMEOUT_MS,
            producer_id,
            producer_epoch,
            ..Default::default()
        };
        let answer = self.ask(&request, 5);
        if answer.error_code.is_none() {
            Ok((answer.producer_id, answer.producer_epoch))
        } else {
            Err(answer.error_code)
        }
    }

    /// Writes so many records of the producer's transaction; their first offset.
    fn write(
        &mut self,
        producer: Producer,
        index: i32,
        (sequence, count): (i32, i64),
        version: i16,
    ) -> Result<i64, ErrorCode> {
        let request = ProduceRequest {
            transactional_id: Some("x".into()),
            ..produce("t", index, batch(count, transactional(producer, sequence)))
        };
        let part = self.ask(&request, version).responses.remove(0).partition_responses.remove(0);
        if part.error_code.is_none() { Ok(part.base_offset) } else { Err(part.error_code) }
    }

    fn add(&mut self, producer: Producer, indexes: &[i32]) -> Vec<ErrorCode> {
        let topic =
            AddPartitionsToTxnTopic { name: "t".into(), partitions: indexes.to_vec(), ..Default::default() };
        let request = AddPartitionsToTxnRequest {
            v3_and_below_transactional_id: "x".into(),
            v3_and_below_producer_id: producer.0,
            v3_and_below_producer_epoch: producer.1,
            v3_and_below_topics: vec![topic],
            ..Default::default()
        };
        let mut answer = self.ask(&request, 3);
        let results = answer.results_by_topic_v3_and_below.remove(0).results_by_partition;
        results.iter().map(|result| result.partition_error_code).collect()
    }

    fn end(&mut self, producer: Producer, committed: bool, version: i16) -> Result<Producer, ErrorCode> {
        let request = EndTxnRequest {
            transactional_id: "x".into(),
            producer_id: producer.0,
            producer_epoch: producer.1,
            committed,
            ..Default::default()
        };
        let answer = self.ask(&request, version);
        if answer.error_code.is_none() {
            Ok((answer.producer_id, answer.producer_epoch))
        } else {
            Err(answer.error_code)
        }
    }

    fn read(&mut self, index: i32, from: i64) -> PartitionData {
        let request = FetchRequest { max_wait_ms: 0, ..read_committed(index, from) };
        self.ask(&request, 12).responses.remove(0).partitions.remove(0)
    }

    /// Where a reader of committed records finds the partition's end.
    fn end_offset(&mut self, index: i32, isolation_level: i8) -> i64 {
        let part = ListOffsetsPartition { partition_index: index, timestamp: -1, ..Default::default() };
        let topic = ListOffsetsTopic { name: "t".into(), partitions: vec![part], ..Default::default() };
        let request = ListOffsetsRequest { isolation_level, topics: vec![topic], ..Default::default() };
        self.ask(&request, 8).topics.remove(0).partitions.remove(0).offset
    }
}

fn transactional((producer_id, producer_epoch): Producer, base_sequence: i32) -> Stamp {
    Stamp { producer_id, producer_epoch, base_sequence, transactional: true }
}

fn read_committed(partition: i32, fetch_offset: i64) -> FetchRequest {
    let part = FetchPartition { partition, fetch_offset, partition_max_bytes: 1 << 20, ..Default::default() };
    let topic = FetchTopic { topic: "t".into(), partitions: vec![part], ..Default::default() };
    FetchRequest {
        max_wait_ms: 100,
        min_bytes: 1,
        isolation_level: 1,
        topics: vec![topic],
        ..Default::default()
    }
}

/// Of each batch its first offset, and for a marker its outcome and epoch.
fn shape(records: &Bytes) -> Vec<(i64, Option<(ControlType, i16)>)> {
    let of = |batch: upsert_kafka_protocol::records::Batch| {
        let body = batch.body(1 << 20).unwrap();
        let key = body.iter().next().unwrap().unwrap().key;
        let marker = ControlType::of_key(key).filter(|_| batch.is_control());
        (batch.base_offset(), marker.map(|marker| (marker, batch.producer_epoch())))
    };
    batches(records).map(|batch| of(batch.unwrap())).collect()
}

fn aborted(data: &PartitionData) -> Vec<(i64, i64)> {
    let list = data.aborted_transactions.as_ref().unwrap();
    list.iter().map(|aborted| (aborted.producer_id, aborted.first_offset)).collect()
}

#[test]
fn what_is_written_is_seen_when_it_is_committed() {
    let mut script = Script::with_topic(BrokerConfig::default());
    let me = script.init(None).unwrap();
    assert_eq!(script.write(me, 0, (0, 2), PRODUCE), Ok(0));
    assert_eq!(script.write(me, 0, (2, 1), PRODUCE), Ok(2));
    let data = script.read(0, 0);
    assert_eq!((data.high_watermark, data.last_stable_offset), (3, 0));
    assert_eq!(shape(data.records.as_ref().unwrap()), []);
    assert_eq!((script.end_offset(0, 1), script.end_offset(0, 0)), (0, 3));
    let next = script.end(me, true, END).unwrap();
    assert_eq!(next, (me.0, 1));
    let data = script.read(0, 0);
    assert_eq!((data.high_watermark, data.last_stable_offset, aborted(&data)), (4, 4, vec![]));
    let marker = Some((ControlType::COMMIT, 1));
    assert_eq!(shape(data.records.as_ref().unwrap()), [(0, None), (2, None), (3, marker)]);
    assert_eq!(script.end_offset(0, 1), 4);
    assert_eq!(script.write(me, 0, (3, 1), PRODUCE), Err(ErrorCode::INVALID_PRODUCER_EPOCH), "late");
    assert_eq!(script.write(next, 0, (1, 1), PRODUCE), Err(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER));
    assert_eq!(script.write(next, 0, (0, 1), PRODUCE), Ok(4));
}

#[test]
fn what_is_aborted_is_told_to_those_who_read_it() {
    let mut script = Script::with_topic(BrokerConfig::default());
    let me = script.init(None).unwrap();
    script.produce("t", 0, batch(2, Stamp::NONE));
    script.write(me, 0, (0, 3), PRODUCE).unwrap();
    script.produce("t", 0, batch(1, Stamp::NONE));
    script.end(me, false, END).unwrap();
    script.produce("t", 0, batch(1, Stamp::NONE));
    let data = script.read(0, 0);
    let marker = Some((ControlType::ABORT, 1));
    let batches = [(0, None), (2, None), (5, None), (6, marker), (7, None)];
    assert_eq!(shape(data.records.as_ref().unwrap()), batches);
    assert_eq!(aborted(&data), [(me.0, 2)]);
    assert_eq!(aborted(&script.read(0, 6)), [(me.0, 2)], "the marker itself is read");
    assert_eq!(aborted(&script.read(0, 7)), []);
    let uncommitted = FetchRequest { max_wait_ms: 0, isolation_level: 0, ..read_committed(0, 0) };
    let data = script.ask(&uncommitted, 12).responses.remove(0).partitions.remove(0);
    assert_eq!(data.aborted_transactions, None);
}

#[test]
fn the_oldest_open_transaction_hides_what_comes_after_it() {
    let mut script = Script::with_topic(BrokerConfig::default());
    let me = script.init(None).unwrap();
    script.produce("t", 0, batch(1, Stamp::NONE));
    script.write(me, 0, (0, 1), PRODUCE).unwrap();
    script.produce("t", 0, batch(1, Stamp::NONE));
    assert_eq!(shape(script.read(0, 0).records.as_ref().unwrap()), [(0, None)]);
    assert_eq!(shape(script.read(0, 2).records.as_ref().unwrap()), []);
    assert_eq!(script.read(0, 2).error_code, NONE);
}

#[test]
fn a_reader_that_waits_hears_of_the_end() {
    let mut script = Script::with_topic(BrokerConfig::default());
    let me = script.init(None).unwrap();
    script.write(me, 0, (0, 1), PRODUCE).unwrap();
    let reader = script.send(&read_committed(0, 0), 12);
    assert_eq!(script.hear::<FetchRequest>(reader, 12), Heard::Nothing);
    let request = EndTxnRequest {
        transactional_id: "x".into(),
        producer_id: me.0,
        producer_epoch: me.1,
        committed: true,
        ..Default::default()
    };
    let ender = script.send(&request, END);
    assert!(matches!(script.hear::<EndTxnRequest>(ender, END), Heard::Answer(_)));
    let Heard::Answer(answer) = script.hear::<FetchRequest>(reader, 12) else { panic!("no answer") };
    assert_eq!(shape(answer.responses[0].partitions[0].records.as_ref().unwrap()).len(), 2);
}

#[test]
fn classic_partitions_are_added_before_they_are_written() {
    let mut script = Script::with_topic(BrokerConfig { transaction_version: 1, ..Default::default() });
    let me = script.init(None).unwrap();
    assert_eq!(script.write(me, 0, (0, 1), 10), Err(ErrorCode::INVALID_TXN_STATE));
    assert_eq!(script.write(me, 0, (0, 1), CLASSIC_PRODUCE), Err(ErrorCode::TRANSACTION_ABORTABLE));
    assert_eq!(script.add(me, &[0]), [NONE]);
    assert_eq!(script.write(me, 0, (0, 1), CLASSIC_PRODUCE), Ok(0));
    assert_eq!(script.write(me, 1, (0, 1), CLASSIC_PRODUCE), Err(ErrorCode::TRANSACTION_ABORTABLE));
    assert_eq!(script.end(me, true, CLASSIC_END), Ok((-1, -1)), "told from version 5 on");
    assert_eq!(script.end(me, true, CLASSIC_END), Ok((-1, -1)), "again");
    let data = script.read(0, 0);
    let marker = Some((ControlType::COMMIT, 0));
    assert_eq!(shape(data.records.as_ref().unwrap()), [(0, None), (1, marker)]);
    assert_eq!(script.write(me, 0, (1, 1), 10), Err(ErrorCode::INVALID_TXN_STATE), "it is over");
    assert_eq!(script.add(me, &[0]), [NONE]);
    assert_eq!(script.write(me, 0, (1, 1), CLASSIC_PRODUCE), Ok(2), "sequences go on");
}

#[test]
fn a_partition_that_was_added_and_not_written_gets_its_marker_too() {
    let mut script = Script::with_topic(BrokerConfig { transaction_version: 1, ..Default::default() });
    let me = script.init(None).unwrap();
    script.add(me, &[0, 1]);
    script.end(me, false, CLASSIC_END).unwrap();
    let data = script.read(1, 0);
    assert_eq!(shape(data.records.as_ref().unwrap()), [(0, Some((ControlType::ABORT, 0)))]);
    assert_eq!(aborted(&data), []);
}

#[test]
fn all_partitions_exist_or_none_is_added() {
    let mut script = Script::with_topic(BrokerConfig::default());
    let me = script.init(None).unwrap();
    let codes = [ErrorCode::OPERATION_NOT_ATTEMPTED, ErrorCode::UNKNOWN_TOPIC_OR_PARTITION];
    assert_eq!(script.add(me, &[0, 2]), codes);
    assert_eq!(script.write(me, 0, (0, 1), CLASSIC_PRODUCE), Err(ErrorCode::TRANSACTION_ABORTABLE));
}

#[test]
fn several_transactions_are_asked_about_at_once() {
    let mut script = Script::with_topic(BrokerConfig::default());
    let me = script.init(None).unwrap();
    let transaction = |epoch, verify_only, partition| AddPartitionsToTxnTransaction {
        transactional_id: "x".into(),
        producer_id: me.0,
        producer_epoch: epoch,
        verify_only,
        topics: vec![AddPartitionsToTxnTopic {
            name: "t".into(),
            partitions: vec![partition],
            ..Default::default()
        }],
        ..Default::default()
    };
    let transactions = vec![
        transaction(0, true, 0),
        transaction(0, false, 0),
        transaction(0, true, 0),
        transaction(0, true, 1),
        transaction(7, true, 0),
    ];
    let request = AddPartitionsToTxnRequest { transactions, ..Default::default() };
    let answer = script.ask(&request, 4);
    let code = |result: &add_partitions_to_txn::AddPartitionsToTxnResult| {
        result.topic_results[0].results_by_partition[0].partition_error_code
    };
    let codes: Vec<_> = answer.results_by_transaction.iter().map(code).collect();
    let abortable = ErrorCode::TRANSACTION_ABORTABLE;
    assert_eq!(codes, [abortable, NONE, NONE, abortable, ErrorCode::PRODUCER_FENCED]);
}

#[test]
fn a_batch_says_whose_transaction_it_belongs_to() {
    let mut script = Script::with_topic(BrokerConfig::default());
    let me = script.init(None).unwrap();
    let anonymous = script.produce("t", 0, batch(1, transactional(me, 0)));
    assert_eq!(anonymous.error_code, ErrorCode::TRANSACTIONAL_ID_AUTHORIZATION_FAILED);
    script.write(me, 0, (0, 1), PRODUCE).unwrap();
    let plain = script.produce("t", 0, batch(1, Stamp { transactional: false, ..transactional(me, 1) }));
    assert_eq!(plain.error_code, ErrorCode::INVALID_TXN_STATE);
    assert_eq!(script.write((me.0 + 1, 0), 1, (0, 1), PRODUCE), Err(ErrorCode::INVALID_PRODUCER_ID_MAPPING));
    let without_id = Stamp { producer_id: -1, ..transactional(me, 0) };
    assert_eq!(script.produce("t", 0, batch(1, without_id)).error_code, ErrorCode::INVALID_RECORD);
}

#[test]
fn a_repetition_within_a_transaction_is_written_once() {
    let mut script = Script::with_topic(BrokerConfig::default());
    let me = script.init(None).unwrap();
    assert_eq!(script.write(me, 0, (0, 2), PRODUCE), Ok(0));
    assert_eq!(script.write(me, 0, (0, 2), PRODUCE), Ok(0));
    assert_eq!(script.cluster.stats().records, 2);
    assert_eq!(script.write(me, 1, (3, 1), PRODUCE), Err(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER));
}

#[test]
fn a_transaction_outlives_its_nodes() {
    let mut script = Script::with_topic(BrokerConfig { nodes: 3, ..Default::default() });
    let coordinator = script.cluster.coordinator("x").unwrap();
    let other = coordinator % 3 + 1;
    script.node = other;
    assert_eq!(script.init(None), Err(ErrorCode::NOT_COORDINATOR));
    assert_eq!(script.end((0, 0), true, END), Err(ErrorCode::NOT_COORDINATOR));
    assert_eq!(script.add((0, 0), &[0]), [ErrorCode::NOT_COORDINATOR]);
    script.node = coordinator;
    let me = script.init(None).unwrap();
    script.cluster.move_leader("t", 0, other, script.now());
    script.node = other;
    assert_eq!(script.write(me, 0, (0, 1), PRODUCE), Ok(0));
    script.cluster.stop_node(coordinator, script.now());
    script.node = script.cluster.coordinator("x").unwrap();
    assert_eq!(script.end(me, true, END), Ok((me.0, 1)));
    script.node = other;
    assert_eq!(script.read(0, 0).last_stable_offset, 2);
}

#[test]
fn a_deleted_topic_needs_no_marker() {
    let mut script = Script::with_topic(BrokerConfig::default());
    let me = script.init(None).unwrap();
    script.write(me, 0, (0, 1), PRODUCE).unwrap();
    script.ask(&DeleteTopicsRequest { topic_names: vec!["t".into()], ..Default::default() }, 5);
    assert_eq!(script.end(me, true, END), Ok((me.0, 1)));
}

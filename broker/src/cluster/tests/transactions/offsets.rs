//! Offsets given within a transaction.

use upsert_kafka_protocol::messages::offset_fetch::{OffsetFetchRequestGroup, OffsetFetchRequestTopics};
use upsert_kafka_protocol::messages::txn_offset_commit::{
    TxnOffsetCommitRequestPartition, TxnOffsetCommitRequestTopic,
};

use super::*;

/// The last version that wants the group added first.
const CLASSIC: i16 = 4;

fn commit(producer: Producer, committed_offset: i64) -> TxnOffsetCommitRequest {
    let part = TxnOffsetCommitRequestPartition {
        committed_offset,
        committed_metadata: Some("note".into()),
        ..Default::default()
    };
    let topic =
        TxnOffsetCommitRequestTopic { name: "t".into(), partitions: vec![part], ..Default::default() };
    TxnOffsetCommitRequest {
        transactional_id: "x".into(),
        group_id: "g".into(),
        producer_id: producer.0,
        producer_epoch: producer.1,
        topics: vec![topic],
        ..Default::default()
    }
}

impl Script {
    fn commit_in(&mut self, request: &TxnOffsetCommitRequest, version: i16) -> ErrorCode {
        self.ask(request, version).topics[0].partitions[0].error_code
    }

    /// The group's position, as who wants a stable one is told it.
    fn position(&mut self, require_stable: bool) -> Result<i64, ErrorCode> {
        let topic =
            OffsetFetchRequestTopics { name: "t".into(), partition_indexes: vec![0], ..Default::default() };
        let group =
            OffsetFetchRequestGroup { group_id: "g".into(), topics: Some(vec![topic]), ..Default::default() };
        let request = OffsetFetchRequest { groups: vec![group], require_stable, ..Default::default() };
        let part = self.ask(&request, 8).groups.remove(0).topics.remove(0).partitions.remove(0);
        if part.error_code.is_none() { Ok(part.committed_offset) } else { Err(part.error_code) }
    }
}

#[test]
fn positions_count_when_the_transaction_is_committed() {
    let mut script = Script::with_topic(BrokerConfig::default());
    let mut me = script.init(None).unwrap();
    let unstable = Err(ErrorCode::UNSTABLE_OFFSET_COMMIT);
    for (offset, committed, position) in [(5, true, 5), (9, false, 5), (7, true, 7)] {
        let before = script.position(false);
        assert_eq!(script.commit_in(&commit(me, offset), 5), NONE);
        assert_eq!((script.position(true), script.position(false)), (unstable, before));
        me = script.end(me, committed, END).unwrap();
        assert_eq!(script.position(true), Ok(position));
    }
}

#[test]
fn a_classic_transaction_has_the_group_added_first() {
    let mut script = Script::with_topic(BrokerConfig { transaction_version: 1, ..Default::default() });
    let me = script.init(None).unwrap();
    assert_eq!(script.commit_in(&commit(me, 5), 3), ErrorCode::INVALID_TXN_STATE);
    assert_eq!(script.commit_in(&commit(me, 5), CLASSIC), ErrorCode::TRANSACTION_ABORTABLE);
    let request = |(producer_id, producer_epoch): Producer| AddOffsetsToTxnRequest {
        transactional_id: "x".into(),
        producer_id,
        producer_epoch,
        group_id: "g".into(),
        ..Default::default()
    };
    assert_eq!(script.ask(&request(me), 3).error_code, NONE);
    assert_eq!(script.ask(&request((me.0, 7)), 3).error_code, ErrorCode::PRODUCER_FENCED);
    assert_eq!(script.ask(&request((me.0, 7)), 1).error_code, ErrorCode::INVALID_PRODUCER_EPOCH);
    assert_eq!(script.commit_in(&commit(me, 5), CLASSIC), NONE);
    script.end(me, true, CLASSIC_END).unwrap();
    assert_eq!(script.position(true), Ok(5));
}

#[test]
fn a_producer_that_was_fenced_gives_no_positions() {
    let mut script = Script::with_topic(BrokerConfig::default());
    let old = script.init(None).unwrap();
    script.init(None).unwrap();
    assert_eq!(script.commit_in(&commit(old, 5), 5), ErrorCode::INVALID_PRODUCER_EPOCH);
    assert_eq!(script.position(true), Ok(-1));
}

#[test]
fn a_position_for_what_is_not_there_is_refused() {
    let mut script = Script::with_topic(BrokerConfig::default());
    let me = script.init(None).unwrap();
    let mut request = commit(me, 5);
    request.topics[0].partitions[0].partition_index = 2;
    assert_eq!(script.commit_in(&request, 5), ErrorCode::UNKNOWN_TOPIC_OR_PARTITION);
    request.topics[0].topic_id = Uuid([9; 16]);
    assert_eq!(script.commit_in(&request, 6), ErrorCode::UNKNOWN_TOPIC_ID);
    let generation = TxnOffsetCommitRequest { generation_id_or_member_epoch: 3, ..commit(me, 5) };
    assert_eq!(script.commit_in(&generation, 5), ErrorCode::ILLEGAL_GENERATION);
}

#[test]
fn a_deleted_topic_takes_what_is_not_committed_along() {
    let mut script = Script::with_topic(BrokerConfig::default());
    let me = script.init(None).unwrap();
    script.commit_in(&commit(me, 5), 5);
    script.ask(&DeleteTopicsRequest { topic_names: vec!["t".into()], ..Default::default() }, 5);
    script.create("t", 1, &[]);
    script.end(me, true, END).unwrap();
    assert_eq!(script.position(true), Ok(-1));
}

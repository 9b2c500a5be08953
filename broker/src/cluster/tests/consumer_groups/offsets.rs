//! Offsets of consumer groups: members commit and fetch in the epoch that they are in.

use upsert_kafka_protocol::messages::offset_commit::{
    OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use upsert_kafka_protocol::messages::offset_fetch::OffsetFetchRequestGroup;

use super::*;

const STALE: ErrorCode = ErrorCode::STALE_MEMBER_EPOCH;
const UNKNOWN: ErrorCode = ErrorCode::UNKNOWN_MEMBER_ID;

impl Script {
    fn commits(&mut self, member_id: &str, epoch: i32, partition_index: i32, version: i16) -> ErrorCode {
        let part =
            OffsetCommitRequestPartition { partition_index, committed_offset: 1, ..Default::default() };
        let topic =
            OffsetCommitRequestTopic { name: "t".into(), partitions: vec![part], ..Default::default() };
        let request = OffsetCommitRequest {
            group_id: "g".into(),
            generation_id_or_member_epoch: real(epoch),
            member_id: member_id.into(),
            topics: vec![topic],
            ..Default::default()
        };
        self.ask(&request, version).topics[0].partitions[0].error_code
    }

    fn fetches(&mut self, member_id: Option<&str>, member_epoch: i32) -> ErrorCode {
        let (member_id, member_epoch) = (member_id.map(Str::from), real(member_epoch));
        let group =
            OffsetFetchRequestGroup { group_id: "g".into(), member_id, member_epoch, ..Default::default() };
        self.ask(&OffsetFetchRequest { groups: vec![group], ..Default::default() }, 9).groups[0].error_code
    }
}

#[test]
fn a_member_commits_in_its_epoch() {
    let mut script = Script::of_topic(2);
    script.join_consumers("a");
    assert_eq!(script.commits("a", 1, 0, 9), NONE);
    assert_eq!(script.commits("a", 1, 0, 8), ErrorCode::UNSUPPORTED_VERSION);
    assert_eq!(script.commits("a", 2, 0, 9), STALE);
    assert_eq!(script.commits("b", 1, 0, 9), UNKNOWN);
    assert_eq!(script.commits("", -1, 0, 9), UNKNOWN, "who is no member while there are some");
    script.live("a", -1);
    assert_eq!(script.commits("", -1, 0, 9), NONE);
    assert_eq!(script.commits("a", 1, 0, 9), UNKNOWN);
}

#[test]
fn a_member_may_commit_in_the_epoch_in_which_it_was_given_what_it_has() {
    let mut script = Script::of_topic(2);
    script.join_consumers("a");
    script.join_consumers("b");
    script.live("a", 1);
    assert_eq!(script.commits("a", 1, 1, 9), NONE, "it has yet to give it up");
    script.confirm("a", 1, &[0]);
    assert_eq!(script.live("b", 2), (2, Some(vec![1])));
    assert_eq!(script.commits("a", 1, 0, 9), NONE, "it was given it in epoch 1");
    assert_eq!(script.commits("a", 1, 1, 9), STALE, "another has it");
    assert_eq!(script.commits("b", 1, 1, 9), STALE, "it was given it in epoch 2");
    assert_eq!(script.commits("b", 2, 1, 9), NONE);
}

#[test]
fn a_member_that_names_itself_fetches_in_its_epoch() {
    let mut script = Script::of_topic(1);
    script.join_consumers("a");
    assert_eq!(script.fetches(None, -1), NONE);
    assert_eq!(script.fetches(Some("a"), 1), NONE);
    assert_eq!(script.fetches(Some("a"), 0), STALE);
    assert_eq!(script.fetches(Some("b"), 1), UNKNOWN);
}

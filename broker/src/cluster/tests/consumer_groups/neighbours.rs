//! Consumer groups beside classic ones: listed, described, deleted, and turned into each other.

use upsert_kafka_protocol::messages::join_group::JoinGroupRequestProtocol;
use upsert_kafka_protocol::messages::leave_group::MemberIdentity;
use upsert_kafka_protocol::messages::offset_delete::{
    OffsetDeleteRequestPartition, OffsetDeleteRequestTopic,
};

use super::*;

fn classic(member_id: &str) -> JoinGroupRequest {
    let protocol = JoinGroupRequestProtocol { name: "range".into(), ..Default::default() };
    JoinGroupRequest {
        group_id: "g".into(),
        session_timeout_ms: 10_000,
        rebalance_timeout_ms: 10_000,
        member_id: member_id.into(),
        protocol_type: "consumer".into(),
        protocols: vec![protocol],
        ..Default::default()
    }
}

impl Script {
    /// The id, type and state of each group of these types.
    fn listed(&mut self, types: &[&str], states: &[&str]) -> Vec<(String, String, String)> {
        let words = |words: &[&str]| words.iter().copied().map(Str::from).collect();
        let (types_filter, states_filter) = (words(types), words(states));
        let groups =
            self.ask(&ListGroupsRequest { types_filter, states_filter, ..Default::default() }, 5).groups;
        let told = |it: list_groups::ListedGroup| {
            assert!(["consumer", ""].contains(&&*it.protocol_type));
            (it.group_id.to_string(), it.group_type.to_string(), it.group_state.to_string())
        };
        groups.into_iter().map(told).collect()
    }

    fn expelled(&mut self, member_id: &str, instance: Option<&str>) -> ErrorCode {
        let member = MemberIdentity {
            member_id: member_id.into(),
            group_instance_id: instance.map(Str::from),
            ..Default::default()
        };
        let request = LeaveGroupRequest { group_id: "g".into(), members: vec![member], ..Default::default() };
        self.ask(&request, 5).members[0].error_code
    }
}

#[test]
fn groups_are_listed_by_type_and_state() {
    let mut script = Script::of_topic(1);
    script.join_consumers("a");
    let group = |id: &str, kind: &str, state: &str| (id.to_owned(), kind.to_owned(), state.to_owned());
    assert_eq!(script.listed(&[], &[]), [group("g", "consumer", "Stable")]);
    assert_eq!(script.listed(&["Consumer"], &["stable"]).len(), 1);
    assert_eq!(script.listed(&["classic"], &[]), []);
    assert_eq!(script.listed(&[], &["Empty"]), []);
    script.live("a", -1);
    assert_eq!(script.listed(&[], &["Empty"]), [group("g", "consumer", "Empty")]);
}

#[test]
fn a_group_without_members_becomes_one_of_the_other_type() {
    let mut script = Script::of_topic(1);
    script.join_consumers("a");
    assert_eq!(script.ask(&classic(""), 9).error_code, ErrorCode::INCONSISTENT_GROUP_PROTOCOL);
    script.live("a", -1);
    let id = script.ask(&classic(""), 9).member_id;
    assert_eq!(script.listed(&[], &[])[0].1, "classic");
    assert_eq!(script.described().error_message.as_deref(), Some("Group g is not a consumer group."));
    assert_eq!(script.ask(&classic(&id), 9).error_code, NONE);
    let words = "Cannot upgrade classic group g to consumer group because online upgrade is disabled.";
    let refused = (ErrorCode::GROUP_ID_NOT_FOUND, words.to_owned());
    assert_eq!(script.refused(&joining("a", &["t"])), refused);
    assert_eq!(script.expelled(&id, None), NONE);
    assert_eq!(script.join_consumers("a"), (1, Some(vec![0])), "a group anew");
    assert_eq!(script.listed(&[], &[])[0].1, "consumer");
}

#[test]
fn what_is_of_classic_groups_is_refused() {
    let mut script = Script::of_topic(1);
    let instance_id = Some(Str::from_static("i"));
    script.ask(&ConsumerGroupHeartbeatRequest { instance_id, ..joining("a", &["t"]) }, VERSION);
    for (version, code) in [(5, NONE), (6, ErrorCode::GROUP_ID_NOT_FOUND)] {
        let request = DescribeGroupsRequest { groups: vec!["g".into()], ..Default::default() };
        let group = script.ask(&request, version).groups.remove(0);
        assert_eq!((group.error_code, &*group.group_state), (code, "Dead"));
        let words = Some("Group g is not a classic group.").filter(|_| version == 6);
        assert_eq!(group.error_message.as_deref(), words);
    }
    let beat = HeartbeatRequest {
        group_id: "g".into(),
        generation_id: 1,
        member_id: "a".into(),
        ..Default::default()
    };
    assert_eq!(script.ask(&beat, 4).error_code, ErrorCode::UNKNOWN_MEMBER_ID);
    let sync = SyncGroupRequest {
        group_id: "g".into(),
        generation_id: 1,
        member_id: "a".into(),
        ..Default::default()
    };
    assert_eq!(script.ask(&sync, 4).error_code, ErrorCode::UNKNOWN_MEMBER_ID);
    assert_eq!(script.expelled("b", None), ErrorCode::UNKNOWN_MEMBER_ID);
    assert_eq!(script.expelled("b", Some("i")), ErrorCode::FENCED_INSTANCE_ID);
    assert_eq!(script.described().members.len(), 1);
    script.join_consumers("b");
    assert_eq!(script.expelled("b", None), NONE, "an admin may");
    assert_eq!(script.expelled("", Some("i")), NONE);
    assert_eq!(script.progress().0, "Empty");
}

#[test]
fn a_group_with_members_is_not_deleted_and_nothing_of_what_it_reads() {
    let mut script = Script::of_topic(1);
    script.create("u", 1, &[]);
    script.join_consumers("a");
    let delete = DeleteGroupsRequest { groups_names: vec!["g".into()], ..Default::default() };
    assert_eq!(script.ask(&delete, 2).results[0].error_code, ErrorCode::NON_EMPTY_GROUP);
    let of = |name: &str| OffsetDeleteRequestTopic {
        name: name.into(),
        partitions: vec![OffsetDeleteRequestPartition::default()],
        ..Default::default()
    };
    let request =
        OffsetDeleteRequest { group_id: "g".into(), topics: vec![of("t"), of("u")], ..Default::default() };
    let answer = script.ask(&request, 0);
    let codes: Vec<_> = answer.topics.iter().map(|topic| topic.partitions[0].error_code).collect();
    assert_eq!((answer.error_code, codes), (NONE, vec![ErrorCode::GROUP_SUBSCRIBED_TO_TOPIC, NONE]));
    script.live("a", -1);
    assert_eq!(script.ask(&delete, 2).results[0].error_code, NONE);
    assert_eq!(script.listed(&[], &[]), []);
}

//! A classic group of one.

use upsert_kafka_protocol::messages::join_group::JoinGroupRequestProtocol;
use upsert_kafka_protocol::messages::offset_commit::{
    OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use upsert_kafka_protocol::messages::sync_group::SyncGroupRequestAssignment;

use super::*;

#[test]
fn a_group_answers_as_kafkas_do() {
    let Some(kafka) = Kafka::shared() else { return };
    compare(kafka, hold);
}

fn hold(it: &mut Dialogue) {
    let group = Str::from(unique("group"));
    it.coordinator_of_group(&group);
    it.commit(&group, "nobody's generation", 3, "");
    it.commit(&group, "no group yet", -1, "");
    it.commit(&group, "a generation of an empty group", 0, "");
    for (what, session_timeout_ms, protocols) in [("short session", 10, 1), ("no protocol", 10_000, 0)] {
        let request = JoinGroupRequest { session_timeout_ms, ..join(&group, "", &["range"][..protocols]) };
        let answer = it.ask(&request, 9);
        it.note(what, (answer.error_code, answer.generation_id, answer.protocol_name));
    }
    let code = it.ask(&join(&group, "odd", &["range"]), 9).error_code;
    it.note("an id that is not known", code);
    let id = it.ask(&join(&group, "", &["range"]), 9).member_id;
    let answer = it.ask(&join(&group, &id, &["range"]), 9);
    let leads = answer.leader == id;
    let heard = (answer.error_code, answer.generation_id, answer.protocol_name, leads, answer.members.len());
    it.note("joined", heard);
    it.beat(&group, "before the assignment", 1, &id);
    it.commit(&group, "before the assignment", 1, &id);
    let range = Some("range");
    it.sync(&group, "an old generation", 0, &id, range);
    it.sync(&group, "another protocol", 1, &id, Some("sticky"));
    it.sync(&group, "no protocol", 1, &id, None);
    it.sync(&group, "shared", 1, &id, range);
    it.sync(&group, "again", 1, &id, range);
    it.sync(&group, "not a member", 1, "odd", range);
    it.beat(&group, "stable", 1, &id);
    it.beat(&group, "another generation", 2, &id);
    it.beat(&group, "not a member", 1, "odd");
    it.commit(&group, "a member", 1, &id);
    it.commit(&group, "another generation", 2, &id);
    it.commit(&group, "who names nothing", -1, "");
    it.commit(&group, "not a member", 1, "odd");
    let code = it.ask(&join(&group, "", &["sticky"]), 9).error_code;
    it.note("another protocol", code);
    let delete = DeleteGroupsRequest { groups_names: vec![group.clone()], ..Default::default() };
    let code = it.ask(&delete, 2).results[0].error_code;
    it.note("deleted with a member", code);
    for what in ["leaves", "leaves again"] {
        let member = leave_group::MemberIdentity { member_id: id.clone(), ..Default::default() };
        let request =
            LeaveGroupRequest { group_id: group.clone(), members: vec![member], ..Default::default() };
        let answer = it.ask(&request, 5);
        it.note(what, (answer.error_code, answer.members[0].error_code));
    }
    it.beat(&group, "after it left", 1, &id);
    it.commit(&group, "an empty group", -1, "");
    let code = it.ask(&delete, 2).results[0].error_code;
    it.note("deleted", code);
}

fn join(group: &Str, member_id: &str, protocols: &[&str]) -> JoinGroupRequest {
    let protocol = |name: &&str| JoinGroupRequestProtocol {
        name: Str::from(*name),
        // A subscription of version 0 to no topic.
        metadata: Bytes::from_static(b"\x00\x00\x00\x00\x00\x00\xff\xff\xff\xff"),
        ..Default::default()
    };
    JoinGroupRequest {
        group_id: group.clone(),
        session_timeout_ms: 20_000,
        rebalance_timeout_ms: 20_000,
        member_id: member_id.into(),
        protocol_type: "consumer".into(),
        protocols: protocols.iter().map(protocol).collect(),
        ..Default::default()
    }
}

impl Dialogue {
    fn beat(&mut self, group: &Str, what: &str, generation_id: i32, member_id: &str) {
        let member_id = member_id.into();
        let request =
            HeartbeatRequest { group_id: group.clone(), generation_id, member_id, ..Default::default() };
        let code = self.ask(&request, 4).error_code;
        self.note(&format!("heartbeat, {what}"), code);
    }

    fn sync(&mut self, group: &Str, what: &str, generation_id: i32, member_id: &str, protocol: Option<&str>) {
        let share = SyncGroupRequestAssignment {
            member_id: member_id.into(),
            assignment: Bytes::from_static(b"share"),
            ..Default::default()
        };
        let request = SyncGroupRequest {
            group_id: group.clone(),
            generation_id,
            member_id: member_id.into(),
            protocol_type: Some("consumer".into()),
            protocol_name: protocol.map(Str::from),
            assignments: vec![share],
            ..Default::default()
        };
        let answer = self.ask(&request, 5);
        self.note(&format!("sync, {what}"), (answer.error_code, answer.protocol_name, answer.assignment));
    }

    fn commit(&mut self, group: &Str, what: &str, generation: i32, member_id: &str) {
        let part = OffsetCommitRequestPartition { committed_offset: 1, ..Default::default() };
        let topic = OffsetCommitRequestTopic {
            name: self.topic.clone(),
            partitions: vec![part],
            ..Default::default()
        };
        let request = OffsetCommitRequest {
            group_id: group.clone(),
            generation_id_or_member_epoch: generation,
            member_id: member_id.into(),
            topics: vec![topic],
            ..Default::default()
        };
        let answer = self.patiently(&request, 9, |answer| answer.topics[0].partitions[0].error_code);
        self.note(&format!("commit, {what}"), answer.topics[0].partitions[0].error_code);
    }
}

//! Classic groups: joined, assigned, kept alive and left, on a clock in the hand.

use upsert_kafka_protocol::messages::join_group::JoinGroupRequestProtocol;
use upsert_kafka_protocol::messages::leave_group::MemberIdentity;
use upsert_kafka_protocol::messages::offset_commit::{
    OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use upsert_kafka_protocol::messages::sync_group::SyncGroupRequestAssignment;

use super::*;

mod chance;
mod members;

/// The versions of Apache Kafka 4.4.
const JOIN: i16 = 9;
const SYNC: i16 = 5;
const BEAT: i16 = 4;

const SESSION_MS: i32 = 10_000;
const REBALANCE_MS: i32 = 60_000;

const NONE: ErrorCode = ErrorCode::NONE;
const UNKNOWN: ErrorCode = ErrorCode::UNKNOWN_MEMBER_ID;
const REBALANCE: ErrorCode = ErrorCode::REBALANCE_IN_PROGRESS;

fn join(member_id: &str) -> JoinGroupRequest {
    join_with(member_id, &["range"])
}

fn join_with(member_id: &str, protocols: &[&str]) -> JoinGroupRequest {
    let protocol = |name: &&str| JoinGroupRequestProtocol {
        name: Str::from(*name),
        metadata: Bytes::from(format!("{name} of {member_id}")),
        ..Default::default()
    };
    JoinGroupRequest {
        group_id: "g".into(),
        session_timeout_ms: SESSION_MS,
        rebalance_timeout_ms: REBALANCE_MS,
        member_id: member_id.into(),
        protocol_type: "consumer".into(),
        protocols: protocols.iter().map(protocol).collect(),
        ..Default::default()
    }
}

fn sync(generation_id: i32, member_id: &str, assignments: &[(&str, &'static str)]) -> SyncGroupRequest {
    let given = |(member_id, assignment): &(&str, &'static str)| SyncGroupRequestAssignment {
        member_id: Str::from(*member_id),
        assignment: Bytes::from_static(assignment.as_bytes()),
        ..Default::default()
    };
    SyncGroupRequest {
        group_id: "g".into(),
        generation_id,
        member_id: member_id.into(),
        protocol_type: Some("consumer".into()),
        protocol_name: Some("range".into()),
        assignments: assignments.iter().map(given).collect(),
        ..Default::default()
    }
}

impl Script {
    /// What every connection has heard since.
    fn answers(&mut self) -> Vec<PeerId> {
        let mut peers = Vec::new();
        while let Some((peer, answer)) = self.cluster.poll_answer() {
            self.kept.push((peer, answer));
            peers.push(peer);
        }
        peers
    }

    /// What this connection has heard, if anything yet.
    fn heard<R: Request>(&mut self, peer: PeerId, version: i16) -> Option<R::Response> {
        self.answers();
        let at = self.kept.iter().position(|(whom, _)| *whom == peer)?;
        let Answer::Frame(frame) = self.kept.remove(at).1 else { panic!("no frame") };
        let (_, body) = header::response_body::<R>(&frame.into_bytes().slice(4..), version).unwrap();
        Some(R::Response::decode(&body, version).unwrap())
    }

    fn joined(&mut self, peer: PeerId) -> JoinGroupResponse {
        self.heard::<JoinGroupRequest>(peer, JOIN).expect("it has joined")
    }

    fn synced(&mut self, peer: PeerId) -> (ErrorCode, Bytes) {
        let answer = self.heard::<SyncGroupRequest>(peer, SYNC).expect("it has synced");
        (answer.error_code, answer.assignment)
    }

    /// A newcomer's id.
    fn member_id(&mut self) -> Str {
        let peer = self.send(&join(""), JOIN);
        let answer = self.joined(peer);
        assert_eq!(answer.error_code, ErrorCode::MEMBER_ID_REQUIRED);
        answer.member_id
    }

    fn beat(&mut self, generation_id: i32, member_id: &str) -> ErrorCode {
        let request = HeartbeatRequest {
            group_id: "g".into(),
            generation_id,
            member_id: member_id.into(),
            ..Default::default()
        };
        let peer = self.send(&request, BEAT);
        self.heard::<HeartbeatRequest>(peer, BEAT).unwrap().error_code
    }

    fn leave(&mut self, member_id: &str, instance: Option<&str>) -> ErrorCode {
        let member = MemberIdentity {
            member_id: member_id.into(),
            group_instance_id: instance.map(Str::from),
            ..Default::default()
        };
        let request = LeaveGroupRequest { group_id: "g".into(), members: vec![member], ..Default::default() };
        let peer = self.send(&request, 5);
        let answer = self.heard::<LeaveGroupRequest>(peer, 5).unwrap();
        answer.members.first().map_or(answer.error_code, |member| member.error_code)
    }

    fn commit(&mut self, generation: i32, member_id: &str) -> ErrorCode {
        let part = OffsetCommitRequestPartition { committed_offset: 1, ..Default::default() };
        let topic =
            OffsetCommitRequestTopic { name: "t".into(), partitions: vec![part], ..Default::default() };
        let request = OffsetCommitRequest {
            group_id: "g".into(),
            generation_id_or_member_epoch: generation,
            member_id: member_id.into(),
            topics: vec![topic],
            ..Default::default()
        };
        let peer = self.send(&request, 9);
        self.heard::<OffsetCommitRequest>(peer, 9).unwrap().topics[0].partitions[0].error_code
    }

    fn state(&mut self) -> Str {
        let request = DescribeGroupsRequest { groups: vec!["g".into()], ..Default::default() };
        let peer = self.send(&request, 5);
        self.heard::<DescribeGroupsRequest>(peer, 5).unwrap().groups.remove(0).group_state
    }

    /// One member, stable in generation 1.
    fn alone(&mut self) -> Str {
        let id = self.member_id();
        let peer = self.send(&join(&id), JOIN);
        assert_eq!(self.joined(peer).generation_id, 1);
        let peer = self.send(&sync(1, &id, &[(&*id, "all")]), SYNC);
        assert_eq!(self.synced(peer), (NONE, Bytes::from_static(b"all")));
        id
    }

    /// Two members, the first one the leader, stable in generation 2.
    fn pair(&mut self) -> [Str; 2] {
        let first = self.alone();
        let second = self.member_id();
        let waits = self.send(&join(&second), JOIN);
        assert_eq!(self.beat(1, &first), REBALANCE);
        let again = self.send(&join(&first), JOIN);
        assert_eq!((self.joined(again).generation_id, self.joined(waits).generation_id), (2, 2));
        let waits = self.send(&sync(2, &second, &[]), SYNC);
        let leads = self.send(&sync(2, &first, &[(&*first, "half"), (&*second, "rest")]), SYNC);
        assert_eq!(self.synced(leads), (NONE, Bytes::from_static(b"half")));
        assert_eq!(self.synced(waits), (NONE, Bytes::from_static(b"rest")));
        [first, second]
    }
}

#[test]
fn a_member_joins_alone_and_leads() {
    let mut script = Script::new();
    let id = script.member_id();
    let peer = script.send(&join(&id), JOIN);
    let answer = script.joined(peer);
    assert_eq!((answer.error_code, answer.generation_id, &answer.leader), (NONE, 1, &id));
    assert_eq!(
        (answer.protocol_type.as_deref(), answer.protocol_name.as_deref()),
        (Some("consumer"), Some("range"))
    );
    let told: Vec<_> = answer.members.iter().map(|it| (&it.member_id, it.metadata.clone())).collect();
    assert_eq!(told, [(&id, Bytes::from(format!("range of {id}")))]);
    assert_eq!(&*script.state(), "CompletingRebalance");
    assert_eq!(script.beat(1, &id), NONE);
    let peer = script.send(&sync(1, &id, &[(&*id, "all")]), SYNC);
    assert_eq!(script.synced(peer), (NONE, Bytes::from_static(b"all")));
    assert_eq!(&*script.state(), "Stable");
    let peer = script.send(&sync(1, &id, &[]), SYNC);
    assert_eq!(script.synced(peer), (NONE, Bytes::from_static(b"all")), "again");
}

#[test]
fn an_old_client_is_given_its_id_as_it_joins() {
    for version in 0..=3 {
        let mut script = Script::new();
        let peer = script.send(&join(""), version);
        let answer = script.heard::<JoinGroupRequest>(peer, version).unwrap();
        assert_eq!((answer.error_code, answer.generation_id), (NONE, 1));
        assert_eq!(answer.leader, answer.member_id);
    }
}

#[test]
fn a_second_member_waits_for_the_first_and_the_leader_shares() {
    let mut script = Script::new();
    let [first, second] = script.pair();
    assert_eq!((script.beat(2, &first), script.beat(2, &second)), (NONE, NONE));
    assert_eq!(script.beat(1, &second), ErrorCode::ILLEGAL_GENERATION);
    assert_eq!(script.beat(2, "nobody"), UNKNOWN);
    for (generation, id, code) in [(1, &*second, ErrorCode::ILLEGAL_GENERATION), (2, "nobody", UNKNOWN)] {
        let peer = script.send(&sync(generation, id, &[]), SYNC);
        assert_eq!(script.synced(peer).0, code);
    }
}

#[test]
fn who_does_not_come_back_within_the_rebalance_timeout_is_out() {
    let mut script = Script::new();
    let first = script.alone();
    let second = script.member_id();
    let waits = script.send(&join(&second), JOIN);
    for _ in 0..7 {
        script.pass(8000);
        assert_eq!(script.beat(1, &first), REBALANCE);
    }
    script.pass(3999);
    assert_eq!(script.answers(), []);
    script.pass(1);
    let answer = script.joined(waits);
    assert_eq!((answer.generation_id, &answer.leader, answer.members.len()), (2, &second, 1));
    assert_eq!(script.beat(1, &first), UNKNOWN);
}

#[test]
fn who_is_not_heard_of_is_out_and_the_others_share_again() {
    let mut script = Script::new();
    let [first, second] = script.pair();
    script.pass(9999);
    assert_eq!(script.beat(2, &second), NONE);
    script.pass(1);
    assert_eq!(script.beat(2, &first), UNKNOWN);
    assert_eq!(script.beat(2, &second), REBALANCE);
    let peer = script.send(&join(&second), JOIN);
    let answer = script.joined(peer);
    assert_eq!((answer.generation_id, answer.leader, answer.members.len()), (3, second, 1));
}

#[test]
fn when_the_last_has_gone_the_group_is_empty() {
    let mut script = Script::new();
    let id = script.alone();
    assert_eq!(script.cluster.deadline(), Some(script.now().instant + Duration::from_millis(10_000)));
    script.pass(10_000);
    assert_eq!(&*script.state(), "Empty");
    assert_eq!(script.cluster.deadline(), None);
    assert_eq!(script.beat(1, &id), UNKNOWN);
    let peer = script.send(&join(&id), JOIN);
    assert_eq!(script.joined(peer).error_code, UNKNOWN);
}

#[test]
fn who_leaves_makes_the_others_share_at_once() {
    let mut script = Script::new();
    let [first, second] = script.pair();
    assert_eq!(script.leave(&first, None), NONE);
    assert_eq!(script.leave(&first, None), UNKNOWN);
    assert_eq!(script.beat(2, &second), REBALANCE);
    let peer = script.send(&join(&second), JOIN);
    assert_eq!(script.joined(peer).leader, second);
    assert_eq!(script.leave(&second, None), NONE);
    assert_eq!(&*script.state(), "Empty");
    let old = LeaveGroupRequest { group_id: "g".into(), member_id: second, ..Default::default() };
    let peer = script.send(&old, 2);
    assert_eq!(script.heard::<LeaveGroupRequest>(peer, 2).unwrap().error_code, UNKNOWN);
}

#[test]
fn who_joined_and_does_not_ask_for_its_share_is_out() {
    let mut script = Script::new();
    let [first, second] = script.pair();
    let waits = script.send(&join_with(&second, &["range", "other"]), JOIN);
    let again = script.send(&join(&first), JOIN);
    assert_eq!((script.joined(waits).generation_id, script.joined(again).generation_id), (3, 3));
    let leads = script.send(&sync(3, &first, &[(&*first, "half")]), SYNC);
    assert_eq!(script.synced(leads).0, NONE);
    for _ in 0..6 {
        script.pass(9999);
        assert_eq!((script.beat(3, &first), script.beat(3, &second)), (NONE, NONE));
    }
    script.pass(6);
    assert_eq!((script.beat(3, &first), script.beat(3, &second)), (REBALANCE, UNKNOWN));
}

#[test]
fn a_newcomer_interrupts_those_who_wait_for_the_leader() {
    let mut script = Script::new();
    let [first, second] = script.pair();
    let (one, two) = (script.send(&join(&first), JOIN), script.send(&join(&second), JOIN));
    assert_eq!((script.joined(one).generation_id, script.joined(two).generation_id), (3, 3));
    let waits = script.send(&sync(3, &second, &[]), SYNC);
    let third = script.member_id();
    let joins = script.send(&join(&third), JOIN);
    assert_eq!(script.synced(waits).0, REBALANCE);
    let peer = script.send(&sync(3, &first, &[]), SYNC);
    assert_eq!(script.synced(peer).0, REBALANCE);
    let (one, two) = (script.send(&join(&first), JOIN), script.send(&join(&second), JOIN));
    let members = script.joined(one).members;
    assert_eq!(members.iter().map(|it| &it.member_id).collect::<Vec<_>>(), [&first, &second, &third]);
    assert!(script.joined(two).members.is_empty() && script.joined(joins).members.is_empty());
}

#[test]
fn a_lost_answer_to_a_join_is_given_again() {
    let mut script = Script::new();
    let [first, second] = script.pair();
    let peer = script.send(&join(&second), JOIN);
    let answer = script.joined(peer);
    assert_eq!((answer.generation_id, answer.leader, answer.members.len()), (2, first.clone(), 0));
    let peer = script.send(&join(&first), JOIN);
    assert_eq!(script.answers(), [], "the leader wants to share again");
    let waits = script.send(&join(&second), JOIN);
    assert_eq!((script.joined(peer).generation_id, script.joined(waits).generation_id), (3, 3));
    let peer = script.send(&join(&first), JOIN);
    assert_eq!(script.joined(peer).members.len(), 2, "nobody has shared yet");
}

#[test]
fn the_first_waits_a_moment_for_others_and_for_others_again() {
    let delay = Duration::from_secs(3);
    let config = BrokerConfig { group_initial_rebalance_delay: delay, ..Default::default() };
    let mut script = Script::with(config);
    let (one, two) = (script.member_id(), script.member_id());
    let first = script.send(&join(&one), JOIN);
    script.pass(2000);
    let second = script.send(&join(&two), JOIN);
    script.pass(1000);
    assert_eq!(script.answers(), [], "one more came");
    script.pass(2999);
    assert_eq!(script.answers(), []);
    script.pass(1);
    assert_eq!((script.joined(first).members.len(), script.joined(second).generation_id), (2, 1));
}

#[test]
fn the_way_to_assign_is_what_all_know_and_most_like_best() {
    let mut script = Script::new();
    let first = script.alone();
    let (second, third) = (script.member_id(), script.member_id());
    let peer = script.send(&join_with(&second, &["sticky"]), JOIN);
    assert_eq!(script.joined(peer).error_code, ErrorCode::INCONSISTENT_GROUP_PROTOCOL);
    let one = script.send(&join_with(&first, &["range", "sticky"]), JOIN);
    let two = script.send(&join_with(&second, &["sticky", "range"]), JOIN);
    let three = script.send(&join_with(&third, &["odd", "sticky", "range"]), JOIN);
    let chosen = script.joined(one).protocol_name;
    assert_eq!(chosen.as_deref(), Some("sticky"));
    assert_eq!(
        (script.joined(two).protocol_name, script.joined(three).protocol_name),
        (chosen.clone(), chosen)
    );
}

#[test]
fn a_group_without_protocols_or_of_another_kind_is_refused() {
    let mut script = Script::new();
    let inconsistent = ErrorCode::INCONSISTENT_GROUP_PROTOCOL;
    let code = |script: &mut Script, request: &JoinGroupRequest| {
        let peer = script.send(request, JOIN);
        script.joined(peer).error_code
    };
    assert_eq!(code(&mut script, &join_with("", &[])), inconsistent);
    let id = script.alone();
    assert_eq!(
        code(&mut script, &JoinGroupRequest { protocol_type: "connect".into(), ..join("") }),
        inconsistent
    );
    let mut request = sync(1, &id, &[]);
    request.protocol_name = Some("sticky".into());
    let peer = script.send(&request, SYNC);
    assert_eq!(script.synced(peer).0, inconsistent);
    for session_timeout_ms in [5999, 1_800_001] {
        let request = JoinGroupRequest { session_timeout_ms, ..join("") };
        assert_eq!(code(&mut script, &request), ErrorCode::INVALID_SESSION_TIMEOUT);
    }
    let nameless = JoinGroupRequest { group_id: "".into(), ..join("") };
    assert_eq!(code(&mut script, &nameless), ErrorCode::INVALID_GROUP_ID);
}

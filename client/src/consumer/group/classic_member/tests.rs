//! Dialogues of a member with a coordinator, and with a group that it leads or follows.

use std::time::Duration;

use upsert_kafka_protocol::Uuid;
use upsert_kafka_protocol::messages::describe_groups::{DescribedGroup, DescribedGroupMember};
use upsert_kafka_protocol::messages::join_group::JoinGroupResponseMember;
use upsert_kafka_protocol::messages::{
    DescribeGroupsResponse, HeartbeatRequest, HeartbeatResponse, JoinGroupRequest, JoinGroupResponse,
    LeaveGroupRequest, LeaveGroupResponse, SyncGroupRequest, SyncGroupResponse,
};

use super::super::consumer_protocol;
use super::super::consumer_protocol::{
    MemberSubscription, assignment_bytes, read_assignment, read_subscription,
};
use super::super::ownership::OwnershipEvent;
use super::super::requests::MemberResponse;
use super::super::settings::tests::settings;
use super::*;
use crate::cluster::PartitionMetadata;
use crate::cluster::TopicMetadata;
use crate::config::GroupProtocol;

struct ClassicDialogue {
    member: ClassicMember,
    now: Instant,
    generation: i32,
}

impl ClassicDialogue {
    fn new(assignors: &[Assignor]) -> Self {
        Self::with(|settings| settings.assignors = assignors.to_vec())
    }

    fn with(change: impl FnOnce(&mut GroupSettings)) -> Self {
        let mut settings = settings(GroupProtocol::Classic);
        change(&mut settings);
        let now = Instant::now();
        Self { member: ClassicMember::new(Arc::new(settings), now), now, generation: 0 }
    }

    fn later(&mut self, ms: u64) -> &mut Self {
        self.now += Duration::from_millis(ms);
        self
    }

    fn silent(&mut self) {
        assert_eq!(self.member.poll_request(self.now), None);
    }

    fn joins(&mut self) -> JoinGroupRequest {
        match self.member.poll_request(self.now) {
            Some(MemberRequest::JoinGroup(request)) => request,
            other => panic!("{other:?}"),
        }
    }

    fn syncs(&mut self) -> SyncGroupRequest {
        match self.member.poll_request(self.now) {
            Some(MemberRequest::SyncGroup(request)) => request,
            other => panic!("{other:?}"),
        }
    }

    fn lives(&mut self) -> HeartbeatRequest {
        match self.member.poll_request(self.now) {
            Some(MemberRequest::Heartbeat(request)) => request,
            other => panic!("{other:?}"),
        }
    }

    fn leaves(&mut self) -> LeaveGroupRequest {
        match self.member.poll_request(self.now) {
            Some(MemberRequest::LeaveGroup(request)) => request,
            other => panic!("{other:?}"),
        }
    }

    fn answers(&mut self, response: MemberResponse) {
        self.member.handle_response(response, self.now, 0.5);
    }

    /// The member m is in the next generation, which so many members lead or follow.
    fn joined(
        &mut self,
        assignor: Assignor,
        leader: &'static str,
        members: &[(&'static str, &MemberSubscription)],
    ) {
        self.generation += 1;
        self.answers(MemberResponse::JoinGroup(JoinGroupResponse {
            generation_id: self.generation,
            protocol_name: Some(Str::from(assignor.name())),
            leader: Str::from(leader),
            member_id: Str::from("m"),
            members: members.iter().map(member).collect(),
            ..Default::default()
        }));
    }

    fn refused(&mut self, code: ErrorCode) {
        self.answers(MemberResponse::JoinGroup(JoinGroupResponse { error_code: code, ..Default::default() }));
    }

    fn assigned(&mut self, partitions: &[i32]) {
        let partitions: Vec<_> = partitions.iter().map(|it| TopicPartition::new("orders", *it)).collect();
        let assignment = assignment_bytes(&partitions).unwrap();
        self.answers(MemberResponse::SyncGroup(SyncGroupResponse { assignment, ..Default::default() }));
    }

    fn alive(&mut self, code: ErrorCode) {
        self.answers(MemberResponse::Heartbeat(HeartbeatResponse { error_code: code, ..Default::default() }));
    }

    /// The member m leads a generation that is older than it is.
    fn came_back_as_leader(&mut self, members: &[(&'static str, &MemberSubscription)]) {
        self.answers(MemberResponse::JoinGroup(JoinGroupResponse {
            generation_id: 7,
            protocol_name: Some(Str::from("range")),
            leader: Str::from("m"),
            member_id: Str::from("m"),
            skip_assignment: true,
            members: members.iter().map(member).collect(),
            ..Default::default()
        }));
    }

    fn describes(&mut self) {
        match self.member.poll_request(self.now) {
            Some(MemberRequest::DescribeGroups(request)) => assert_eq!(&*request.groups[0], "g"),
            other => panic!("{other:?}"),
        }
    }

    /// Each of the members has these partitions.
    fn described(&mut self, state: &'static str, members: &[&[i32]]) {
        let member = |of: &&[i32]| {
            let of: Vec<_> = of.iter().map(|it| TopicPartition::new("orders", *it)).collect();
            DescribedGroupMember { member_assignment: assignment_bytes(&of).unwrap(), ..Default::default() }
        };
        let members = members.iter().map(member).collect();
        self.look_answered(DescribedGroup { group_state: Str::from(state), members, ..Default::default() });
    }

    fn refused_look(&mut self, error_code: ErrorCode) {
        self.look_answered(DescribedGroup { error_code, ..Default::default() });
    }

    fn look_answered(&mut self, group: DescribedGroup) {
        let response = DescribeGroupsResponse { groups: vec![group], ..Default::default() };
        self.answers(MemberResponse::DescribeGroups(response));
    }

    /// A follower that has these partitions.
    fn follows(&mut self, assignor: Assignor, partitions: &[i32]) {
        self.joins();
        self.joined(assignor, "other", &[]);
        self.syncs();
        self.assigned(partitions);
    }

    fn told(&mut self) -> Vec<OwnershipEvent> {
        std::iter::from_fn(|| self.member.ownership().poll_event()).collect()
    }
}

fn member((id, said): &(&'static str, &MemberSubscription)) -> JoinGroupResponseMember {
    JoinGroupResponseMember {
        member_id: Str::from(*id),
        metadata: super::super::consumer_protocol::subscription_bytes(said).unwrap(),
        ..Default::default()
    }
}

fn orders(partitions: &[i32]) -> Vec<TopicIdPartition> {
    let of = |partition: &i32| TopicIdPartition {
        topic: Arc::from("orders"),
        partition: *partition,
        topic_id: Uuid::ZERO,
    };
    partitions.iter().map(of).collect()
}

fn wants(topics: &[&str]) -> MemberSubscription {
    MemberSubscription {
        topics: topics.iter().map(|topic| Arc::from(*topic)).collect(),
        owned: Vec::new(),
        generation: -1,
        rack: None,
        user_data: None,
    }
}

fn subscribed(topics: &[&str]) -> BTreeSet<Arc<str>> {
    topics.iter().map(|topic| Arc::from(*topic)).collect()
}

fn said_topics(request: &JoinGroupRequest) -> BTreeSet<Arc<str>> {
    said(request).topics.into_iter().collect()
}

#[test]
fn a_member_of_topics_that_a_function_takes_joins_when_they_are_known_and_again_when_they_are_others() {
    for assignor in [Assignor::Range, Assignor::CooperativeSticky] {
        let mut dialogue = ClassicDialogue::with(|settings| {
            settings.subscription = crate::Subscription::matching("o*", |topic| topic.starts_with('o'));
            settings.assignors = vec![assignor];
        });
        dialogue.silent();
        assert_eq!(dialogue.member.deadline(), None, "it waits for something else than time");
        dialogue.member.handle_subscribed(subscribed(&["orders"]));
        assert_eq!(said_topics(&dialogue.joins()), subscribed(&["orders"]));
        // They change while it joins, and nobody has heard of that.
        dialogue.member.handle_subscribed(subscribed(&["orders", "other"]));
        dialogue.joined(assignor, "another", &[]);
        dialogue.syncs();
        dialogue.assigned(&[]);
        assert_eq!(said_topics(&dialogue.joins()), subscribed(&["orders", "other"]));
        dialogue.joined(assignor, "another", &[]);
        dialogue.syncs();
        dialogue.assigned(&[]);
        dialogue.member.handle_subscribed(subscribed(&["orders", "other"]));
        dialogue.silent();
        dialogue.member.handle_subscribed(subscribed(&["orders"]));
        assert_eq!(said_topics(&dialogue.joins()), subscribed(&["orders"]));
    }
}

/// For the rack-aware assignors of other software, which may lead (version 3 of the consumer protocol).
#[test]
fn the_rack_is_told_as_it_joins() {
    let mut dialogue = ClassicDialogue::with(|settings| settings.rack_id = Some(Str::from("eu-1a")));
    for protocol in dialogue.joins().protocols {
        assert_eq!(protocol.metadata[..2], [0, 3], "version 3");
        let said = consumer_protocol::read_subscription(&protocol.metadata).unwrap();
        assert_eq!(said.rack.as_deref(), Some("eu-1a"), "{}", protocol.name);
    }
}

fn view(topics: &[(&str, i32)]) -> Metadata {
    let mut view = Metadata::default();
    for (name, count) in topics {
        let partition = |index| PartitionMetadata { index, leader: Some(0), leader_epoch: 0 };
        let partitions = (0..*count).map(partition).collect();
        let name: Arc<str> = Arc::from(*name);
        let topic =
            TopicMetadata { name: Arc::clone(&name), topic_id: Uuid::ZERO, internal: false, partitions };
        view.topics.insert(name, Arc::new(topic));
    }
    view
}

fn said(join: &JoinGroupRequest) -> MemberSubscription {
    read_subscription(&join.protocols[0].metadata).unwrap()
}

#[test]
fn a_member_joins_is_given_partitions_lives_and_leaves() {
    let mut dialogue = ClassicDialogue::new(&[Assignor::Range, Assignor::CooperativeSticky]);
    let join = dialogue.joins();
    let names: Vec<&str> = join.protocols.iter().map(|protocol| &*protocol.name).collect();
    assert_eq!((&*join.group_id, &*join.protocol_type, &*join.member_id), ("g", "consumer", ""));
    assert_eq!(names, ["range", "cooperative-sticky"]);
    assert_eq!((join.session_timeout_ms, join.rebalance_timeout_ms), (45_000, 300_000));
    assert_eq!(said(&join).topics, [Arc::from("orders")]);

    // The id that a newcomer is given before it may join (KIP-394).
    dialogue.answers(MemberResponse::JoinGroup(JoinGroupResponse {
        error_code: ErrorCode::MEMBER_ID_REQUIRED,
        member_id: Str::from("m"),
        ..Default::default()
    }));
    assert_eq!(&*dialogue.joins().member_id, "m");
    dialogue.joined(Assignor::Range, "other", &[]);
    let sync = dialogue.syncs();
    assert_eq!((sync.generation_id, &*sync.member_id, sync.assignments.len()), (1, "m", 0));
    dialogue.assigned(&[0, 1]);
    assert_eq!(dialogue.told(), [OwnershipEvent::Given(orders(&[0, 1]))]);
    assert_eq!(dialogue.member.identity(), Some((&Str::from("m"), 1)));

    dialogue.later(2_999).silent();
    assert_eq!(dialogue.later(1).lives().generation_id, 1);
    dialogue.alive(ErrorCode::NONE);
    dialogue.silent();

    dialogue.member.leave();
    assert_eq!(dialogue.told(), [OwnershipEvent::Revoked(orders(&[0, 1]))]);
    dialogue.silent();
    // It lives while its caller lets go, and may commit that.
    dialogue.later(3_000).lives();
    dialogue.alive(ErrorCode::NONE);
    assert_eq!(dialogue.member.identity(), Some((&Str::from("m"), 1)));
    dialogue.member.let_go(&orders(&[0, 1]));
    assert_eq!(&*dialogue.leaves().members[0].member_id, "m");
    dialogue.answers(MemberResponse::LeaveGroup(LeaveGroupResponse::default()));
    assert!(dialogue.member.is_over());
}

#[test]
fn a_leader_shares_once_all_topics_of_the_group_are_known() {
    let mut dialogue = ClassicDialogue::new(&[Assignor::Range]);
    dialogue.joins();
    let other = wants(&["orders", "payments"]);
    dialogue.joined(Assignor::Range, "m", &[("m", &wants(&["orders"])), ("n", &other)]);
    dialogue.silent();
    let asked: Vec<String> = dialogue.member.topics().iter().map(|it| it.to_string()).collect();
    assert_eq!(asked, ["orders", "payments"]);
    dialogue.member.handle_metadata(&view(&[("orders", 3)]));
    dialogue.silent();

    dialogue.member.handle_metadata(&view(&[("orders", 3), ("payments", 1)]));
    let sync = dialogue.syncs();
    let given: Vec<(String, Vec<String>)> = sync
        .assignments
        .iter()
        .map(|it| {
            let partitions = read_assignment(&it.assignment).unwrap();
            (it.member_id.to_string(), partitions.iter().map(TopicPartition::to_string).collect())
        })
        .collect();
    let expected = [("m", vec!["orders-0", "orders-1"]), ("n", vec!["orders-2", "payments-0"])];
    let expected = expected.map(|(id, of)| (id.to_owned(), of.into_iter().map(str::to_owned).collect()));
    assert_eq!(given, expected);
    dialogue.assigned(&[0, 1]);
    assert_eq!(dialogue.told(), [OwnershipEvent::Given(orders(&[0, 1]))]);
}

#[test]
fn a_leader_joins_again_when_a_topic_has_grown() {
    let mut dialogue = ClassicDialogue::new(&[Assignor::CooperativeSticky]);
    dialogue.joins();
    dialogue.joined(Assignor::CooperativeSticky, "m", &[("m", &wants(&["orders"]))]);
    dialogue.member.handle_metadata(&view(&[("orders", 1)]));
    dialogue.syncs();
    dialogue.assigned(&[0]);
    dialogue.member.handle_metadata(&view(&[("orders", 1)]));
    dialogue.silent();
    dialogue.member.handle_metadata(&view(&[("orders", 2)]));
    let join = dialogue.joins();
    assert_eq!((said(&join).generation, said(&join).owned.len()), (1, 1));
    assert_eq!(join.reason.as_deref(), Some("topics have other partitions than were shared"));
}

#[test]
fn an_eager_member_lets_everything_go_before_it_joins_again() {
    let mut dialogue = ClassicDialogue::new(&[Assignor::Range, Assignor::CooperativeSticky]);
    dialogue.follows(Assignor::Range, &[0, 1]);
    dialogue.told();
    dialogue.later(3_000).lives();
    dialogue.alive(ErrorCode::REBALANCE_IN_PROGRESS);
    assert_eq!(dialogue.told(), [OwnershipEvent::Revoked(orders(&[0, 1]))]);
    dialogue.silent();
    // The caller takes its time, and the member lives.
    dialogue.later(3_000).lives();
    dialogue.alive(ErrorCode::REBALANCE_IN_PROGRESS);
    assert_eq!(dialogue.told(), []);

    dialogue.member.let_go(&orders(&[0, 1]));
    assert_eq!(said(&dialogue.joins()).owned, []);
    dialogue.joined(Assignor::Range, "other", &[]);
    dialogue.syncs();
    dialogue.assigned(&[1]);
    assert_eq!(dialogue.told(), [OwnershipEvent::Given(orders(&[1]))]);
}

#[test]
fn a_cooperative_member_reads_on_lets_go_of_what_moves_and_joins_once_more() {
    let mut dialogue = ClassicDialogue::new(&[Assignor::CooperativeSticky]);
    dialogue.follows(Assignor::CooperativeSticky, &[0, 1]);
    dialogue.told();
    dialogue.later(3_000).lives();
    dialogue.alive(ErrorCode::REBALANCE_IN_PROGRESS);
    let owned: Vec<_> = said(&dialogue.joins()).owned.iter().map(|of| of.partition).collect();
    assert_eq!(owned, [0, 1]);
    assert_eq!(dialogue.told(), []);
    dialogue.joined(Assignor::CooperativeSticky, "other", &[]);
    dialogue.syncs();
    dialogue.assigned(&[0]);
    assert_eq!(dialogue.told(), [OwnershipEvent::Revoked(orders(&[1]))]);
    dialogue.silent();

    dialogue.member.let_go(&orders(&[1]));
    let again = dialogue.joins();
    assert_eq!((said(&again).generation, said(&again).owned.len()), (2, 1));
    dialogue.joined(Assignor::CooperativeSticky, "other", &[]);
    dialogue.syncs();
    dialogue.assigned(&[0]);
    assert_eq!(dialogue.told(), []);
}

#[test]
fn a_member_of_a_generation_that_is_over_loses_everything_and_joins_anew() {
    for (code, id) in [(ErrorCode::ILLEGAL_GENERATION, "m"), (ErrorCode::UNKNOWN_MEMBER_ID, "")] {
        for assignor in [Assignor::Range, Assignor::CooperativeSticky] {
            let mut dialogue = ClassicDialogue::new(&[assignor]);
            dialogue.follows(assignor, &[0]);
            dialogue.told();
            dialogue.later(3_000).lives();
            dialogue.alive(code);
            assert_eq!(dialogue.told(), [OwnershipEvent::Lost(orders(&[0]))]);
            assert_eq!(dialogue.member.identity(), None);
            dialogue.silent();
            dialogue.member.let_go(&orders(&[0]));
            let join = dialogue.joins();
            assert_eq!((&*join.member_id, said(&join).owned, said(&join).generation), (id, vec![], -1));
        }
    }
}

#[test]
fn an_answer_that_did_not_come_is_asked_for_again_after_a_wait() {
    let gone = || Error::new(ErrorKind::Disconnected, "gone");
    let mut dialogue = ClassicDialogue::new(&[Assignor::Range]);
    dialogue.joins();
    dialogue.member.handle_failed(gone(), dialogue.now, 0.5);
    dialogue.silent();
    assert_eq!(dialogue.member.deadline(), Some(dialogue.now + Duration::from_millis(100)));
    dialogue.later(100).joins();
    dialogue.joined(Assignor::Range, "other", &[]);
    dialogue.syncs();
    dialogue.member.handle_failed(gone(), dialogue.now, 0.5);
    // Whether the assignment was handed out is not known: the next generation tells.
    dialogue.later(200).joins();
}

#[test]
fn a_refusal_ends_the_member_and_names_the_group() {
    for (code, kind) in [
        (ErrorCode::INCONSISTENT_GROUP_PROTOCOL, ErrorKind::Broker),
        (ErrorCode::GROUP_AUTHORIZATION_FAILED, ErrorKind::Unauthorized),
        (ErrorCode::FENCED_INSTANCE_ID, ErrorKind::Fenced),
    ] {
        let mut dialogue = ClassicDialogue::new(&[Assignor::Range]);
        dialogue.joins();
        dialogue.refused(code);
        let error = dialogue.member.take_failure().expect("a failure");
        assert_eq!((error.kind(), error.code()), (kind, Some(code)));
        assert!(error.to_string().contains("group g"), "{error}");
        assert!(dialogue.member.is_over() && dialogue.member.deadline().is_none());
    }
}

#[test]
fn a_coordinator_that_moved_is_asked_again() {
    let mut dialogue = ClassicDialogue::new(&[Assignor::Range]);
    dialogue.joins();
    dialogue.refused(ErrorCode::NOT_COORDINATOR);
    assert!(dialogue.member.take_failure().is_none());
    dialogue.later(100).joins();
}

#[test]
fn a_static_member_leaves_without_a_word() {
    let mut dialogue = ClassicDialogue::with(|settings| settings.instance_id = Some(Str::from("i")));
    assert_eq!(dialogue.joins().group_instance_id.as_deref(), Some("i"));
    dialogue.joined(Assignor::Range, "other", &[]);
    dialogue.syncs();
    dialogue.assigned(&[0]);
    dialogue.member.leave();
    dialogue.member.let_go(&orders(&[0]));
    dialogue.silent();
    assert!(dialogue.member.is_over());
}

#[test]
fn a_static_member_that_owes_the_group_a_join_says_that_it_leaves() {
    let mut dialogue = ClassicDialogue::with(|settings| {
        settings.instance_id = Some(Str::from("i"));
        settings.assignors = vec![Assignor::CooperativeSticky];
    });
    dialogue.follows(Assignor::CooperativeSticky, &[0, 1]);
    dialogue.later(3000).lives();
    dialogue.alive(ErrorCode::REBALANCE_IN_PROGRESS);
    dialogue.follows(Assignor::CooperativeSticky, &[0]);
    dialogue.member.leave();
    dialogue.member.let_go(&orders(&[0, 1]));
    assert_eq!(dialogue.leaves().members[0].group_instance_id.as_deref(), Some("i"));
}

#[test]
fn who_is_late_leaves_at_once_commits_nothing_more_and_may_come_back() {
    let mut dialogue = ClassicDialogue::new(&[Assignor::Range]);
    dialogue.follows(Assignor::Range, &[0]);
    dialogue.told();
    dialogue.member.leave_at_once();
    assert_eq!(dialogue.member.identity(), None);
    assert_eq!(dialogue.told(), [OwnershipEvent::Lost(orders(&[0]))]);
    dialogue.leaves();
    dialogue.answers(MemberResponse::LeaveGroup(LeaveGroupResponse::default()));
    dialogue.member.rejoin(dialogue.now);
    dialogue.silent();
    dialogue.member.let_go(&orders(&[0]));
    assert_eq!(&*dialogue.joins().member_id, "");
}

#[test]
fn a_static_leader_that_came_back_does_not_share_again() {
    let mut dialogue = ClassicDialogue::with(|settings| settings.instance_id = Some(Str::from("i")));
    dialogue.joins();
    dialogue.came_back_as_leader(&[]);
    assert!(dialogue.syncs().assignments.is_empty());
}

/// A member of a name that follows, and knows of three partitions of its topic.
fn one_that_may_have_come_back() -> ClassicDialogue {
    let mut dialogue = ClassicDialogue::with(|settings| {
        settings.instance_id = Some(Str::from("i"));
        settings.assignors = vec![Assignor::CooperativeSticky];
    });
    dialogue.follows(Assignor::CooperativeSticky, &[0]);
    dialogue.silent();
    dialogue.member.handle_metadata(&view(&[("orders", 3)]));
    dialogue
}

#[test]
fn who_comes_back_under_its_name_looks_and_joins_once_more_where_a_partition_is_nobodys() {
    for (others, is_whole) in [(&[1, 2][..], true), (&[2], false), (&[], false)] {
        let mut dialogue = one_that_may_have_come_back();
        dialogue.describes();
        dialogue.described("Stable", &[&[0], others]);
        if is_whole {
            dialogue.silent();
            assert_eq!(dialogue.member.deadline(), Some(dialogue.now + Duration::from_secs(3)));
            continue;
        }
        let join = dialogue.joins();
        assert_eq!((&*join.member_id, said(&join).owned.len(), said(&join).generation), ("m", 1, 1));
        dialogue.joined(Assignor::CooperativeSticky, "other", &[]);
        dialogue.syncs();
        dialogue.assigned(&[0]);
        // Whoever has them has yet to let go, and joins then: it was in this generation.
        dialogue.silent();
    }
}

#[test]
fn who_looks_while_the_group_rebalances_looks_again_and_lives_meanwhile() {
    let mut dialogue = one_that_may_have_come_back();
    dialogue.describes();
    dialogue.described("PreparingRebalance", &[&[0]]);
    dialogue.silent();
    dialogue.later(100).describes();
    dialogue.member.handle_failed(Error::new(ErrorKind::Disconnected, "gone"), dialogue.now, 0.5);
    dialogue.later(3_000).lives();
    dialogue.alive(ErrorCode::NONE);
    dialogue.describes();
    dialogue.refused_look(ErrorCode::NOT_COORDINATOR);
    dialogue.later(1_000).describes();
    dialogue.refused_look(ErrorCode::GROUP_AUTHORIZATION_FAILED);
    // It does not know: it joins, once.
    dialogue.joins();
}

#[test]
fn a_leader_that_came_back_joins_again_when_a_topic_grows() {
    let mut dialogue = ClassicDialogue::with(|settings| settings.instance_id = Some(Str::from("i")));
    dialogue.joins();
    dialogue.came_back_as_leader(&[("m", &wants(&["orders"]))]);
    dialogue.syncs();
    dialogue.assigned(&[0, 1]);
    dialogue.member.handle_metadata(&view(&[("orders", 2)]));
    dialogue.describes();
    dialogue.described("Stable", &[&[0, 1]]);
    dialogue.member.handle_metadata(&view(&[("orders", 2)]));
    dialogue.silent();
    dialogue.member.handle_metadata(&view(&[("orders", 3)]));
    dialogue.told();
    dialogue.member.let_go(&orders(&[0, 1]));
    dialogue.joins();
}

#[test]
fn who_leaves_while_it_joins_tells_the_coordinator_after() {
    let mut dialogue = ClassicDialogue::new(&[Assignor::Range]);
    dialogue.joins();
    dialogue.member.leave();
    dialogue.silent();
    dialogue.joined(Assignor::Range, "other", &[]);
    assert_eq!(&*dialogue.leaves().members[0].member_id, "m");
}

#[test]
fn what_a_leader_sends_that_cannot_be_read_ends_the_member() {
    let mut dialogue = ClassicDialogue::new(&[Assignor::Range]);
    dialogue.joins();
    dialogue.joined(Assignor::Range, "other", &[]);
    dialogue.syncs();
    let assignment = bytes::Bytes::from_static(b"\x00\x00\x7f\xff\xff\xff");
    dialogue.answers(MemberResponse::SyncGroup(SyncGroupResponse { assignment, ..Default::default() }));
    assert_eq!(dialogue.member.take_failure().map(|error| error.kind()), Some(ErrorKind::Protocol));
}

#[test]
fn sticky_members_say_what_they_had_as_javas_do() {
    let mut dialogue = ClassicDialogue::new(&[Assignor::Sticky]);
    dialogue.follows(Assignor::Sticky, &[0, 2]);
    dialogue.told();
    dialogue.later(3_000).lives();
    dialogue.alive(ErrorCode::REBALANCE_IN_PROGRESS);
    dialogue.member.let_go(&orders(&[0, 2]));
    let join = said(&dialogue.joins());
    // Java's StickyAssignor: topics with partitions, then the generation.
    let java = b"\0\0\0\x01\0\x06orders\0\0\0\x02\0\0\0\0\0\0\0\x02\0\0\0\x01";
    assert_eq!(join.user_data.as_deref(), Some(&java[..]));
    let understood = Assignor::Sticky.understood(join);
    assert_eq!((understood.owned.len(), understood.generation), (2, 1));
}

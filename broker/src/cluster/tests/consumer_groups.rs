//! Consumer groups of KIP-848: members join, are assigned, give up what others get, and leave, on a clock in the hand.

use upsert_kafka_protocol::messages::consumer_group_describe::DescribedGroup;
use upsert_kafka_protocol::messages::consumer_group_heartbeat::TopicPartitions;

use super::*;

mod bounds;
mod chance;
mod neighbours;
mod offsets;
mod static_members;
mod subscriptions;

const VERSION: i16 = 1;
const SESSION_MS: u64 = 45_000;
const REBALANCE_MS: i32 = 60_000;

const NONE: ErrorCode = ErrorCode::NONE;

/// The epoch of a group that was just made. Here epochs are counted from it: 1 is the first in which there is a member.
const MADE_IN: i32 = 1;

fn counted(epoch: i32) -> i32 {
    if epoch > 0 { epoch - MADE_IN } else { epoch }
}

fn real(epoch: i32) -> i32 {
    if epoch > 0 { epoch + MADE_IN } else { epoch }
}

/// What a member asks for as it joins.
fn joining(member_id: &str, topics: &[&str]) -> ConsumerGroupHeartbeatRequest {
    ConsumerGroupHeartbeatRequest {
        rebalance_timeout_ms: REBALANCE_MS,
        subscribed_topic_names: Some(topics.iter().copied().map(Str::from).collect()),
        topic_partitions: Some(Vec::new()),
        ..beating(member_id, 0)
    }
}

/// A heartbeat that says nothing new.
fn beating(member_id: &str, member_epoch: i32) -> ConsumerGroupHeartbeatRequest {
    let (group_id, member_id, member_epoch) = ("g".into(), member_id.into(), real(member_epoch));
    ConsumerGroupHeartbeatRequest { group_id, member_id, member_epoch, ..Default::default() }
}

/// What a member hears: its epoch, and its partitions if it is told any, of one topic.
type ToldHeartbeat = (i32, Option<Vec<i32>>);

fn told(answer: &ConsumerGroupHeartbeatResponse) -> ToldHeartbeat {
    assert_eq!(answer.error_code, NONE, "{:?}", answer.error_message);
    let all = |it: &consumer_group_heartbeat::Assignment| {
        it.topic_partitions.iter().flat_map(|topic| topic.partitions.clone()).collect()
    };
    (counted(answer.member_epoch), answer.assignment.as_deref().map(all))
}

impl Script {
    fn of_topic(partitions: i32) -> Self {
        let mut script = Self::new();
        script.create("t", partitions, &[]);
        script
    }

    fn join_consumers(&mut self, member_id: &str) -> ToldHeartbeat {
        told(&self.ask(&joining(member_id, &["t"]), VERSION))
    }

    fn live(&mut self, member_id: &str, epoch: i32) -> ToldHeartbeat {
        told(&self.ask(&beating(member_id, epoch), VERSION))
    }

    /// Says which partitions of `t` the member has.
    fn confirm(&mut self, member_id: &str, epoch: i32, has: &[i32]) -> ToldHeartbeat {
        let request = self.confirming(member_id, epoch, has);
        told(&self.ask(&request, VERSION))
    }

    fn confirming(&self, member_id: &str, epoch: i32, has: &[i32]) -> ConsumerGroupHeartbeatRequest {
        let topic_id = self.cluster.state.topics.by_name("t").map_or(Uuid::ZERO, |topic| topic.id);
        let topic = TopicPartitions { topic_id, partitions: has.to_vec(), ..Default::default() };
        let topic_partitions = Some(if has.is_empty() { Vec::new() } else { vec![topic] });
        ConsumerGroupHeartbeatRequest { topic_partitions, ..beating(member_id, epoch) }
    }

    /// The error of a heartbeat, and what it says.
    fn refused(&mut self, request: &ConsumerGroupHeartbeatRequest) -> (ErrorCode, String) {
        let answer = self.ask(request, VERSION);
        assert_eq!((answer.member_id, answer.member_epoch, answer.assignment), (None, 0, None));
        (answer.error_code, answer.error_message.unwrap_or_default().to_string())
    }

    fn described(&mut self) -> DescribedGroup {
        let request = ConsumerGroupDescribeRequest { group_ids: vec!["g".into()], ..Default::default() };
        self.ask(&request, 1).groups.remove(0)
    }

    /// The group's state and its two epochs.
    fn progress(&mut self) -> (String, i32, i32) {
        let group = self.described();
        assert_eq!(group.error_code, NONE);
        (group.group_state.to_string(), counted(group.group_epoch), counted(group.assignment_epoch))
    }
}

#[test]
fn one_member_has_all_until_it_leaves() {
    let mut script = Script::of_topic(3);
    let answer = script.ask(&joining("a", &["t"]), VERSION);
    assert_eq!(told(&answer), (1, Some(vec![0, 1, 2])));
    assert_eq!((answer.member_id.as_deref(), answer.heartbeat_interval_ms), (Some("a"), 5000));
    assert_eq!(script.live("a", 1), (1, None));
    assert_eq!(script.progress(), ("Stable".into(), 1, 1));
    assert_eq!(script.live("a", -1), (-1, None));
    assert_eq!(script.progress(), ("Empty".into(), 2, 2));
    assert_eq!(script.cluster.deadline(), None);
    assert_eq!(script.join_consumers("b"), (3, Some(vec![0, 1, 2])));
}

#[test]
fn a_partition_goes_over_only_when_it_was_given_up() {
    let mut script = Script::of_topic(4);
    script.join_consumers("a");
    assert_eq!(script.join_consumers("b"), (2, Some(vec![])));
    assert_eq!(script.progress(), ("Reconciling".into(), 2, 2));
    assert_eq!(script.live("a", 1), (1, Some(vec![0, 1])), "it is to give up two, and stays in its epoch");
    assert_eq!(script.live("b", 2), (2, None));
    assert_eq!(script.confirm("a", 1, &[0, 1, 2]), (1, None), "it has one of them still");
    assert_eq!(script.live("b", 2), (2, None));
    assert_eq!(script.confirm("a", 1, &[0, 1]), (2, None));
    assert_eq!(script.live("b", 2), (2, Some(vec![2, 3])));
    assert_eq!(script.progress(), ("Stable".into(), 2, 2));
}

#[test]
fn a_member_that_joins_again_has_given_up_everything() {
    let mut script = Script::of_topic(4);
    script.join_consumers("a");
    script.join_consumers("b");
    script.live("a", 1);
    assert_eq!(script.join_consumers("a"), (2, Some(vec![0, 1])));
    assert_eq!(script.live("b", 2), (2, Some(vec![2, 3])));
}

#[test]
fn a_full_request_is_told_everything() {
    let mut script = Script::of_topic(2);
    script.join_consumers("a");
    let mut full = script.confirming("a", 1, &[0, 1]);
    full.rebalance_timeout_ms = REBALANCE_MS;
    full.subscribed_topic_names = Some(vec!["t".into()]);
    assert_eq!(told(&script.ask(&full, VERSION)), (1, Some(vec![0, 1])));
}

#[test]
fn the_epoch_before_is_let_pass_for_a_lost_answer_alone() {
    let mut script = Script::of_topic(4);
    script.join_consumers("a");
    script.join_consumers("b");
    script.live("a", 1);
    script.confirm("a", 1, &[0, 1]);
    assert_eq!(script.confirm("a", 1, &[1]), (2, None), "the answer was lost");
    let fenced = |than: &str, said: i32| {
        let message = format!(
            "The consumer group member has a {than} member epoch ({}) than the one known by the group coordinator ({}). The member must abandon all its partitions and rejoin.",
            real(said),
            real(2)
        );
        (ErrorCode::FENCED_MEMBER_EPOCH, message)
    };
    let other = script.confirming("a", 1, &[1, 2]);
    assert_eq!(script.refused(&other), fenced("smaller", 1), "it has what is another's");
    assert_eq!(script.refused(&beating("a", 1)), fenced("smaller", 1), "it does not say what it has");
    assert_eq!(script.refused(&beating("a", 3)), fenced("greater", 3));
    assert_eq!(script.live("a", 2), (2, None), "nothing of that has counted");
}

#[test]
fn a_member_that_does_not_give_up_in_time_is_out() {
    let mut script = Script::of_topic(4);
    script.join_consumers("a");
    script.join_consumers("b");
    script.live("a", 1);
    for _ in 0..2 {
        script.pass(29_000);
        assert_eq!(script.live("a", 1), (1, None));
        assert_eq!(script.live("b", 2), (2, None));
    }
    script.pass(2_000);
    let message = "Member a is not a member of group g.".to_owned();
    assert_eq!(script.refused(&beating("a", 1)), (ErrorCode::UNKNOWN_MEMBER_ID, message));
    assert_eq!(script.live("b", 2), (3, Some(vec![0, 1, 2, 3])));
}

#[test]
fn a_member_that_is_not_heard_of_is_out() {
    let mut script = Script::of_topic(2);
    script.join_consumers("a");
    script.pass(SESSION_MS / 2);
    script.join_consumers("b");
    script.pass(SESSION_MS / 2 - 1);
    assert_eq!(script.described().members.len(), 2);
    script.pass(1);
    let members = script.described().members;
    assert_eq!(members.iter().map(|it| &*it.member_id).collect::<Vec<_>>(), ["b"]);
    assert_eq!(script.live("b", 2), (3, Some(vec![0, 1])));
    script.pass(SESSION_MS);
    assert_eq!(script.progress().0, "Empty");
    assert_eq!(script.cluster.deadline(), None);
}

#[test]
fn a_target_holds_for_the_assignment_interval() {
    let interval = Duration::from_secs(1);
    let config = BrokerConfig { consumer_assignment_interval: interval, seed: 1, ..Default::default() };
    let mut script = Script::with(config);
    script.create("t", 2, &[]);
    assert_eq!(script.join_consumers("a"), (1, Some(vec![0, 1])));
    script.pass(999);
    assert_eq!(script.join_consumers("b"), (1, Some(vec![])));
    assert_eq!(script.progress(), ("Assigning".into(), 2, 1));
    script.pass(1);
    assert_eq!(script.live("a", 1), (1, Some(vec![0])));
    assert_eq!(script.progress(), ("Reconciling".into(), 2, 2));
}

#[test]
fn a_description_says_who_has_what_and_is_to_have_what() {
    let mut script = Script::of_topic(2);
    script.join_consumers("a");
    let instance_id = Some(Str::from_static("i"));
    let rack_id = Some(Str::from_static("r"));
    script.ask(&ConsumerGroupHeartbeatRequest { instance_id, rack_id, ..joining("b", &["t", "u"]) }, VERSION);
    let group = script.described();
    assert_eq!((&*group.assignor_name, group.members.len()), ("uniform", 2));
    let had = |it: &consumer_group_describe::Assignment| {
        let topics = it.topic_partitions.iter();
        topics.map(|topic| (topic.topic_name.to_string(), topic.partitions.clone())).collect::<Vec<_>>()
    };
    let t = |partitions: &[i32]| vec![("t".to_owned(), partitions.to_vec())];
    let (a, b) = (&group.members[0], &group.members[1]);
    assert_eq!(
        (had(&a.assignment), had(&a.target_assignment), a.member_epoch),
        (t(&[0, 1]), t(&[0]), real(1))
    );
    assert_eq!((had(&b.assignment), had(&b.target_assignment), b.member_epoch), (vec![], t(&[1]), real(2)));
    assert_eq!((b.instance_id.as_deref(), b.rack_id.as_deref()), (Some("i"), Some("r")));
    assert_eq!((b.subscribed_topic_names.clone(), b.member_type), (vec!["t".into(), "u".into()], 1));
}

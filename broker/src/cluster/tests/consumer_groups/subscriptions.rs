//! What members of consumer groups are subscribed to: by name, by pattern, as topics come, grow and go.

use upsert_kafka_protocol::messages::create_partitions::CreatePartitionsTopic;
use upsert_kafka_protocol::messages::delete_topics::DeleteTopicState;

use super::*;

fn matching(member_id: &str, regex: &str) -> ConsumerGroupHeartbeatRequest {
    let subscribed_topic_regex = Some(Str::from(regex));
    ConsumerGroupHeartbeatRequest {
        subscribed_topic_names: None,
        subscribed_topic_regex,
        ..joining(member_id, &[])
    }
}

impl Script {
    /// The names and numbers of what a member is told.
    fn named(&self, answer: &ConsumerGroupHeartbeatResponse) -> Vec<String> {
        let topics = answer.assignment.iter().flat_map(|it| &it.topic_partitions);
        let mut named: Vec<_> = topics
            .flat_map(|topic| {
                let name = &self.cluster.state.topics.by_id(topic.topic_id).expect("it is there").name;
                topic.partitions.iter().map(move |index| format!("{name}-{index}"))
            })
            .collect();
        named.sort();
        named
    }
}

#[test]
fn topics_that_come_grow_and_go_are_assigned_anew() {
    let mut script = Script::new();
    assert_eq!(script.join_consumers("a"), (1, Some(vec![])));
    script.create("other", 1, &[]);
    assert_eq!(script.live("a", 1), (1, None));
    script.create("t", 1, &[]);
    assert_eq!(script.live("a", 1), (2, Some(vec![0])));
    let grown = CreatePartitionsTopic { name: "t".into(), count: 3, assignments: None, ..Default::default() };
    script.ask(&CreatePartitionsRequest { topics: vec![grown], ..Default::default() }, 3);
    assert_eq!(script.live("a", 2), (3, Some(vec![0, 1, 2])));
    let gone = DeleteTopicState { name: Some("t".into()), ..Default::default() };
    script.ask(&DeleteTopicsRequest { topics: vec![gone], ..Default::default() }, 6);
    assert_eq!(script.live("a", 3), (3, Some(vec![])), "what it has of a topic that is gone it gives up");
    let nothing = ConsumerGroupHeartbeatRequest { topic_partitions: Some(vec![]), ..beating("a", 3) };
    assert_eq!(told(&script.ask(&nothing, VERSION)), (4, None));
    assert_eq!(script.progress(), ("Stable".into(), 4, 4));
}

#[test]
fn what_a_member_is_not_subscribed_to_any_more_it_gives_up_at_once() {
    let mut script = Script::of_topic(1);
    script.create("u", 1, &[]);
    let answer = script.ask(&joining("a", &["t", "u"]), VERSION);
    assert_eq!(script.named(&answer), ["t-0", "u-0"]);
    let other =
        ConsumerGroupHeartbeatRequest { subscribed_topic_names: Some(vec!["u".into()]), ..beating("a", 1) };
    let answer = script.ask(&other, VERSION);
    assert_eq!((counted(answer.member_epoch), script.named(&answer)), (1, vec!["u-0".to_owned()]));
    let topic_id = script.cluster.state.topics.by_name("u").unwrap().id;
    let has = TopicPartitions { topic_id, partitions: vec![0], ..Default::default() };
    let confirmed = ConsumerGroupHeartbeatRequest { topic_partitions: Some(vec![has]), ..beating("a", 1) };
    assert_eq!(told(&script.ask(&confirmed, VERSION)), (2, None));
}

#[test]
fn a_pattern_is_resolved_after_the_heartbeat_that_brought_it() {
    let mut script = Script::new();
    script.create("orders-1", 1, &[]);
    script.create("orders", 1, &[]);
    let answer = script.ask(&matching("a", "orders-.*"), VERSION);
    assert_eq!((answer.member_epoch, script.named(&answer)), (MADE_IN, vec![]));
    assert_eq!(script.progress(), ("Assigning".into(), 1, 0));
    let in_first = ConsumerGroupHeartbeatRequest { member_epoch: MADE_IN, ..beating("a", 0) };
    let answer = script.ask(&in_first, VERSION);
    assert_eq!((counted(answer.member_epoch), script.named(&answer)), (1, vec!["orders-1-0".to_owned()]));
    let answer = script.ask(&matching("b", "orders-.*"), VERSION);
    assert_eq!(told(&answer), (2, Some(vec![])), "the pattern is known: it is assigned at once");
    script.create("orders-2", 1, &[]);
    script.live("b", 2);
    assert_eq!(script.progress(), ("Assigning".into(), 3, 2), "another topic matches");
    let answer = script.ask(&beating("b", 2), VERSION);
    assert_eq!((counted(answer.member_epoch), script.named(&answer)), (3, vec!["orders-2-0".to_owned()]));
    let described = script.described();
    assert_eq!(described.members[0].subscribed_topic_regex.as_deref(), Some("orders-.*"));
}

#[test]
fn a_pattern_that_is_none_is_refused_and_changes_nothing() {
    let mut script = Script::of_topic(1);
    let (code, message) = script.refused(&matching("a", "("));
    assert_eq!(code, ErrorCode::INVALID_REGULAR_EXPRESSION);
    assert!(message.starts_with("SubscribedTopicRegex `(` is not a valid regular expression: "), "{message}");
    assert_eq!(script.described().error_code, ErrorCode::GROUP_ID_NOT_FOUND, "no group was made");
    script.join_consumers("a");
    let worse = ConsumerGroupHeartbeatRequest {
        subscribed_topic_regex: Some("(?=a)".into()),
        subscribed_topic_names: Some(vec![]),
        ..beating("a", 1)
    };
    assert_eq!(script.refused(&worse).0, ErrorCode::INVALID_REGULAR_EXPRESSION);
    assert_eq!(script.live("a", 1), (1, None));
    assert_eq!(script.progress(), ("Stable".into(), 1, 1));
}

#[test]
fn the_assignor_is_the_one_that_most_ask_for() {
    let mut script = Script::of_topic(3);
    script.create("u", 3, &[]);
    let ranged = |member_id| {
        let server_assignor = Some(Str::from_static("range"));
        ConsumerGroupHeartbeatRequest { server_assignor, ..joining(member_id, &["t", "u"]) }
    };
    script.ask(&joining("a", &["t", "u"]), VERSION);
    script.ask(&ranged("b"), VERSION);
    assert_eq!(script.described().assignor_name, "range", "nobody else asks for any");
    let answer = script.ask(&beating("a", 1), VERSION);
    assert_eq!(script.named(&answer), ["t-0", "t-1", "u-0", "u-1"], "the same numbers of both topics");
}

#[test]
fn members_may_be_subscribed_to_different_topics() {
    let mut script = Script::of_topic(2);
    script.create("u", 2, &[]);
    script.ask(&joining("a", &["t"]), VERSION);
    let answer = script.ask(&joining("b", &["t", "u"]), VERSION);
    assert_eq!(script.named(&answer), ["u-0", "u-1"]);
    assert_eq!(script.live("a", 1), (2, None), "two for each: nothing moves");
    assert_eq!(script.progress(), ("Stable".into(), 2, 2));
}

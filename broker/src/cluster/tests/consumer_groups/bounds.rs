//! What a heartbeat has to say, and what it may not ask for.

use super::*;

#[test]
fn what_a_heartbeat_has_to_say_is_asked_for() {
    let mut script = Script::of_topic(1);
    let base = || joining("a", &["t"]);
    let empty = || Some(Str::default());
    let name = "n".repeat(250);
    let requests = [
        (ConsumerGroupHeartbeatRequest { member_id: "".into(), ..base() }, "MemberId can't be empty."),
        (ConsumerGroupHeartbeatRequest { group_id: "".into(), ..base() }, "GroupId can't be empty."),
        (ConsumerGroupHeartbeatRequest { instance_id: empty(), ..base() }, "InstanceId can't be empty."),
        (ConsumerGroupHeartbeatRequest { rack_id: empty(), ..base() }, "RackId can't be empty."),
        (
            ConsumerGroupHeartbeatRequest { rebalance_timeout_ms: -1, ..base() },
            "RebalanceTimeoutMs must be provided in first request.",
        ),
        (
            ConsumerGroupHeartbeatRequest { topic_partitions: None, ..base() },
            "TopicPartitions must be empty when (re-)joining.",
        ),
        (
            ConsumerGroupHeartbeatRequest { subscribed_topic_names: None, ..base() },
            "Either SubscribedTopicNames or SubscribedTopicRegex must be non-null when (re-)joining.",
        ),
        (beating("a", -2), "InstanceId can't be null."),
        (beating("a", -3), "MemberEpoch is invalid."),
        (joining("a", &[name.as_str()]), "SubscribedTopicNames are longer than the name of a topic may be."),
    ];
    for (request, words) in requests {
        assert_eq!(script.refused(&request), (ErrorCode::INVALID_REQUEST, words.to_owned()));
    }
    let assignor = ConsumerGroupHeartbeatRequest { server_assignor: Some("sticky".into()), ..base() };
    let words = "ServerAssignor sticky is not supported. Supported assignors: uniform, range.".to_owned();
    assert_eq!(script.refused(&assignor), (ErrorCode::UNSUPPORTED_ASSIGNOR, words));
}

#[test]
fn a_group_has_room_for_so_many_names() {
    let mut script = Script::of_topic(1);
    let names: Vec<_> = (0..60_000).map(|at| format!("n{at}")).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    assert_eq!(told(&script.ask(&joining("a", &names), VERSION)), (1, Some(vec![])));
    let message = "The members of a group may have 100000 SubscribedTopicNames together.".to_owned();
    assert_eq!(script.refused(&joining("b", &names)), (ErrorCode::INVALID_REQUEST, message));
    assert_eq!(told(&script.ask(&joining("a", &names), VERSION)), (1, Some(vec![])), "it has them already");
    assert_eq!(told(&script.ask(&joining("b", &names[..40_000]), VERSION)), (2, Some(vec![])));
}

#[test]
fn version_0_is_given_an_id() {
    let mut script = Script::of_topic(1);
    let answer = script.ask(&joining("", &["t"]), 0);
    let id = answer.member_id.clone().expect("an id");
    assert!(!id.is_empty());
    assert_eq!(told(&answer), (1, Some(vec![0])));
    assert_eq!(told(&script.ask(&beating(&id, 1), 0)), (1, None));
}

#[test]
fn a_group_that_is_not_there_has_no_members() {
    let mut script = Script::of_topic(1);
    let unfound = |words: &str| (ErrorCode::GROUP_ID_NOT_FOUND, words.to_owned());
    assert_eq!(script.refused(&beating("a", 1)), unfound("Consumer group g not found."));
    assert_eq!(script.refused(&beating("a", -1)), unfound("Group g not found."));
    let group = script.described();
    assert_eq!(
        (group.error_code, group.error_message.as_deref()),
        (ErrorCode::GROUP_ID_NOT_FOUND, Some("Group g not found."))
    );
    script.join_consumers("a");
    let unknown = (ErrorCode::UNKNOWN_MEMBER_ID, "Member b is not a member of group g.".to_owned());
    assert_eq!(script.refused(&beating("b", 1)), unknown);
    assert_eq!(script.refused(&beating("b", -1)), unknown);
}

#[test]
fn a_group_is_full_but_for_those_in_it() {
    let config = BrokerConfig { consumer_group_size_max: 2, seed: 1, ..Default::default() };
    let mut script = Script::with(config);
    script.create("t", 2, &[]);
    script.join_consumers("a");
    let instance = |member_id, epoch: Option<i32>| ConsumerGroupHeartbeatRequest {
        instance_id: Some("i".into()),
        ..epoch.map_or_else(|| joining(member_id, &["t"]), |epoch| beating(member_id, epoch))
    };
    script.ask(&instance("b", None), VERSION);
    let full = "The consumer group has reached its maximum capacity of 2 members.".to_owned();
    assert_eq!(script.refused(&joining("c", &["t"])), (ErrorCode::GROUP_MAX_SIZE_REACHED, full));
    assert_eq!(script.join_consumers("a").1, Some(vec![0]), "it is in the group");
    script.ask(&instance("b", Some(-2)), VERSION);
    assert_eq!(script.ask(&instance("c", None), VERSION).error_code, NONE, "its place was kept");
}

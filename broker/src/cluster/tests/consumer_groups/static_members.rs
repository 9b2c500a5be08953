//! Static members of consumer groups: they leave for a while, and come back to what they had.

use super::*;

fn as_instance(request: ConsumerGroupHeartbeatRequest) -> ConsumerGroupHeartbeatRequest {
    ConsumerGroupHeartbeatRequest { instance_id: Some("i".into()), ..request }
}

impl Script {
    fn as_static(&mut self, request: ConsumerGroupHeartbeatRequest) -> ToldHeartbeat {
        told(&self.ask(&as_instance(request), VERSION))
    }
}

#[test]
fn one_that_comes_back_has_what_it_had() {
    let mut script = Script::of_topic(2);
    assert_eq!(script.as_static(joining("a", &["t"])), (1, Some(vec![0, 1])));
    assert_eq!(script.as_static(beating("a", -2)), (-2, None));
    script.pass(SESSION_MS - 1);
    assert_eq!(script.as_static(joining("b", &["t"])), (1, Some(vec![0, 1])));
    assert_eq!(script.progress(), ("Stable".into(), 1, 1), "nothing has changed for others");
    let message = "Static member a with instance id i was fenced by member b.".to_owned();
    let fenced = (ErrorCode::FENCED_INSTANCE_ID, message);
    for epoch in [1, -1, -2] {
        assert_eq!(script.refused(&as_instance(beating("a", epoch))), fenced);
    }
    script.pass(SESSION_MS - 1);
    assert_eq!(script.described().members.len(), 1, "its session began anew");
}

#[test]
fn its_name_is_its_own_while_it_is_there() {
    let mut script = Script::of_topic(2);
    script.as_static(joining("a", &["t"]));
    let message = "Static member b with instance id i cannot join the group because the instance id is owned by a member.";
    let refused = script.refused(&as_instance(joining("b", &["t"])));
    assert_eq!(refused, (ErrorCode::UNRELEASED_INSTANCE_ID, message.to_owned()));
    let unknown = ConsumerGroupHeartbeatRequest { instance_id: Some("j".into()), ..beating("a", 1) };
    let message = "Instance id j is unknown.".to_owned();
    assert_eq!(script.refused(&unknown), (ErrorCode::UNKNOWN_MEMBER_ID, message));
    assert_eq!(script.as_static(beating("a", 1)), (1, None));
}

#[test]
fn what_it_had_is_kept_for_it_until_its_session_ends() {
    let mut script = Script::of_topic(2);
    script.as_static(joining("a", &["t"]));
    script.join_consumers("b");
    assert_eq!(script.as_static(beating("a", 1)), (1, Some(vec![0])));
    assert_eq!(script.live("b", 2), (2, None));
    assert_eq!(script.as_static(beating("a", -2)), (-2, None));
    assert_eq!(script.live("b", 2), (2, Some(vec![1])), "what it was to give up it has given up");
    script.pass(SESSION_MS - 1);
    assert_eq!(script.live("b", 2), (2, None));
    script.pass(1);
    assert_eq!(script.live("b", 2), (3, Some(vec![0, 1])));
}

#[test]
fn one_that_leaves_for_good_leaves_nothing() {
    let mut script = Script::of_topic(2);
    script.as_static(joining("a", &["t"]));
    script.join_consumers("b");
    assert_eq!(script.as_static(beating("a", -1)), (-1, None));
    assert_eq!(script.live("b", 2), (3, Some(vec![0, 1])));
    assert_eq!(script.as_static(joining("c", &["t"])).0, 4, "its name is free");
}

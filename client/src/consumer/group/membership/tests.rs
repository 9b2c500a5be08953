//! A member and its patience with its caller.

use std::time::Duration;

use upsert_kafka_protocol::ErrorCode;
use upsert_kafka_protocol::messages::consumer_group_heartbeat::{Assignment, TopicPartitions};
use upsert_kafka_protocol::messages::{ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse};

use super::super::settings::tests::settings;
use super::*;

const ORDERS: Uuid = Uuid([1; 16]);

/// A member that has a partition, and its broker.
fn member(now: Instant) -> Membership {
    let mut membership = Membership::new(Arc::new(settings(GroupProtocol::Consumer)), Str::from("m"), now);
    membership.handle_names(vec![(ORDERS, Arc::from("orders"))]);
    membership.handle_caller(None);
    assert_eq!(heartbeat(&mut membership, now).member_epoch, 0);
    let partitions = TopicPartitions { topic_id: ORDERS, partitions: vec![0], ..Default::default() };
    let assignment = Assignment { topic_partitions: vec![partitions], ..Default::default() };
    answer(&mut membership, 1, Some(Box::new(assignment)), now);
    membership
}

fn heartbeat(membership: &mut Membership, now: Instant) -> ConsumerGroupHeartbeatRequest {
    match membership.poll_request(now) {
        Some(MemberRequest::ConsumerGroupHeartbeat(request)) => request,
        other => panic!("{other:?}"),
    }
}

fn answer(membership: &mut Membership, member_epoch: i32, assignment: Option<Box<Assignment>>, now: Instant) {
    let heartbeat_interval_ms = 3_600_000;
    let response = ConsumerGroupHeartbeatResponse {
        member_epoch,
        heartbeat_interval_ms,
        assignment,
        ..Default::default()
    };
    membership.handle_response(MemberResponse::ConsumerGroupHeartbeat(response), now, 0.5);
}

#[test]
fn a_lease_lasts_for_a_part_of_the_session_from_the_last_answered_heartbeat_and_ends_with_a_loss() {
    let (now, second) = (Instant::now(), Duration::from_secs(1));
    let mut membership = member(now);
    let until = Some(now + 3 * 3_600 * second);
    // What its caller never heard of it does not lose.
    while membership.poll_event().is_some() {}
    assert_eq!(membership.poll_lease(), LeaseStanding { until, losses: 0 });
    let fenced = ConsumerGroupHeartbeatResponse {
        error_code: ErrorCode::FENCED_MEMBER_EPOCH,
        heartbeat_interval_ms: 5_000,
        ..Default::default()
    };
    let later = now + 3_600 * second;
    heartbeat(&mut membership, later);
    membership.handle_response(MemberResponse::ConsumerGroupHeartbeat(fenced), later, 0.5);
    // It heard that it is no member.
    assert_eq!(membership.poll_lease(), LeaseStanding { until: None, losses: 1 });

    let mut classic = Membership::new(Arc::new(settings(GroupProtocol::Classic)), Str::from("m"), now);
    assert_eq!(classic.poll_lease(), LeaseStanding::default());
    assert!(matches!(classic.poll_request(now + second), Some(MemberRequest::JoinGroup(_))));
    let joined = upsert_kafka_protocol::messages::JoinGroupResponse {
        generation_id: 1,
        protocol_name: Some(Str::from("range")),
        leader: Str::from("other"),
        member_id: Str::from("m"),
        ..Default::default()
    };
    classic.handle_response(MemberResponse::JoinGroup(joined), now + 4 * second, 0.5);
    // From when it was asked, 45 s less the 3 s of a heartbeat.
    assert_eq!(classic.poll_lease(), LeaseStanding { until: Some(now + 43 * second), losses: 0 });
    classic.settings = Arc::new(GroupSettings { session_timeout: 6 * second, ..(*classic.settings).clone() });
    assert_eq!(classic.poll_lease().until, Some(now + 5 * second), "a heartbeat comes within it");
}

#[test]
fn of_all_names_those_are_wanted_that_the_function_takes_and_they_are_asked_for_again() {
    for protocol in [GroupProtocol::Classic, GroupProtocol::Consumer] {
        let (now, mut settings) = (Instant::now(), settings(protocol));
        settings.subscription =
            super::super::Subscription::matching("o*", |topic: &str| topic.starts_with('o'));
        let mut membership = Membership::new(Arc::new(settings), Str::from("m"), now);
        membership.handle_caller(None);
        assert!(membership.poll_discovery(now) && !membership.poll_discovery(now));
        assert_eq!(membership.poll_request(now), None);
        membership.handle_undiscovered(now, 0.5);
        let again = membership.deadline().expect("another attempt");
        assert!(again > now && membership.poll_discovery(again));
        membership.handle_discovered(["orders", "bills", "others"].map(Arc::from).to_vec(), again);
        assert_eq!(membership.topics(), ["orders", "others"].map(Arc::from).into());
        assert!(membership.poll_request(again).is_some());
        assert!(!membership.poll_discovery(again + Duration::from_secs(299)));
        membership.discover(again + Duration::from_secs(1));
        assert!(membership.poll_discovery(again + Duration::from_secs(1)));
    }
}

#[test]
fn a_caller_that_asks_for_nothing_is_told_and_the_member_joins_again_when_it_is_back() {
    let began = Instant::now();
    let mut membership = member(began);
    heartbeat(&mut membership, began);
    answer(&mut membership, 1, None, began);
    let Some(MembershipEvent::Ownership(OwnershipEvent::Given(given))) = membership.poll_event() else {
        panic!()
    };
    membership.handle_caller(Some(began));
    assert_eq!(membership.deadline(), Some(began + Duration::from_secs(300)));
    let late = began + Duration::from_secs(300);
    assert_eq!(heartbeat(&mut membership, late).member_epoch, -1);
    // It is back before the broker has answered.
    membership.handle_caller(None);
    assert_eq!(membership.poll_request(late), None);
    answer(&mut membership, -1, None, late);

    let Some(MembershipEvent::Ownership(OwnershipEvent::Lost(lost))) = membership.poll_event() else {
        panic!()
    };
    assert_eq!(lost, given);
    let Some(MembershipEvent::Failed(error)) = membership.poll_event() else { panic!() };
    assert!(
        error.to_string().contains("max.poll.interval.ms") && error.to_string().contains("group g"),
        "{error}"
    );
    assert!(!membership.is_over());
    assert_eq!(membership.poll_request(late), None);

    // It has let go of what it lost.
    membership.let_go(&lost);
    assert_eq!(heartbeat(&mut membership, late).member_epoch, 0);
}

#[test]
fn a_caller_that_waits_is_never_late() {
    let began = Instant::now();
    let mut membership = member(began);
    heartbeat(&mut membership, began);
    answer(&mut membership, 1, None, began);
    let hour = began + Duration::from_secs(3_600);
    assert_eq!(membership.deadline(), Some(hour));
    assert_eq!(heartbeat(&mut membership, hour).member_epoch, 1);
}

#[test]
fn a_member_is_confirmed_as_of_the_request_whose_answer_knows_it() {
    let began = Instant::now();
    let mut membership = member(began);
    assert_eq!(membership.confirmed_at(), Some(began));
    let Some(MembershipEvent::Ownership(OwnershipEvent::Given(given))) = membership.poll_event() else {
        panic!()
    };
    // It has what it was given, and says so; the answer comes late and speaks of then.
    let (asked, answered) = (began + Duration::from_secs(1), began + Duration::from_secs(9));
    heartbeat(&mut membership, asked);
    answer(&mut membership, 1, None, answered);
    assert_eq!(membership.confirmed_at(), Some(asked));

    // A refusal confirms nothing, and what is lost by it is told.
    let due = answered + Duration::from_secs(3600);
    heartbeat(&mut membership, due);
    let error_code = ErrorCode::UNKNOWN_MEMBER_ID;
    let refused = ConsumerGroupHeartbeatResponse { error_code, ..Default::default() };
    membership.handle_response(MemberResponse::ConsumerGroupHeartbeat(refused), due, 0.5);
    assert_eq!(membership.confirmed_at(), Some(asked));
    let Some(MembershipEvent::Ownership(OwnershipEvent::Lost(lost))) = membership.poll_event() else {
        panic!()
    };
    assert_eq!(lost, given);
}

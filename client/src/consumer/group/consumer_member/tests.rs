//! Dialogues of a member with a broker that assigns.

use std::time::Duration;

use super::super::ownership::OwnershipEvent;
use super::super::settings::tests::settings;
use super::*;
use crate::config::GroupProtocol;

const ORDERS: Uuid = Uuid([1; 16]);

struct ConsumerDialogue {
    member: ConsumerMember,
    now: Instant,
}

impl ConsumerDialogue {
    fn new() -> Self {
        Self::with(|_| {})
    }

    fn with(change: impl FnOnce(&mut GroupSettings)) -> Self {
        let mut settings = settings(GroupProtocol::Consumer);
        change(&mut settings);
        let now = Instant::now();
        let mut member = ConsumerMember::new(Arc::new(settings), Str::from("m"), now);
        member.handle_names([(ORDERS, Arc::from("orders"))]);
        Self { member, now }
    }

    fn later(&mut self, ms: u64) -> &mut Self {
        self.now += Duration::from_millis(ms);
        self
    }

    fn hears(&mut self) -> ConsumerGroupHeartbeatRequest {
        self.member.poll_request(self.now).expect("a heartbeat that is due")
    }

    fn silent(&mut self) {
        assert_eq!(self.member.poll_request(self.now), None);
    }

    fn says(&mut self, epoch: i32, partitions: Option<&[i32]>) {
        let topics = |partitions: &[i32]| {
            vec![TopicPartitions { topic_id: ORDERS, partitions: partitions.to_vec(), ..Default::default() }]
        };
        let assignment =
            partitions.map(|it| Box::new(Assignment { topic_partitions: topics(it), ..Default::default() }));
        let response = ConsumerGroupHeartbeatResponse {
            member_id: Some(Str::from("m")),
            member_epoch: epoch,
            heartbeat_interval_ms: 5_000,
            assignment,
            ..Default::default()
        };
        self.member.handle_response(&response, self.now, 0.5);
    }

    fn refuses(&mut self, code: ErrorCode) {
        let response = ConsumerGroupHeartbeatResponse { error_code: code, ..Default::default() };
        self.member.handle_response(&response, self.now, 0.5);
    }

    fn told(&mut self) -> Vec<OwnershipEvent> {
        std::iter::from_fn(|| self.member.ownership().poll_event()).collect()
    }
}

#[test]
fn topics_that_a_function_takes_are_told_when_they_are_known_and_when_they_are_others() {
    let mut dialogue = ConsumerDialogue::with(|settings| {
        settings.subscription = crate::Subscription::matching("o*", |topic| topic.starts_with('o'));
    });
    let topics =
        |names: &[&str]| -> BTreeSet<Arc<str>> { names.iter().map(|name| Arc::from(*name)).collect() };
    let said = |request: &ConsumerGroupHeartbeatRequest| -> Vec<String> {
        request.subscribed_topic_names.iter().flatten().map(ToString::to_string).collect()
    };
    dialogue.silent();
    assert_eq!(dialogue.member.deadline(), None, "it waits for something else than time");
    dialogue.member.handle_subscribed(topics(&["orders"]));
    let join = dialogue.hears();
    assert_eq!((said(&join), join.subscribed_topic_regex.clone()), (vec!["orders".to_owned()], None));
    // They change while it joins.
    dialogue.member.handle_subscribed(topics(&["orders", "other"]));
    dialogue.says(1, Some(&[]));
    assert_eq!(dialogue.member.deadline(), Some(dialogue.now));
    assert_eq!(said(&dialogue.hears()), ["orders", "other"]);
    dialogue.says(1, None);
    dialogue.member.handle_subscribed(topics(&["orders", "other"]));
    dialogue.silent();
    assert_eq!(dialogue.later(5_000).hears().subscribed_topic_names, None, "said once");
}

#[test]
fn the_rack_is_told_as_it_joins() {
    let mut dialogue = ConsumerDialogue::with(|settings| settings.rack_id = Some(Str::from("eu-1a")));
    assert_eq!(dialogue.hears().rack_id.as_deref(), Some("eu-1a"));
    dialogue.says(1, Some(&[]));
    assert_eq!(dialogue.later(5_000).hears().rack_id, None, "once");
}

fn orders(partitions: &[i32]) -> Vec<TopicIdPartition> {
    let of = |partition: &i32| TopicIdPartition {
        topic: Arc::from("orders"),
        partition: *partition,
        topic_id: ORDERS,
    };
    partitions.iter().map(of).collect()
}

fn has(request: &ConsumerGroupHeartbeatRequest) -> Option<Vec<i32>> {
    let topics = request.topic_partitions.as_ref()?;
    Some(topics.iter().flat_map(|topic| topic.partitions.clone()).collect())
}

#[test]
fn a_member_joins_lives_and_leaves() {
    let mut dialogue = ConsumerDialogue::new();
    let join = dialogue.hears();
    assert_eq!((join.member_epoch, &*join.member_id, &*join.group_id), (0, "m", "g"));
    assert_eq!(join.subscribed_topic_names, Some(vec![Str::from("orders")]));
    assert_eq!((join.rebalance_timeout_ms, has(&join)), (300_000, Some(vec![])));
    dialogue.silent();

    dialogue.says(1, Some(&[0, 1]));
    assert_eq!(dialogue.told(), [OwnershipEvent::Given(orders(&[0, 1]))]);
    let confirmed = dialogue.hears();
    assert_eq!((confirmed.member_epoch, has(&confirmed)), (1, Some(vec![0, 1])));
    assert_eq!((confirmed.subscribed_topic_names, confirmed.rebalance_timeout_ms), (None, -1));
    dialogue.says(1, None);
    dialogue.silent();

    dialogue.later(4_999).silent();
    let alive = dialogue.later(1).hears();
    assert_eq!((alive.member_epoch, has(&alive)), (1, None));
    dialogue.says(1, None);

    dialogue.member.leave();
    assert_eq!(dialogue.told(), [OwnershipEvent::Revoked(orders(&[0, 1]))]);
    dialogue.silent();
    assert_eq!(dialogue.member.identity(), Some((&Str::from("m"), 1)), "it may commit what it lets go");
    assert_eq!(dialogue.later(5_000).hears().member_epoch, 1, "it lives while its caller lets go");
    dialogue.says(1, None);
    dialogue.member.let_go(&orders(&[0, 1]));
    assert_eq!(dialogue.hears().member_epoch, -1);
    assert!(!dialogue.member.is_over());
    dialogue.says(-1, None);
    assert!(dialogue.member.is_over());
}

#[test]
fn the_broker_hears_at_once_that_a_partition_was_let_go() {
    let mut dialogue = ConsumerDialogue::new();
    dialogue.hears();
    dialogue.says(1, Some(&[0, 1]));
    dialogue.hears();
    dialogue.says(1, None);
    dialogue.told();

    dialogue.later(5_000).hears();
    dialogue.says(1, Some(&[0]));
    assert_eq!(dialogue.told(), [OwnershipEvent::Revoked(orders(&[1]))]);
    dialogue.silent();
    // It lives while its caller takes its time.
    let alive = dialogue.later(5_000).hears();
    assert_eq!(has(&alive), None);
    dialogue.says(1, None);

    dialogue.member.let_go(&orders(&[1]));
    assert_eq!(has(&dialogue.hears()), Some(vec![0]));
    dialogue.says(2, None);
    assert_eq!(dialogue.member.identity(), Some((&Str::from("m"), 2)));
}

#[test]
fn a_fenced_member_loses_everything_and_joins_again_once_it_was_let_go() {
    for code in [ErrorCode::FENCED_MEMBER_EPOCH, ErrorCode::UNKNOWN_MEMBER_ID] {
        let mut dialogue = ConsumerDialogue::new();
        dialogue.hears();
        dialogue.says(3, Some(&[0, 1]));
        dialogue.told();
        dialogue.hears();
        dialogue.refuses(code);
        assert_eq!(dialogue.told(), [OwnershipEvent::Lost(orders(&[0, 1]))]);
        assert_eq!(dialogue.member.identity(), None);
        dialogue.later(60_000).silent();

        dialogue.member.let_go(&orders(&[0, 1]));
        let join = dialogue.hears();
        assert_eq!((join.member_epoch, has(&join)), (0, Some(vec![])));
        assert!(join.subscribed_topic_names.is_some());
    }
}

#[test]
fn after_a_heartbeat_without_an_answer_everything_is_said_again() {
    let mut dialogue = ConsumerDialogue::new();
    dialogue.hears();
    dialogue.says(1, Some(&[0]));
    dialogue.hears();
    dialogue.says(1, None);
    dialogue.later(5_000).hears();
    dialogue.member.handle_failed(Error::new(ErrorKind::Disconnected, "gone"), dialogue.now, 0.5);
    dialogue.later(99).silent();
    let again = dialogue.later(1).hears();
    assert_eq!((again.member_epoch, has(&again)), (1, Some(vec![0])));
    assert!(again.subscribed_topic_names.is_some() && again.rebalance_timeout_ms == 300_000);
}

#[test]
fn a_topic_without_a_name_is_given_once_it_has_one() {
    let mut dialogue = ConsumerDialogue::new();
    dialogue.member.names.clear();
    dialogue.hears();
    dialogue.says(1, Some(&[0]));
    assert_eq!(dialogue.told(), []);
    assert_eq!(dialogue.member.unnamed().collect::<Vec<_>>(), [ORDERS]);
    dialogue.member.handle_names([(ORDERS, Arc::from("orders"))]);
    assert_eq!(dialogue.told(), [OwnershipEvent::Given(orders(&[0]))]);
}

#[test]
fn a_refusal_ends_the_member_and_names_the_group() {
    for (code, kind) in [
        (ErrorCode::GROUP_AUTHORIZATION_FAILED, ErrorKind::Unauthorized),
        (ErrorCode::FENCED_INSTANCE_ID, ErrorKind::Fenced),
        (ErrorCode::INVALID_REGULAR_EXPRESSION, ErrorKind::Broker),
    ] {
        let mut dialogue = ConsumerDialogue::new();
        dialogue.hears();
        dialogue.refuses(code);
        let error = dialogue.member.take_failure().expect("a failure");
        assert_eq!((error.kind(), error.code()), (kind, Some(code)));
        assert!(error.to_string().contains("group g"), "{error}");
        assert!(dialogue.member.is_over());
        assert_eq!(dialogue.member.deadline(), None);
    }
}

#[test]
fn a_coordinator_that_moved_is_asked_again() {
    let mut dialogue = ConsumerDialogue::new();
    dialogue.hears();
    dialogue.refuses(ErrorCode::NOT_COORDINATOR);
    assert!(dialogue.member.take_failure().is_none());
    dialogue.silent();
    assert_eq!(dialogue.member.deadline(), Some(dialogue.now + Duration::from_millis(100)));
    assert_eq!(dialogue.later(100).hears().member_epoch, 0);
}

#[test]
fn a_topic_that_may_not_be_read_is_told_and_tried_again() {
    let mut dialogue = ConsumerDialogue::new();
    dialogue.hears();
    dialogue.refuses(ErrorCode::TOPIC_AUTHORIZATION_FAILED);
    assert_eq!(dialogue.member.take_failure().map(|error| error.kind()), Some(ErrorKind::Unauthorized));
    assert!(!dialogue.member.is_over());
    assert_eq!(dialogue.later(100).hears().member_epoch, 0);
}

#[test]
fn a_static_member_leaves_for_a_while() {
    let mut dialogue = ConsumerDialogue::with(|settings| settings.instance_id = Some(Str::from("i")));
    assert_eq!(dialogue.hears().instance_id.as_deref(), Some("i"));
    dialogue.says(1, Some(&[]));
    dialogue.member.leave();
    assert_eq!(dialogue.hears().member_epoch, -2);
}

/// Its own session of before is the other member: it was killed.
#[test]
fn a_static_name_is_waited_for_until_the_session_that_has_it_must_be_over() {
    let mut dialogue = ConsumerDialogue::with(|settings| settings.instance_id = Some(Str::from("i")));
    let began = dialogue.now;
    while dialogue.now < began + Duration::from_secs(50) {
        assert_eq!(dialogue.hears().member_epoch, 0);
        dialogue.refuses(ErrorCode::UNRELEASED_INSTANCE_ID);
        assert!(dialogue.member.take_failure().is_none() && !dialogue.member.is_over());
        dialogue.silent();
        let next = dialogue.member.deadline().expect("another attempt");
        assert!(
            next > dialogue.now && next <= dialogue.now + Duration::from_millis(1_200),
            "it waits, and not long"
        );
        dialogue.now = next;
    }
    dialogue.hears();
    dialogue.refuses(ErrorCode::UNRELEASED_INSTANCE_ID);
    let error = dialogue.member.take_failure().expect("an end");
    assert_eq!(error.kind(), ErrorKind::Fenced);
    let text = error.to_string();
    assert!(text.contains("member i") && text.contains("another member's"), "{text}");
    assert!(dialogue.member.is_over());
}

#[test]
fn a_name_that_is_released_is_taken_and_its_next_wait_begins_anew() {
    let mut dialogue = ConsumerDialogue::with(|settings| settings.instance_id = Some(Str::from("i")));
    dialogue.hears();
    dialogue.refuses(ErrorCode::UNRELEASED_INSTANCE_ID);
    dialogue.later(45_000).hears();
    dialogue.says(1, Some(&[0]));
    assert_eq!(dialogue.told(), [OwnershipEvent::Given(orders(&[0]))]);
    dialogue.hears();
    dialogue.refuses(ErrorCode::UNKNOWN_MEMBER_ID);
    dialogue.told();
    dialogue.member.let_go(&orders(&[0]));
    dialogue.hears();
    dialogue.refuses(ErrorCode::UNRELEASED_INSTANCE_ID);
    assert_eq!(dialogue.later(45_000).hears().member_epoch, 0, "not given up");
}

#[test]
fn who_leaves_while_it_waits_for_its_name_is_out_at_once() {
    let mut dialogue = ConsumerDialogue::with(|settings| settings.instance_id = Some(Str::from("i")));
    dialogue.hears();
    dialogue.member.leave();
    dialogue.refuses(ErrorCode::UNRELEASED_INSTANCE_ID);
    assert!(dialogue.member.is_over() && dialogue.member.take_failure().is_none());
}

#[test]
fn who_leaves_while_it_joins_tells_the_broker_after() {
    let mut dialogue = ConsumerDialogue::new();
    dialogue.hears();
    dialogue.member.leave();
    dialogue.silent();
    dialogue.says(1, Some(&[0]));
    assert_eq!(dialogue.told(), []);
    assert_eq!(dialogue.hears().member_epoch, -1);
}

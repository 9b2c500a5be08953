//! Brokers and partitions as a script sees them, with a clock held by hand.

use std::sync::Arc;

use bytes::BytesMut;
use upsert_kafka_protocol::ErrorCode;
use upsert_kafka_protocol::messages::{EndTxnResponse, InitProducerIdResponse};
use upsert_kafka_protocol::records::Codec;

use super::*;
use crate::Record;
use crate::producer::coordinator_request::{Protocol, RequestBody, ResponseBody};
use crate::producer::partition::Partition;
use crate::producer::resolution::LogAnswer;
use crate::producer::topic::Topic;
use crate::producer::topic::tests::{metadata, topic};
use crate::retry::Backoff;

const MS: Duration = Duration::from_millis(1);

struct DispatchBench {
    dispatch: Dispatch,
    topic: Topic,
    leaders: Vec<Option<i32>>,
    now: Instant,
    next_id: u64,
}

fn config() -> SequenceConfig {
    SequenceConfig {
        idempotent: true,
        transactional: false,
        codec: Codec::NONE,
        in_flight_max: 2,
        delivery_timeout: 1000 * MS,
        retries: u32::MAX,
        backoff: Backoff::new(100 * MS, 1000 * MS),
        producer_expiration: 3_600_000 * MS,
    }
}

impl DispatchBench {
    fn new(leaders: &[Option<i32>]) -> Self {
        let dispatch = Dispatch::new(config(), 1000, Writer::plain(Backoff::new(100 * MS, 1000 * MS)));
        let now = Instant::now();
        Self { dispatch, topic: topic(leaders), leaders: leaders.to_vec(), now, next_id: 0 }
    }

    fn partition(&self, index: i32) -> Arc<Partition> {
        let slot = self.topic.slot_for(&Record::new(&self.topic).partition(index)).unwrap();
        Arc::clone(&slot.partition)
    }

    /// A new view of the cluster, in which these lead.
    fn lead(&mut self, leaders: &[Option<i32>]) {
        self.leaders = leaders.to_vec();
        let topic = Arc::new(metadata(leaders));
        let view = Metadata { topics: [(Arc::clone(&topic.name), topic)].into(), ..Default::default() };
        self.dispatch.handle_leaders(&view, self.now);
    }

    /// A batch of one record for each of these partitions.
    fn add(&mut self, partitions: &[i32], bytes: usize) {
        partitions.iter().for_each(|index| self.enter(*index, bytes));
        self.introduce();
    }

    fn enter(&mut self, index: i32, bytes: usize) {
        let value = vec![7; bytes];
        let record = Record::new(&self.topic).value(&value);
        let buffer = BytesMut::zeroed(bytes + 100);
        let mut batch = Batch::new(self.next_id, self.partition(index), buffer, self.now);
        drop(batch.append(&record, 0).unwrap());
        self.dispatch.handle_batch(batch, self.leaders[index as usize], self.now);
        self.next_id += 1;
    }

    /// A broker answers the question for a producer id, if it was asked.
    fn introduce(&mut self) {
        if self.dispatch.poll_coordinator_request(self.now).is_some() {
            let told = InitProducerIdResponse { producer_id: 7, ..Default::default() };
            let heard =
                CoordinatorResponse { body: ResponseBody::InitProducerId(told), offered: Protocol::Classic };
            self.dispatch.handle_response(Ok(heard), self.now, 0.5);
        }
    }

    fn request(&mut self, node: i32) -> Option<OutgoingBatches> {
        self.dispatch.poll_request(node, self.now)
    }

    fn answer(&mut self, outgoing: &OutgoingBatches, answer: &BatchAnswer) {
        self.dispatch.handle_request_done(outgoing.node);
        for sent in &outgoing.batches {
            self.dispatch.handle_answer(sent, answer.clone(), self.now, 0.5);
        }
    }

    /// The partition's leader has taken a batch before.
    fn known(mut self, index: i32, node: i32) -> Self {
        self.add(&[index], 10);
        let sent = self.request(node).unwrap();
        self.answer(&sent, &written());
        assert_eq!(self.done(), 1);
        self.next_id = 0;
        self
    }

    fn transactional(leaders: &[Option<i32>]) -> Self {
        let writer = Writer::transactional(Arc::from("t"), 1000, Backoff::new(100 * MS, 1000 * MS));
        let dispatch = Dispatch::new(SequenceConfig { transactional: true, ..config() }, 1000, writer);
        Self { dispatch, ..Self::new(leaders) }
    }

    fn order(&mut self, order: Order) {
        self.dispatch.handle_order(order, Some(1), self.now);
    }

    /// What a coordinator is asked, and answers as it should.
    fn ask(&mut self, offered: Protocol) -> Option<&'static str> {
        let question = self.dispatch.poll_coordinator_request(self.now)?.body;
        let reply = match question {
            RequestBody::InitProducerId(_) => {
                ResponseBody::InitProducerId(InitProducerIdResponse { producer_id: 7, ..Default::default() })
            }
            RequestBody::AddPartitionsToTxn(_) => ResponseBody::AddPartitionsToTxn(Default::default()),
            RequestBody::EndTxn(_) if offered == Protocol::V2 => ResponseBody::EndTxn(EndTxnResponse {
                producer_id: 7,
                producer_epoch: 1,
                ..Default::default()
            }),
            RequestBody::EndTxn(_) => ResponseBody::EndTxn(EndTxnResponse::default()),
            RequestBody::AddOffsetsToTxn(_) | RequestBody::TxnOffsetCommit(_) => return None,
        };
        self.dispatch.handle_response(Ok(CoordinatorResponse { body: reply, offered }), self.now, 0.5);
        Some(question.api())
    }

    fn backlogs(&mut self) -> Vec<Backlog> {
        std::iter::from_fn(|| self.dispatch.poll_backlog()).collect()
    }

    fn done(&mut self) -> usize {
        std::iter::from_fn(|| self.dispatch.poll_report()).count()
    }
}

fn of(outgoing: Option<&OutgoingBatches>) -> Vec<(i32, u64)> {
    let batches = outgoing.map_or(&[][..], |outgoing| &outgoing.batches);
    batches.iter().map(|sent| (sent.partition.index, sent.batch.key.id)).collect()
}

fn written() -> BatchAnswer {
    BatchAnswer::Written { base_offset: 0, log_append_time_ms: None }
}

fn moved() -> BatchAnswer {
    BatchAnswer::Refused {
        error: Error::from_code(ErrorCode::NOT_LEADER_OR_FOLLOWER, "Produce"),
        records: vec![],
    }
}

#[test]
fn a_request_takes_one_batch_of_each_partition_that_the_broker_leads() {
    let mut bench = DispatchBench::new(&[Some(1), Some(2), Some(1)]).known(0, 1);
    bench.add(&[0, 0, 1, 2], 10);
    assert_eq!(bench.dispatch.poll_ready_brokers(bench.now), [1, 2]);
    let mut first = of(bench.request(1).as_ref());
    first.sort_unstable();
    assert_eq!(first, [(0, 0), (2, 3)]);
    assert_eq!(of(bench.request(1).as_ref()), [(0, 1)]);
    assert_eq!(of(bench.request(2).as_ref()), [(1, 2)]);
}

#[test]
fn a_request_is_no_larger_than_allowed_unless_one_batch_is() {
    let mut bench = DispatchBench::new(&[Some(1); 3]);
    bench.add(&[0, 1], 500);
    assert_eq!(of(bench.request(1).as_ref()), [(0, 0)]);
    assert_eq!(of(bench.request(1).as_ref()), [(1, 1)]);
    let mut bench = DispatchBench::new(&[Some(1); 3]);
    bench.add(&[2], 5000);
    assert_eq!(of(bench.request(1).as_ref()), [(2, 0)]);
}

#[test]
fn a_broker_has_so_many_requests_in_flight_and_no_more() {
    let mut bench = DispatchBench::new(&[Some(1); 3]);
    bench.add(&[0, 1, 2], 600);
    let first = bench.request(1).unwrap();
    assert!(bench.request(1).is_some() && bench.request(1).is_none());
    assert!(bench.dispatch.poll_ready_brokers(bench.now).is_empty());
    bench.answer(&first, &written());
    assert_eq!(bench.done(), 1);
    assert_eq!(of(bench.request(1).as_ref()), [(2, 2)]);
}

#[test]
fn batches_follow_a_leader_that_moved_in_their_order() {
    let mut bench = DispatchBench::new(&[Some(1)]).known(0, 1);
    bench.add(&[0, 0, 0], 10);
    let (first, second) = (bench.request(1).unwrap(), bench.request(1).unwrap());
    bench.answer(&first, &moved());
    assert!(bench.dispatch.poll_metadata(), "leaders are asked for");
    bench.lead(&[Some(2)]);
    bench.now += 100 * MS;
    bench.dispatch.handle_timeout(bench.now);
    assert!(bench.request(2).is_none(), "the second still flies to the old leader");
    bench.answer(&second, &moved());
    bench.now += 100 * MS;
    bench.dispatch.handle_timeout(bench.now);
    assert_eq!(bench.dispatch.poll_ready_brokers(bench.now), [2]);
    assert_eq!(of(bench.request(2).as_ref()), [(0, 0)]);
    assert_eq!(of(bench.request(2).as_ref()), [(0, 1)]);
}

fn unreachable() -> Error {
    Error::new(ErrorKind::Unreachable, "nobody answers")
}

#[test]
fn a_broker_that_lost_what_waited_for_it_is_looked_for_no_more() {
    let mut bench = DispatchBench::new(&[Some(1), Some(1)]).known(0, 1);
    bench.add(&[0, 1], 10);
    assert_eq!(bench.dispatch.poll_ready_brokers(bench.now), [1]);
    // It is out of reach, and others lead in its place.
    bench.dispatch.handle_unreachable(1, &unreachable(), bench.now, 0.5);
    bench.lead(&[Some(2), Some(3)]);
    bench.now += 2000 * MS;
    assert_eq!(bench.dispatch.poll_ready_brokers(bench.now), [2, 3]);
    // The batches expire where nobody can be reached at all.
    bench.dispatch.handle_timeout(bench.now);
    assert_eq!(bench.dispatch.poll_ready_brokers(bench.now), [0; 0]);
    assert_eq!(bench.dispatch.deadline(), None);
}

/// Both partitions' leader may have appended a batch, refuses it now, and is to be asked what its logs hold.
fn doubted() -> DispatchBench {
    let mut bench = DispatchBench::new(&[Some(1), Some(1)]).known(0, 1).known(1, 1);
    bench.add(&[0, 1], 10);
    for code in [ErrorCode::NOT_ENOUGH_REPLICAS_AFTER_APPEND, ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER] {
        let sent = bench.request(1).unwrap();
        assert_eq!(sent.batches.len(), 2);
        let error = Error::from_code(code, "Produce");
        bench.answer(&sent, &BatchAnswer::Refused { error, records: vec![] });
        bench.now += 100 * MS;
        bench.dispatch.handle_timeout(bench.now);
    }
    assert!(bench.request(1).is_none(), "nothing leaves before the logs have told");
    bench
}

fn place(request: Option<&LogRequest>) -> Option<(i32, i32)> {
    request.map(|request| (request.node, request.partition.index))
}

#[test]
fn a_leader_is_asked_about_one_log_after_the_other() {
    let mut bench = doubted();
    assert_eq!(bench.dispatch.poll_log_query_brokers(bench.now), [1]);
    let first = bench.dispatch.poll_log_request(1, bench.now);
    assert_eq!(place(first.as_ref()), Some((1, 0)));
    assert!(
        bench.dispatch.poll_log_query_brokers(bench.now).is_empty()
            && bench.dispatch.poll_log_request(1, bench.now).is_none()
    );
    let gone = Err(Error::from_code(ErrorCode::NOT_LEADER_OR_FOLLOWER, "ListOffsets"));
    bench.dispatch.handle_log_answer(&first.unwrap(), gone, bench.now, 0.5);
    assert!(bench.dispatch.poll_metadata(), "leaders are asked for");
    let second = bench.dispatch.poll_log_request(1, bench.now);
    assert_eq!(place(second.as_ref()), Some((1, 1)));
    // It holds nothing behind what was acknowledged: the log was cut off, and the batch fails.
    let cut_off = Ok(LogAnswer::HighWatermark(0));
    bench.dispatch.handle_log_answer(&second.unwrap(), cut_off, bench.now, 0.5);
    assert_eq!(bench.done(), 1);
    assert!(bench.dispatch.poll_log_request(1, bench.now).is_none(), "the first one backs off");
    bench.now += 100 * MS;
    bench.dispatch.handle_timeout(bench.now);
    assert_eq!(place(bench.dispatch.poll_log_request(1, bench.now).as_ref()), Some((1, 0)));
}

#[test]
fn a_query_of_a_log_follows_a_leader_that_moved() {
    let mut bench = doubted();
    bench.lead(&[Some(2), Some(1)]);
    assert_eq!(bench.dispatch.poll_log_query_brokers(bench.now), [1, 2]);
    assert_eq!(place(bench.dispatch.poll_log_request(1, bench.now).as_ref()), Some((1, 1)));
    assert_eq!(place(bench.dispatch.poll_log_request(2, bench.now).as_ref()), Some((2, 0)));
}

#[test]
fn a_place_in_the_queue_from_the_transaction_before_begins_none() {
    let mut bench = DispatchBench::transactional(&[Some(1)]);
    bench.order(Order::Begin);
    assert_eq!(bench.ask(Protocol::V2), Some("InitProducerId"));
    bench.enter(0, 10);
    bench.order(Order::Abort);
    _ = bench.ask(Protocol::V2);
    bench.order(Order::Begin);
    bench.enter(0, 10);
    let sent = bench.request(1).unwrap();
    bench.answer(&sent, &written());
    bench.order(Order::Commit);
    assert_eq!(bench.ask(Protocol::V2), Some("EndTxn"), "or it would be told as committed, and never seen");
}

#[test]
fn without_a_leader_batches_wait_and_leaders_are_asked_for() {
    let mut bench = DispatchBench::new(&[None]);
    bench.add(&[0], 10);
    assert!(bench.dispatch.poll_ready_brokers(bench.now).is_empty() && bench.dispatch.poll_metadata());
    bench.lead(&[Some(3)]);
    assert_eq!(of(bench.request(3).as_ref()), [(0, 0)]);
}

#[test]
fn a_broker_that_asks_for_a_pause_is_left_alone_for_so_long() {
    let mut bench = DispatchBench::new(&[Some(1)]);
    bench.add(&[0], 10);
    let until = bench.now + 50 * MS;
    bench.dispatch.handle_throttle(1, 50, bench.now);
    assert!(bench.dispatch.poll_ready_brokers(bench.now).is_empty() && bench.request(1).is_none());
    assert_eq!(bench.dispatch.deadline(), Some(until));
    bench.now = until;
    assert_eq!(bench.dispatch.poll_ready_brokers(bench.now), [1]);
    assert!(bench.request(1).is_some());
}

#[test]
fn what_is_held_leaves_when_a_later_moment_is_named_and_what_was_sent_is_not_sent_again_before() {
    let mut bench = DispatchBench::new(&[Some(1), Some(1)]).known(0, 1);
    bench.add(&[0], 10);
    let sent = bench.request(1).expect("a request");
    let now = bench.now;
    bench.dispatch.hold_from(Some(now));
    bench.answer(&sent, &moved());
    bench.add(&[1], 10);
    bench.now += 200 * MS;
    bench.dispatch.handle_timeout(bench.now);
    assert!(bench.dispatch.poll_ready_brokers(bench.now).is_empty());
    assert!(bench.request(1).is_none());
    bench.dispatch.hold_from(Some(bench.now + MS));
    assert_eq!(bench.dispatch.poll_ready_brokers(bench.now), [1]);
    assert_eq!(of(bench.request(1).as_ref()).len(), 2);
}

#[test]
fn a_broker_out_of_reach_is_left_alone_for_a_while_and_leaders_are_asked_for() {
    let mut bench = DispatchBench::new(&[Some(1)]);
    bench.add(&[0], 10);
    bench.dispatch.handle_unreachable(1, &unreachable(), bench.now, 0.5);
    assert!(bench.dispatch.poll_metadata());
    assert!(bench.dispatch.poll_ready_brokers(bench.now).is_empty() && bench.request(1).is_none());
    bench.now = bench.dispatch.deadline().unwrap();
    assert_eq!(of(bench.request(1).as_ref()), [(0, 0)]);
}

#[test]
fn batches_expire_where_nobody_leads() {
    let mut bench = DispatchBench::new(&[None]);
    bench.add(&[0], 10);
    let due = bench.now + 1000 * MS;
    assert_eq!(bench.dispatch.deadline(), Some(due));
    bench.now = due;
    bench.dispatch.handle_timeout(bench.now);
    let done = bench.dispatch.poll_report();
    assert!(matches!(done, Some(DeliveryReport::Final(_, Outcome::Failed { .. }))), "{done:?}");
    assert_eq!(bench.dispatch.deadline(), None);
}

#[test]
fn before_the_first_batch_the_producer_is_introduced() {
    let mut bench = DispatchBench::new(&[Some(1)]);
    bench.enter(0, 10);
    assert!(bench.request(1).is_none());
    bench.introduce();
    assert!(bench.request(1).is_some() && bench.dispatch.poll_coordinator_request(bench.now).is_none());
}

#[test]
fn a_place_in_the_queue_from_the_transaction_before_lets_nothing_leave_unannounced() {
    let mut bench = DispatchBench::transactional(&[Some(1)]);
    bench.order(Order::Begin);
    assert_eq!(bench.ask(Protocol::Classic), Some("InitProducerId"));
    bench.enter(0, 10);
    assert_eq!(bench.ask(Protocol::Classic), Some("AddPartitionsToTxn"));
    // What waits in the queue now is given up, its place is not.
    bench.order(Order::Abort);
    assert_eq!(bench.ask(Protocol::Classic), Some("EndTxn"));
    bench.order(Order::Begin);
    bench.enter(0, 10);
    assert!(bench.request(1).is_none(), "the coordinator knows nothing of it");
    assert_eq!(bench.ask(Protocol::Classic), Some("AddPartitionsToTxn"));
    assert!(bench.request(1).is_some());
}

#[test]
fn when_all_is_given_up_what_gathers_behind_it_is_let_go_too() {
    let mut bench = DispatchBench::new(&[Some(1)]);
    bench.add(&[0, 0], 10);
    let outgoing = bench.request(1).unwrap();
    let partition = bench.partition(0).number;
    assert_eq!(bench.backlogs(), [Backlog { partition, waits: true }], "an open batch gathers more");
    let error = Error::from_code(ErrorCode::PRODUCER_FENCED, "Produce");
    bench.answer(&outgoing, &BatchAnswer::Refused { error, records: vec![] });
    assert_eq!(bench.backlogs(), [Backlog { partition, waits: false }]);
}

#[test]
fn a_backlog_is_told_when_it_has_changed_since_it_was_told() {
    let mut bench = DispatchBench::new(&[Some(1)]);
    bench.add(&[0], 10);
    let outgoing = bench.request(1).unwrap();
    assert_eq!(bench.backlogs(), [], "it came and left");
    bench.add(&[0, 0], 10);
    let partition = bench.partition(0).number;
    assert_eq!(bench.backlogs(), [Backlog { partition, waits: true }]);
    assert_eq!(bench.backlogs(), []);
    bench.answer(&outgoing, &written());
    assert!(bench.request(1).is_some());
    assert_eq!(bench.backlogs(), [], "one waits still");
    assert!(bench.request(1).is_some());
    assert_eq!(bench.backlogs(), [Backlog { partition, waits: false }]);
}

#[test]
fn a_leader_that_the_view_does_not_tell_of_stays() {
    let mut bench = DispatchBench::new(&[Some(1)]);
    bench.add(&[0], 10);
    bench.dispatch.handle_leaders(&Metadata::default(), bench.now);
    assert_eq!(of(bench.request(1).as_ref()), [(0, 0)]);
}

#[test]
fn a_fenced_producer_never_sends_again() {
    let mut bench = DispatchBench::new(&[Some(1); 2]);
    bench.add(&[0], 10);
    let outgoing = bench.request(1).unwrap();
    bench.add(&[1], 10);
    let error = Error::from_code(ErrorCode::PRODUCER_FENCED, "Produce");
    bench.answer(&outgoing, &BatchAnswer::Refused { error, records: vec![] });
    bench.add(&[0], 10);
    assert_eq!(bench.done(), 3);
    assert!(bench.dispatch.fatal().is_some_and(Error::is_fenced));
    assert!(bench.request(1).is_none());
}

#[test]
fn a_broker_is_behind_while_a_batch_waits_for_it_or_all_that_may_fly_does() {
    let mut bench = DispatchBench::new(&[Some(1), Some(2)]);
    bench.add(&[0], 10);
    assert_eq!(bench.dispatch.brokers_behind(), [1]);
    let first = bench.request(1).unwrap();
    assert_eq!(bench.dispatch.brokers_behind(), [0; 0], "it takes more");
    bench.add(&[0, 0, 1], 10);
    while bench.request(1).is_some() {}
    assert_eq!(bench.dispatch.brokers_behind(), [1, 2]);
    bench.answer(&first, &written());
    while bench.request(1).is_some() {}
    assert!(bench.request(2).is_some());
    assert_eq!(bench.dispatch.brokers_behind(), [1], "all that may fly to it does");
}

//! The task behind a producer: moves batches to brokers and answers back. What goes where and when, the cores decide.

use std::collections::BTreeMap;
use std::future::{Future, pending, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use upsert_kafka_protocol::messages::produce::{ProduceRequest, ProduceResponse};

use super::ProducerShared;
use super::coordinator_client;
use super::coordinator_request::CoordinatorResponse;
use super::dispatch::{DeliveryReport, Dispatch, OutgoingBatches};
use super::hand_over::{hand_over_batches, report_backlogs};
use super::leader_connection::{BrokerEvent, LeaderConnection, SentRequest};
use super::orders::{OrderDone, OrderReply, TransactionLease};
use super::request;
use super::sequence::SequenceConfig;
use super::transactions::{Order, Ticket};
use super::verdict::BatchAnswer;
use super::writer::Writer;
use crate::cluster::{Cluster, View};
use crate::connection::Connection;
use crate::environment::until;
use crate::error::Scope;
use crate::retry::{Backoff, Chance};
use crate::{Config, Error, ErrorKind};

/// Owns the dispatch and a connection to each leader. It ends when the producer is closed or dropped and every record
/// has its outcome.
pub(super) struct Sender {
    shared: Arc<ProducerShared>,
    cluster: Cluster,
    view: View,
    dispatch: Dispatch,
    leaders: BTreeMap<i32, LeaderConnection>,
    coordinator_call: Option<CoordinatorCall>,
    /// Orders of callers that have no end yet.
    pending_orders: BTreeMap<Ticket, PendingOrder>,
    tickets: Ticket,
    /// How long a closed producer waits for its transaction to be aborted: the coordinator has done so by then.
    close_deadline: Option<Instant>,
    chance: Chance,
}

type CoordinatorCall = Pin<Box<dyn Future<Output = Result<CoordinatorResponse, Error>> + Send>>;

/// An order whose caller waits for its end. It may open a transaction, and one that was resumed takes no records.
struct PendingOrder {
    opens: bool,
    resumes: bool,
    reply: OrderReply,
}

/// Why the loop runs once more. Whatever there is to do is found by polling the cores at its top.
enum Event {
    Work,
    View,
    Due,
    Broker(i32, BrokerEvent),
    Coordinator(Result<CoordinatorResponse, Error>),
}

impl Sender {
    pub(super) fn new(shared: Arc<ProducerShared>, cluster: Cluster) -> Self {
        let config = cluster.config();
        let sequence_config = sequence_config(config);
        let writer = writer(config);
        Self {
            shared,
            view: cluster.watch(),
            dispatch: Dispatch::new(sequence_config, config.max_request_size, writer),
            leaders: BTreeMap::new(),
            coordinator_call: None,
            pending_orders: BTreeMap::new(),
            tickets: 0,
            close_deadline: None,
            chance: cluster.environment().chance(),
            cluster,
        }
    }

    pub(super) async fn run(mut self) {
        loop {
            let now = self.shared.clock.now();
            self.handle_leases();
            let orders = self.shared.orders.take();
            if !orders.is_empty() {
                // What was sent before an order belongs to the transaction that it is about.
                self.shared.accumulator.close_all(now);
            }
            report_backlogs(&self.shared.accumulator, &mut self.dispatch, now);
            let lingering = self.shared.accumulator.expire(now);
            hand_over_batches(&self.shared.accumulator, &mut self.dispatch, now);
            self.shared.report_used_topics(&self.cluster, now);
            orders.into_iter().for_each(|(order, reply)| self.handle_order(order, reply, now));
            self.dispatch.handle_timeout(now);
            self.send(now);
            self.report(now);
            if self.is_over(now) {
                return;
            }
            let due = [lingering, self.dispatch.deadline(), self.close_deadline].into_iter().flatten().min();
            match self.next_event(due).await {
                Event::Work | Event::Due => {}
                Event::View => self.handle_view(),
                Event::Broker(node, broker_event) => self.handle_broker_event(node, broker_event),
                Event::Coordinator(response) => self.handle_coordinator(response),
            }
        }
    }

    /// Records leave while those that they are written for are members.
    fn handle_leases(&mut self) {
        let leases = self.shared.leases.lock();
        self.dispatch.hold_from(leases.until());
        if leases.is_lost() && self.dispatch.fatal().is_none() {
            let sentence = "the group has gone on without the member that this producer writes for";
            self.dispatch.abandon(&Error::new(ErrorKind::MembershipLost, sentence));
        }
    }

    /// Every branch keeps its state in `self` or in the producer, so that dropping a branch half-way loses nothing.
    async fn next_event(&mut self, due: Option<Instant>) -> Event {
        let Self { shared, view, leaders, coordinator_call, .. } = self;
        tokio::select! {
            biased;
            event = poll_fn(|context| broker_event(leaders, context)) => event,
            response = coordinator_response(coordinator_call) => Event::Coordinator(response),
            () = shared.work.notified() => Event::Work,
            // The cluster's task lives as long as this one's handle to it.
            _ = view.changed() => Event::View,
            () = until(due) => Event::Due,
        }
    }

    /// Sends what can leave; where that ends a backlog, the batch that was kept open for it is closed and sent too.
    fn send(&mut self, now: Instant) {
        self.send_ready(now);
        while report_backlogs(&self.shared.accumulator, &mut self.dispatch, now) {
            hand_over_batches(&self.shared.accumulator, &mut self.dispatch, now);
            self.send_ready(now);
        }
    }

    fn send_ready(&mut self, now: Instant) {
        for id in self.dispatch.poll_ready_brokers(now) {
            let Some(connection) = self.leaders.entry(id).or_default().connection(id, &self.cluster) else {
                continue;
            };
            while let Some(outgoing) = self.dispatch.poll_request(id, now) {
                self.submit(&connection, outgoing, now);
                self.shared.handle_drained(id);
            }
        }
        self.shared.handle_behind(|| self.dispatch.brokers_behind(), now);
        for id in self.dispatch.poll_log_query_brokers(now) {
            if let Some(request) = self.dispatch.poll_log_request(id, now) {
                self.leaders.entry(id).or_default().read(request, &self.cluster);
            }
        }
        if let Some(request) = self.dispatch.poll_coordinator_request(now) {
            let call = coordinator_client::send(self.cluster.clone(), request);
            self.coordinator_call = Some(Box::pin(call));
        }
        if self.dispatch.poll_metadata() {
            self.cluster.refresh();
        }
    }

    fn submit(&mut self, connection: &Connection, outgoing: OutgoingBatches, now: Instant) {
        let config = self.cluster.config();
        let metadata = self.cluster.metadata();
        let version = connection.version_up_to::<ProduceRequest>(request::version_max(&outgoing, &metadata));
        let timeout_ms = i32::try_from(config.request_timeout.as_millis()).unwrap_or(i32::MAX);
        let produce = request::request(&outgoing, &metadata, config.acks, timeout_ms);
        self.measure(&outgoing, now);
        match version {
            Ok(version) => {
                let node = self.leaders.entry(outgoing.node).or_default();
                let request = SentRequest { outgoing, produce, version, at: now };
                node.send(connection, request, config.acks, config.request_timeout);
            }
            Err(error) => {
                self.settle(&SentRequest { outgoing, produce, version: 0, at: now }, Err(error), now);
            }
        }
    }

    fn handle_broker_event(&mut self, node: i32, broker_event: BrokerEvent) {
        let now = self.shared.clock.now();
        match broker_event {
            BrokerEvent::Connected => {}
            BrokerEvent::Unreachable(error) => {
                tracing::debug!(node, %error, "a broker cannot be reached");
                self.dispatch.handle_unreachable(node, &error, now, self.chance.draw());
            }
            BrokerEvent::Answered(request, response) => self.settle(&request, response, now),
            BrokerEvent::Read(request, answer) => {
                self.dispatch.handle_log_answer(&request, answer, now, self.chance.draw());
            }
        }
    }

    fn settle(
        &mut self,
        request: &SentRequest,
        response: Result<Option<ProduceResponse>, Error>,
        now: Instant,
    ) {
        let sent = &request.outgoing.batches;
        let told = response.as_ref().ok().and_then(Option::as_ref);
        let throttle_ms = told.map_or(0, |response| response.throttle_time_ms.max(0).unsigned_abs());
        let latency = told.map(|_| now.saturating_duration_since(request.at));
        self.shared.meter.lock().handle_answer(latency, throttle_ms, now);
        let answers = match response {
            Ok(Some(response)) => {
                self.handle_hints(request, &response, now);
                request::answers(&request.produce, request.version, &response)
            }
            // With acks=0 this is all that is ever known.
            Ok(None) => vec![BatchAnswer::Written { base_offset: -1, log_append_time_ms: None }; sent.len()],
            Err(error) => vec![BatchAnswer::Lost(error); sent.len()],
        };
        self.dispatch.handle_request_done(request.outgoing.node);
        for (sent, answer) in sent.iter().zip(answers) {
            self.dispatch.handle_answer(sent, answer, now, self.chance.draw());
        }
    }

    /// What a response says besides its answers: where leaders moved (KIP-951), and how long to pause (KIP-219).
    fn handle_hints(&mut self, request: &SentRequest, response: &ProduceResponse, now: Instant) {
        for (topic, partition, leader, epoch) in
            request::leader_hints(&request.produce, request.version, response)
        {
            self.cluster.leader_moved(&topic, partition, leader, epoch);
        }
        let (node, pause_ms) = (request.outgoing.node, response.throttle_time_ms);
        self.dispatch.handle_throttle(node, pause_ms, now);
        if let Ok(pause_ms @ 1..) = u64::try_from(pause_ms)
            && let Some(known) = self.leaders.get_mut(&node)
            && let Some(connection) = known.connection(node, &self.cluster)
        {
            connection.pause(Duration::from_millis(pause_ms));
        }
    }

    fn handle_coordinator(&mut self, response: Result<CoordinatorResponse, Error>) {
        self.coordinator_call = None;
        self.dispatch.handle_response(response, self.shared.clock.now(), self.chance.draw());
    }

    fn handle_order(&mut self, order: Order, reply: Option<OrderReply>, now: Instant) {
        let opens = matches!(order, Order::Begin | Order::Resume(_));
        if matches!(order, Order::Commit | Order::Abort) {
            self.shared.gate.shut(self.shared.accumulator.closed());
        }
        if let (Order::Begin, Some(pending)) = (&order, self.pending_orders.values_mut().find(|it| it.opens))
            && pending.reply.is_closed()
            && let Some(reply) = reply
        {
            // The caller that waited for a transaction has gone away: this one takes its place.
            pending.reply = reply;
            return;
        }
        self.tickets += 1;
        let ticket = reply.map(|reply| {
            self.pending_orders.insert(
                self.tickets,
                PendingOrder { opens, resumes: matches!(order, Order::Resume(_)), reply },
            );
            self.tickets
        });
        self.dispatch.handle_order(order, ticket, now);
    }

    /// Ends orders, and opens or shuts the gate for records.
    fn settle_orders(&mut self) {
        while let Some((ticket, result)) = self.dispatch.poll_settled() {
            let Some(PendingOrder { opens, resumes, reply }) = self.pending_orders.remove(&ticket) else {
                continue;
            };
            if opens && !resumes && result.is_ok() {
                self.shared.gate.open();
            }
            let lease = |opens: bool| opens.then(|| TransactionLease::new(&self.shared.orders));
            // The caller may have gone away; a lease that is dropped orders an abort.
            _ = reply.send(result.map(|identity| OrderDone { identity, lease: lease(opens) }));
        }
        if let Some(error) = self.dispatch.transactions().and_then(|transactions| transactions.error()) {
            self.shared.gate.shut(Some(error.clone()));
        }
    }

    fn handle_view(&mut self) {
        let view = self.view.see();
        self.shared.update(&view);
        self.dispatch.handle_leaders(&view, self.shared.clock.now());
    }

    /// Deliveries learn their outcomes, and memory comes back.
    fn report(&mut self, now: Instant) {
        self.settle_orders();
        if let Some(error) = self.dispatch.fatal() {
            self.shared.accumulator.close(error.clone());
        }
        while let Some(done) = self.dispatch.poll_report() {
            let failed = done.failed();
            let first = match done {
                DeliveryReport::Final(batch, outcome) => {
                    let first = self.shared.accumulator.complete(batch, outcome);
                    self.shared.freed.notify_one();
                    first
                }
                DeliveryReport::Early(expired, outcome) => {
                    self.shared.accumulator.report(&expired.token, outcome)
                }
            };
            if let Some((topic, records)) = failed.filter(|_| first) {
                self.shared.meter.lock().handle_failure(&topic, records, now);
            }
        }
        match self.dispatch.poll_splits() {
            0 => {}
            splits => self.shared.meter.lock().handle_splits(splits, now),
        }
    }

    fn measure(&self, outgoing: &OutgoingBatches, now: Instant) {
        let batches = outgoing.batches.iter().map(|sent| (&sent.partition.topic, sent.batch.stats));
        self.shared.meter.lock().handle_request(batches, now);
    }

    fn is_over(&mut self, now: Instant) -> bool {
        let accumulator = &self.shared.accumulator;
        if !(accumulator.is_closed() && accumulator.is_idle()) {
            return self.shared.is_abandoned();
        }
        let busy = self.dispatch.transactions().is_some_and(|transactions| transactions.is_busy());
        let close_deadline =
            *self.close_deadline.get_or_insert(now + self.cluster.config().transaction_timeout);
        self.shared.is_abandoned() || !busy || close_deadline <= now
    }
}

/// Callers must not wait for a task that is gone, be it with its runtime.
impl Drop for Sender {
    fn drop(&mut self) {
        let error = Error::new(ErrorKind::Closed, "the producer has ended").with_written(true);
        self.shared.abandon(&error);
        let ended = self.dispatch.fatal().cloned();
        self.shared
            .orders
            .end(&ended.unwrap_or_else(|| error.with_written(false).with_scope(Scope::Producer)));
    }
}

fn broker_event(leaders: &mut BTreeMap<i32, LeaderConnection>, context: &mut Context<'_>) -> Poll<Event> {
    for (id, node) in leaders {
        if let Poll::Ready(broker_event) = node.poll(context) {
            return Poll::Ready(Event::Broker(*id, broker_event));
        }
    }
    Poll::Pending
}

async fn coordinator_response(call: &mut Option<CoordinatorCall>) -> Result<CoordinatorResponse, Error> {
    match call {
        Some(call) => call.await,
        None => pending().await,
    }
}

/// The settings of each partition's sequence.
pub(super) fn sequence_config(config: &Config) -> SequenceConfig {
    SequenceConfig {
        idempotent: config.enable_idempotence,
        transactional: config.transactional_id.is_some(),
        codec: config.codec(),
        in_flight_max: config.max_in_flight,
        delivery_timeout: config.delivery_timeout,
        retries: config.retries,
        backoff: Backoff::new(config.retry_backoff, config.retry_backoff_max),
        producer_expiration: PRODUCER_EXPIRATION,
    }
}

/// How long brokers are trusted to keep a producer id that is silent. Their `producer.id.expiration.ms` is a day by
/// default.
const PRODUCER_EXPIRATION: Duration = Duration::from_secs(3600);

/// Who writes: with transactions, or without.
pub(super) fn writer(config: &Config) -> Writer {
    let backoff = Backoff::new(config.retry_backoff, config.retry_backoff_max);
    match &config.transactional_id {
        Some(id) => {
            let timeout_ms = i32::try_from(config.transaction_timeout.as_millis()).unwrap_or(i32::MAX);
            Writer::transactional(Arc::from(id.as_str()), timeout_ms, backoff)
        }
        None => Writer::plain(backoff),
    }
}

/// The settings that bound the accumulator.
pub(super) fn limits(config: &Config) -> super::accumulator::AccumulatorLimits {
    super::accumulator::AccumulatorLimits {
        batch_size: config.batch_size,
        linger: config.linger,
        buffer_memory: config.buffer_memory,
        max_request_size: config.max_request_size,
    }
}

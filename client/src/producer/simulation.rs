//! A producer whose bytes, time and chance are arguments: the shipped cores, carried by hand.
//!
//! It stands where [`Producer`](crate::Producer)'s task, the cluster's and the connections' stand, and
//! only carries as they do. Tell it what happened with `handle_*`, then take what there is to do with
//! `poll_*` until there is none, and call [`Machine::handle_timeout`] at [`Machine::deadline`].

use std::collections::{BTreeMap, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use bytes::Bytes;
use upsert_kafka_protocol::messages::ProduceResponse;

use super::accumulator::{Accumulator, Appended, Refusal};
use super::coordinator_request::{CoordinatorResponse, ResponseBody};
use super::dispatch::{DeliveryReport, Dispatch, OutgoingBatches};
use super::leader_connection::SentRequest;
use super::send_gate::SendGate;
use super::sticky::StickySettings;
use super::topic::{ProducerNumber, Topic, TopicSettings, TopicUpdate};
use super::transactions::{Order, Ticket};
use super::verdict::BatchAnswer;
use super::{Delivery, ProducerId, request, sender};
use crate::config::Address;
use crate::retry::Chance;
use crate::{Config, Error, ErrorKind, Receipt, Record};
use connections::{ConnectionEvent, Connections};
pub use injected_bug::InjectedBug;
use injected_bug::Injector;

mod broker_connection;
mod connections;
mod injected_bug;
mod orders;
mod pending_request;

/// One producer.
pub struct Machine {
    config: Arc<Config>,
    accumulator: Accumulator,
    dispatch: Dispatch,
    gate: SendGate,
    number: ProducerNumber,
    topics: BTreeMap<Arc<str>, Topic>,
    partition_numbers: AtomicUsize,
    connections: Connections,
    chance: Chance,
    deliveries: Vec<(u64, Delivery)>,
    sent: u64,
    outcomes: VecDeque<(u64, Result<Receipt, Error>)>,
    orders: VecDeque<(Order, Option<Ticket>)>,
    begins: Vec<Ticket>,
    /// Commits, each with the number of the first record that was sent after it.
    commits: Vec<(Ticket, u64)>,
    tickets: Ticket,
    settled: VecDeque<(Ticket, Result<ProducerId, Error>)>,
    lingering: Option<Instant>,
    identity: Option<ProducerId>,
    injector: Injector,
}

/// What the network is to do.
#[derive(Debug)]
pub enum Output {
    /// Dial this address; answer with `handle_opened` or `handle_closed`.
    Open {
        /// The number of the connection, never used again.
        connection: u64,
        /// Where to.
        address: Address,
    },
    /// Send these behind those before; say with `handle_written` how many have left.
    Send {
        /// On which connection.
        connection: u64,
        /// What.
        bytes: Bytes,
    },
    /// Close it; nothing more is heard from it.
    Close {
        /// Which.
        connection: u64,
    },
}

/// A record on its way in.
#[derive(Clone, Copy, Debug)]
pub struct SimulatedRecord<'a> {
    /// Its topic, which must be [known](Machine::knows).
    pub topic: &'a str,
    /// `None` leaves the choice to the partitioner.
    pub partition: Option<i32>,
    /// Its key.
    pub key: Option<&'a [u8]>,
    /// Its value.
    pub value: &'a [u8],
    /// Milliseconds since 1970.
    pub timestamp_ms: i64,
}

/// What a run assumes or breaks.
#[derive(Clone, Copy, Debug, Default)]
pub struct Conditions {
    /// A bug to be injected.
    pub bug: Option<InjectedBug>,
    /// Assumes that brokers expire producer ids at once, which makes that path testable.
    pub producer_ids_expire: bool,
}

impl Machine {
    /// A producer that begins to look for its cluster. `seed` is all the chance there is in it.
    pub fn new(config: Config, conditions: Conditions, seed: u64, now: Instant) -> Self {
        let config = Arc::new(config);
        let mut sequence_config = sender::sequence_config(&config);
        if conditions.producer_ids_expire {
            sequence_config.producer_expiration = Duration::ZERO;
        }
        let mut chance = Chance::seeded(seed);
        Self {
            accumulator: Accumulator::new(sender::limits(&config)),
            dispatch: Dispatch::new(sequence_config, config.max_request_size, sender::writer(&config)),
            gate: SendGate::default(),
            number: ProducerNumber::next(),
            topics: BTreeMap::new(),
            partition_numbers: AtomicUsize::new(0),
            connections: Connections::new(Arc::clone(&config), chance.bits(), now),
            chance,
            deliveries: Vec::new(),
            sent: 0,
            outcomes: VecDeque::new(),
            orders: VecDeque::new(),
            begins: Vec::new(),
            commits: Vec::new(),
            tickets: 0,
            settled: VecDeque::new(),
            lingering: None,
            identity: None,
            injector: Injector::new(conditions.bug, config.transactional_id.is_some()),
            config,
        }
    }

    /// Looks for a topic.
    pub fn want(&mut self, topic: &str, now: Instant) {
        self.connections.want(topic);
        self.turn(now);
    }

    /// Whether a topic was found.
    pub fn knows(&self, topic: &str) -> bool {
        self.topics.contains_key(topic)
    }

    /// Takes a record in; the number finds its outcome.
    ///
    /// # Errors
    /// The record is not in, as with [`Producer::try_send`](crate::Producer::try_send).
    pub fn send(&mut self, entry: SimulatedRecord<'_>, now: Instant) -> Result<u64, Error> {
        if self.config.transactional_id.is_some() && !self.gate.is_open() {
            return Err(self.gate.refusal());
        }
        let unknown = || Error::new(ErrorKind::UnknownTopic, "not known yet").with_topic(entry.topic);
        let topic = self.topics.get(entry.topic).cloned().ok_or_else(unknown)?;
        let mut record = Record {
            partition: entry.partition,
            key: entry.key,
            timestamp_ms: Some(entry.timestamp_ms),
            ..Record::new(&topic).value(entry.value)
        };
        topic.apply_partitioner(&mut record)?;
        let slot = topic.slot_for(&record).map_err(|missing| missing.error(&record))?;
        let appended = loop {
            if let Some(delivery) = self.accumulator.append(slot, &record, entry.timestamp_ms) {
                break Ok(delivery);
            }
            match self.accumulator.append_slowly(slot, &record, entry.timestamp_ms, now) {
                Ok(Appended { delivery, .. }) => break Ok(delivery),
                Err(Refusal::BatchFull) => {}
                Err(Refusal::MemoryFull) => {
                    self.accumulator.expedite(now);
                    break Err(Error::new(ErrorKind::BufferFull, "buffer.memory is full"));
                }
                Err(Refusal::Never(error)) => break Err(error),
            }
        };
        let number = self.sent;
        let sent = appended.map(|delivery| {
            self.sent += 1;
            self.deliveries.push((number, delivery));
            number
        });
        self.turn(now);
        sent
    }

    /// Ends all lingering, as a flush does.
    pub fn expedite(&mut self, now: Instant) {
        self.accumulator.expedite(now);
        self.turn(now);
    }

    /// A connection is there.
    pub fn handle_opened(&mut self, connection: u64, now: Instant) {
        self.connections.handle_opened(connection);
        self.turn(now);
    }

    /// So many bytes more have left.
    pub fn handle_written(&mut self, connection: u64, bytes: usize) {
        self.connections.handle_written(connection, bytes);
    }

    /// Bytes came.
    pub fn handle_bytes(&mut self, connection: u64, bytes: &[u8], now: Instant) {
        self.connections.handle_bytes(connection, bytes, now);
        self.turn(now);
    }

    /// A connection could not be opened, or broke.
    pub fn handle_closed(&mut self, connection: u64, now: Instant) {
        self.connections.handle_closed(connection, now);
        self.turn(now);
    }

    /// Time has passed.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.connections.handle_timeout(now);
        self.turn(now);
    }

    /// When to let time pass next.
    pub fn deadline(&self) -> Option<Instant> {
        [self.lingering, self.dispatch.deadline(), self.connections.deadline()].into_iter().flatten().min()
    }

    /// What the network is to do.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.connections.poll_output()
    }

    /// What became of a record.
    pub fn poll_outcome(&mut self) -> Option<(u64, Result<Receipt, Error>)> {
        self.outcomes.pop_front()
    }

    /// The producer id that the cluster gave, once it has: for whoever makes brokers expire it.
    pub fn identity(&self) -> Option<ProducerId> {
        self.identity
    }

    /// Whether nothing will be written any more.
    pub fn is_dead(&self) -> bool {
        self.dispatch.fatal().is_some()
    }

    /// How many records were taken in and not answered.
    pub fn unanswered(&self) -> usize {
        self.deliveries.len()
    }

    /// The sender's loop, as often as something happened within.
    fn turn(&mut self, now: Instant) {
        loop {
            if !self.orders.is_empty() {
                // What was sent before an order belongs to the transaction that it is about.
                self.accumulator.close_all(now);
            }
            self.report_backlogs(now);
            self.lingering = self.accumulator.expire(now);
            self.take_batches(now);
            while let Some((order, ticket)) = self.orders.pop_front() {
                self.dispatch.handle_order(order, ticket, now);
            }
            self.dispatch.handle_timeout(now);
            self.submit(now);
            self.tell(now);
            self.connections.handle_turn(now);
            let Some(event) = self.connections.poll_event() else {
                if self.orders.is_empty() {
                    return;
                }
                continue;
            };
            self.handle_event(event, now);
        }
    }

    fn take_batches(&mut self, now: Instant) {
        for (batch, leader) in self.accumulator.take_ready() {
            self.dispatch.handle_batch(batch, leader, now);
        }
    }

    /// Sends what can leave, and what may be closed for it.
    fn submit(&mut self, now: Instant) {
        self.submit_ready(now);
        while self.report_backlogs(now) {
            self.take_batches(now);
            self.submit_ready(now);
        }
    }

    /// Tells the accumulator of which partitions batches wait; says whether it closed one for that.
    fn report_backlogs(&mut self, now: Instant) -> bool {
        let mut closed = false;
        while let Some(backlog) = self.dispatch.poll_backlog() {
            closed |= self.accumulator.handle_backlog(backlog, now);
        }
        closed
    }

    fn submit_ready(&mut self, now: Instant) {
        for node in self.dispatch.poll_ready_brokers(now) {
            let Some(connection) = self.connections.connection(node) else { continue };
            while let Some(outgoing) = self.dispatch.poll_request(node, now) {
                self.produce(connection, outgoing, now);
            }
        }
        for node in self.dispatch.poll_log_query_brokers(now) {
            let Some(connection) = self.connections.connection(node) else { continue };
            if let Some(request) = self.dispatch.poll_log_request(node, now) {
                self.connections.read_log(connection, request, now);
            }
        }
        if self.dispatch.transactions().is_some_and(|transactions| transactions.gives_up()) {
            for sent in self.injector.answered_before_the_end() {
                self.dispatch.handle_answer(&sent, injected_bug::written(), now, 0.5);
            }
        }
        if let Some(request) = self.dispatch.poll_coordinator_request(now) {
            self.connections.handle_call(request);
        }
        if self.dispatch.poll_metadata() {
            self.connections.handle_doubt();
        }
    }

    fn produce(&mut self, connection: u64, mut outgoing: OutgoingBatches, now: Instant) {
        outgoing.batches.iter_mut().for_each(|sent| self.injector.batch(sent, self.identity));
        let view = self.connections.view();
        let version = request::version_max(&outgoing, view);
        let timeout_ms = i32::try_from(self.config.request_timeout.as_millis()).unwrap_or(i32::MAX);
        let produce = request::request(&outgoing, view, self.config.acks, timeout_ms);
        let request = Box::new(SentRequest { outgoing, produce, version, at: now });
        self.connections.produce(connection, request, now);
    }

    fn handle_event(&mut self, event: ConnectionEvent, now: Instant) {
        match event {
            ConnectionEvent::Produced(request, response) => self.settle(&request, response, now),
            ConnectionEvent::Coordinator(response) => {
                self.identity = response.as_ref().ok().and_then(identified).or(self.identity);
                self.dispatch.handle_response(response, now, self.chance.draw());
            }
            ConnectionEvent::Log(request, answer) => {
                let answer = self.injector.log(answer);
                self.dispatch.handle_log_answer(&request, answer, now, self.chance.draw());
            }
            ConnectionEvent::Unreachable(node) => {
                self.dispatch.handle_unreachable(node, now, self.chance.draw())
            }
            ConnectionEvent::View => self.renew(now),
        }
    }

    fn settle(&mut self, request: &SentRequest, response: Result<ProduceResponse, Error>, now: Instant) {
        let sent = &request.outgoing.batches;
        let answers = match response {
            Ok(response) => {
                for (topic, partition, leader, epoch) in
                    request::leader_hints(&request.produce, request.version, &response)
                {
                    self.connections.leader_moved(&topic, partition, leader, epoch);
                }
                self.dispatch.handle_throttle(request.outgoing.node, response.throttle_time_ms, now);
                request::answers(&request.produce, request.version, &response)
            }
            Err(error) => vec![BatchAnswer::Lost(error); sent.len()],
        };
        self.dispatch.handle_request_done(request.outgoing.node);
        for (sent, answer) in sent.iter().zip(answers) {
            let answer = self.injector.answer(sent, answer);
            self.dispatch.handle_answer(sent, answer, now, self.chance.draw());
        }
    }

    /// Takes over a new view of the cluster.
    fn renew(&mut self, now: Instant) {
        // By name: what is drawn for each must not depend on a hash.
        let topics: BTreeMap<_, _> = self.connections.view().topics.iter().collect();
        for (name, metadata) in topics {
            let update = TopicUpdate { metadata, rack_brokers: &[], now };
            if let Some(known) = self.topics.get(name) {
                known.update(update, &self.partition_numbers);
                continue;
            }
            let sticky = StickySettings {
                batch_size: self.config.batch_size,
                adaptive: self.config.partitioner_adaptive,
            };
            let settings = TopicSettings {
                producer: self.number,
                sticky,
                ignore_keys: self.config.partitioner_ignore_keys,
                seed: self.chance.bits(),
                availability: None,
                partitioner: None,
            };
            self.topics.insert(Arc::clone(name), Topic::new(update, &settings, &self.partition_numbers));
        }
        self.dispatch.handle_leaders(self.connections.view(), now);
    }

    fn tell(&mut self, now: Instant) {
        self.settle_orders(now);
        if let Some(error) = self.dispatch.fatal() {
            self.accumulator.close(error.clone());
        }
        let mut told = false;
        while let Some(done) = self.dispatch.poll_report() {
            told = true;
            match self.injector.done(done) {
                DeliveryReport::Final(batch, outcome) => self.accumulator.complete(batch, outcome),
                DeliveryReport::Early(expired, outcome) => self.accumulator.report(&expired.token, outcome),
            };
        }
        if told {
            let ready = self.deliveries.extract_if(.., |(_, delivery)| poll(delivery).is_ready());
            let ready: Vec<_> = ready.collect();
            for (number, mut delivery) in ready {
                if let Poll::Ready(outcome) = poll(&mut delivery) {
                    self.outcomes.push_back((number, outcome));
                }
            }
            self.look_at_commits();
        }
    }
}

/// The producer id in a response that gives one.
fn identified(response: &CoordinatorResponse) -> Option<ProducerId> {
    match &response.body {
        ResponseBody::InitProducerId(it) if it.error_code.is_none() => {
            Some(ProducerId { id: it.producer_id, epoch: it.producer_epoch })
        }
        _ => None,
    }
}

fn poll(delivery: &mut Delivery) -> Poll<Result<Receipt, Error>> {
    Pin::new(delivery).poll(&mut Context::from_waker(Waker::noop()))
}

//! A producer whose bytes, time and chance are arguments: the shipped cores, driven by hand.
//!
//! [`Machine`] stands where the tasks of [`Producer`](crate::Producer), of the cluster and of the connections stand, and
//! decides as little as they do. Its cores are the product's: `accumulator`, `dispatch` with `sequence`, `transactions`
//! and `resolution`, and the connections' `pipeline`, `metadata` and `schedule`. Its loop (`turn`) and its connections
//! (`connections`) are written for the simulation; they only carry, as `sender`, `leader_connection` and `cluster` do in
//! the product, which other tests run.
//!
//! ```text
//!   want, send, begin, commit …         ┌─────────┐  poll_outcome, poll_settled
//!   ──────────────────────────────────► │         │ ────────────────────────────►  the caller
//!   handle_opened, handle_written,      │ Machine │
//!   handle_bytes, handle_closed         │         │  poll_output: open, send, close
//!   ──────────────────────────────────► │         │ ────────────────────────────►  the network
//!   handle_timeout                      │         │  deadline
//!   ──────────────────────────────────► │         │ ────────────────────────────►  the clock
//!                                       └─────────┘
//! ```
//!
//! After each event take outcomes and outputs until there is none, and call [`Machine::handle_timeout`] at
//! [`Machine::deadline`]. Two machines with the same configuration, seed and events do the same, byte for byte.
//!
//! [`InjectedBug`]s are made between the cores and the network (`injected_bug`): the cores know nothing of them, so that
//! what is shipped is what is simulated. A simulation that does not find each of them proves nothing.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::{Duration, Instant};

use super::accumulator::{Accumulator, Appended, Refusal};
use super::dispatch::Dispatch;
use super::send_gate::SendGate;
use super::topic::{ProducerNumber, Topic};
use super::transactions::{Order, Ticket};
use super::{Delivery, ProducerId, sender};
use crate::retry::Chance;
use crate::{Config, Error, ErrorKind, Receipt, Record};
use connections::Connections;
pub use injected_bug::InjectedBug;
use injected_bug::Injector;
pub use output::Output;

mod broker_connection;
mod broker_search;
mod connections;
mod coordinator_call;
mod injected_bug;
mod orders;
mod output;
mod pending_request;
mod progress;
mod turn;

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
}

//! Decides which batch leaves for which broker, and when: the core of a producer behind its accumulator.
//!
//! ```text
//!   closed batches        a queue for each partition         a queue for each broker
//!
//!                     ┌─► orders/0   [ ][ ][ ] ── ready ──┐
//!   accumulator ──────┼─► orders/1   [ ]       ── ready ──┼─► broker 1 ──► Produce requests, up to five in flight
//!                     └─► refunds/0  [ ][ ]    ── ready ──┴─► broker 2 ──► …
//! ```
//!
//! **It decides** which batches make a broker's next request: at most one of each partition, no more bytes than
//! `max.request.size`, and no more requests in flight than `max.in.flight.requests.per.connection`. Within a
//! partition its `Sequence` decides what is next, and what an answer means. The `Writer` decides under which
//! producer id batches leave, and what coordinators are asked of transactions.
//!
//! **It hears** (`handle_*`) closed batches, leaders, answers to batches, responses of coordinators, what logs hold,
//! orders of the caller (begin, commit, abort), pauses that brokers ask for (KIP-219), brokers out of reach, and time.
//! **It gives** (`poll_*`) requests for leaders and coordinators, queries of logs, delivery reports, changes of
//! backlogs, ends of orders, and whether leaders should be looked for. After any event everything is to be polled,
//! and `handle_timeout` is to be called at `deadline`.
//!
//! **A partition's queue** is
//! - *empty*; or
//! - *waiting*, for a leader, a producer id, an answer, or the time of its timer (back-off, `delivery.timeout.ms`); or
//! - *ready*: it stands once among the ready ones of the broker that leads it; or
//! - *in doubt*: it stands among the log queries of the broker that leads it (KIP-207, see `resolution`).
//!
//! `schedule` puts it where it belongs, after every event that may have changed that. Nothing is taken out of the
//! middle of a broker's queue or of the timers: whoever takes the first one out looks whether it still counts.
//!
//! **Must never happen**
//! - Batches of one partition in flight to two brokers, of which the second could be appended first. When a leader
//!   moved, nothing leaves for the new one before the old one has answered all.
//! - A batch in a transaction that its coordinator does not know of (KIP-890 does away with that). The writer is
//!   asked twice: when a queue becomes ready and when its batch leaves, which may be a transaction later.
//! - A batch without an end. After a fatal error every batch fails, those that come later too.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};
use std::time::{Duration, Instant};

use super::batch::Batch;
use super::coordinator_request::{CoordinatorRequest, CoordinatorResponse};
use super::delivery::Outcome;
use super::partition::Backlog;
use super::producer_id::ProducerId;
use super::sequence::{Readiness, SequenceConfig};
use super::transactions::{self, Order, Ticket, Transactions};
use super::verdict::BatchAnswer;
use super::writer::Writer;
use crate::cluster::Metadata;
use crate::error::Scope;
use crate::{Error, ErrorKind};
use broker_queue::BrokerQueue;
pub(crate) use delivery_report::DeliveryReport;
use partition_queue::PartitionQueue;
pub(crate) use requests::{LogRequest, OutgoingBatches, SentBatch};

mod broker_queue;
mod delivery_report;
mod log_queries;
mod partition_queue;
mod produce;
mod requests;

/// See above.
#[derive(Debug)]
pub(crate) struct Dispatch {
    config: SequenceConfig,
    request_bytes_max: usize,
    /// By the partitions' numbers.
    queues: Vec<Option<PartitionQueue>>,
    brokers: BTreeMap<i32, BrokerQueue>,
    /// When to look at a queue again: at most one time that counts for each.
    timers: BinaryHeap<Reverse<(Instant, usize)>>,
    reports: VecDeque<DeliveryReport>,
    writer: Writer,
    /// The producer id under which sequences were last told to write; `None` while another one is needed.
    identity: Option<ProducerId>,
    wants_metadata: bool,
    splits: u64,
    /// Partitions whose backlog has changed since it was reported: each stands here once.
    backlogs: VecDeque<usize>,
    fatal: Option<Error>,
    /// Nothing leaves any more from then on.
    held_from: Option<Instant>,
}

impl Dispatch {
    pub(crate) fn new(config: SequenceConfig, request_bytes_max: usize, writer: Writer) -> Self {
        Self {
            config,
            request_bytes_max,
            queues: Vec::new(),
            brokers: BTreeMap::new(),
            timers: BinaryHeap::new(),
            reports: VecDeque::new(),
            writer,
            identity: None,
            wants_metadata: false,
            splits: 0,
            backlogs: VecDeque::new(),
            fatal: None,
            held_from: None,
        }
    }

    /// A closed batch, and who leads its partition; those of one partition come in their order.
    pub(crate) fn handle_batch(&mut self, batch: Batch, leader: Option<i32>, now: Instant) {
        if let Some(error) = self.fatal.clone().or_else(|| self.writer.refusal()) {
            self.reports.push_back(DeliveryReport::Final(batch, Outcome::failed(error)));
            return;
        }
        let at = batch.partition.number;
        if at >= self.queues.len() {
            self.queues.resize_with(at + 1, || None);
        }
        let queue = self.queues[at].get_or_insert_with(|| PartitionQueue::new(&batch.partition, self.config));
        queue.leader = leader;
        queue.sequence.handle_batch(batch);
        self.schedule(at, now);
    }

    /// Nothing leaves from this moment on, until a later one is named.
    pub(crate) fn hold_from(&mut self, moment: Option<Instant>) {
        self.held_from = moment;
    }

    /// What the caller wants of transactions; the ticket finds who awaits it.
    pub(crate) fn handle_order(&mut self, order: Order, ticket: Option<Ticket>, now: Instant) {
        let aborts = matches!(order, Order::Abort);
        match self.writer.transactions() {
            Some(transactions) => transactions.handle_order(order, ticket),
            None => debug_assert!(false, "orders are for transactional producers"),
        }
        if aborts && self.writer.refusal().is_some() {
            self.give_up(&transactions::aborted(), now);
        }
        self.apply_writer(now);
    }

    /// A coordinator's response, or why there was none.
    pub(crate) fn handle_response(
        &mut self,
        response: Result<CoordinatorResponse, Error>,
        now: Instant,
        chance: f64,
    ) {
        self.writer.handle_response(response, now, chance);
        self.apply_writer(now);
        self.schedule_all(now);
    }

    /// Partitions may have new leaders. Of what the view does not tell of, the last one known stays.
    pub(crate) fn handle_leaders(&mut self, view: &Metadata, now: Instant) {
        self.wants_metadata = false;
        for queue in self.queues.iter_mut().flatten() {
            let topic = view.topics.get(&queue.partition.topic);
            if let Some(known) = topic.and_then(|topic| topic.partition(queue.partition.index)) {
                queue.leader = known.leader;
            }
        }
        self.schedule_all(now);
    }

    /// The answer to one batch of a request.
    pub(crate) fn handle_answer(&mut self, sent: &SentBatch, answer: BatchAnswer, now: Instant, chance: f64) {
        let at = sent.partition.number;
        let Some(queue) = self.queues.get_mut(at).and_then(Option::as_mut) else { return };
        if let (Some(transactions), BatchAnswer::Written { .. }) = (self.writer.transactions(), &answer) {
            transactions.handle_written();
        }
        let settled = queue.sequence.handle_answer(sent.batch.key, answer, now, chance);
        self.wants_metadata |= settled.refresh;
        self.splits += u64::from(settled.split);
        let finished = settled.finished.map(|(batch, outcome)| DeliveryReport::Final(batch, outcome));
        self.finish(finished);
        match settled.fatal {
            Some(error) => self.abandon(&error),
            None => self.schedule(at, now),
        }
        self.apply_writer(now);
    }

    /// A broker asks for a pause in its answer (KIP-219).
    pub(crate) fn handle_throttle(&mut self, node: i32, pause_ms: i32, now: Instant) {
        if let Ok(pause_ms @ 1..) = u64::try_from(pause_ms) {
            self.brokers.entry(node).or_default().pause(now, Duration::from_millis(pause_ms));
        }
    }

    /// A broker could not be reached: it is left alone for a while, and may no longer lead anything.
    pub(crate) fn handle_unreachable(&mut self, node: i32, error: &Error, now: Instant, chance: f64) {
        let mut backoff = self.config.backoff;
        let broker = self.brokers.entry(node).or_default();
        broker.pause(now, backoff.wait(chance));
        for at in &broker.ready {
            if let Some(queue) = self.queues.get_mut(*at).and_then(Option::as_mut) {
                queue.sequence.handle_unreachable(error);
            }
        }
        self.wants_metadata = true;
    }

    /// Time has passed.
    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        while let Some(&Reverse((due, at))) = self.timers.peek()
            && due <= now
        {
            self.timers.pop();
            let Some(queue) = self.queues.get_mut(at).and_then(Option::as_mut) else { continue };
            if queue.timer != Some(due) {
                continue;
            }
            queue.timer = None;
            let expired = queue.sequence.expire(now);
            self.finish(expired.into_iter().map(DeliveryReport::from));
            self.schedule(at, now);
        }
        self.apply_writer(now);
    }

    /// When `handle_timeout` or `poll_request` has something to do.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let timer = self.timers.peek().map(|Reverse((due, _))| *due);
        let paused = self.brokers.values().filter_map(BrokerQueue::deadline);
        paused.chain(timer).chain(self.writer.deadline()).min()
    }

    /// The next request to a coordinator. A transaction is ended when no batch waits or is in flight.
    pub(crate) fn poll_coordinator_request(&mut self, now: Instant) -> Option<CoordinatorRequest> {
        // Only a transaction makes anything of a gap, so that others need not look for one.
        if let Some(transactions) = self.writer.transactions().filter(|it| it.is_busy())
            && self.queues.iter().flatten().any(|queue| queue.sequence.has_gap())
        {
            transactions.handle_gap();
        }
        let queues = &self.queues;
        let quiet = || queues.iter().flatten().all(|queue| queue.sequence.is_empty());
        let request = self.writer.poll_request(quiet, now);
        self.apply_writer(now);
        request
    }

    /// What became of an order.
    pub(crate) fn poll_settled(&mut self) -> Option<(Ticket, Result<ProducerId, Error>)> {
        self.writer.transactions()?.poll_settled()
    }

    /// The transactions of a transactional producer.
    pub(crate) fn transactions(&mut self) -> Option<&mut Transactions> {
        self.writer.transactions()
    }

    /// The next report to deliveries.
    pub(crate) fn poll_report(&mut self) -> Option<DeliveryReport> {
        self.reports.pop_front()
    }

    /// A partition of which batches wait now, or no longer do, so that one that has lingered may be closed.
    pub(crate) fn poll_backlog(&mut self) -> Option<Backlog> {
        loop {
            let at = self.backlogs.pop_front()?;
            let Some(queue) = self.queues.get_mut(at).and_then(Option::as_mut) else { continue };
            if let Some(waits) = queue.poll_backlog() {
                return Some(Backlog { partition: at, waits });
            }
        }
    }

    /// How many batches were split since this was last asked.
    pub(crate) fn poll_splits(&mut self) -> u64 {
        std::mem::take(&mut self.splits)
    }

    /// Whether leaders should be looked for; asks once.
    pub(crate) fn poll_metadata(&mut self) -> bool {
        std::mem::take(&mut self.wants_metadata)
    }

    /// Why nothing will be written any more.
    pub(crate) fn fatal(&self) -> Option<&Error> {
        self.fatal.as_ref()
    }

    /// Gives everything up, now and from now on.
    pub(crate) fn abandon(&mut self, error: &Error) {
        let error = match error.kind() {
            ErrorKind::Closed => error.clone(),
            _ => error.clone().within("this producer cannot go on"),
        };
        let error = error.with_scope(Scope::Producer);
        for at in 0..self.queues.len() {
            let Some(queue) = &mut self.queues[at] else { continue };
            let given_up = queue.sequence.abandon(&error).into_iter();
            self.reports.extend(given_up.map(|(batch, outcome)| DeliveryReport::Final(batch, outcome)));
            // What has lingered meanwhile is to be closed, and then fails too.
            self.list_backlog(at);
        }
        if let Some(transactions) = self.writer.transactions() {
            transactions.handle_fatal(&error);
        }
        self.fatal.get_or_insert(error);
    }

    /// A batch that failed takes its transaction with it.
    fn finish(&mut self, done: impl IntoIterator<Item = DeliveryReport>) {
        for done in done {
            if let (Some(transactions), Some(error)) = (self.writer.transactions(), done.error()) {
                transactions.handle_failure(error);
            }
            self.reports.push_back(done);
        }
    }

    /// Gives up what has not left yet; what is in flight is awaited.
    fn give_up(&mut self, error: &Error, now: Instant) {
        for queue in self.queues.iter_mut().flatten() {
            self.reports.extend(queue.sequence.give_up(error).into_iter().map(DeliveryReport::from));
        }
        self.schedule_all(now);
    }

    /// Takes over what an event did to the identity, or to the transaction.
    fn apply_writer(&mut self, now: Instant) {
        if let Some(error) = self.writer.fatal_error()
            && self.fatal.is_none()
        {
            let error = error.clone();
            return self.abandon(&error);
        }
        if let Some(error) = self.writer.poll_abortable_error() {
            self.give_up(&error, now);
        }
        if let Some(identity) = self.writer.identity()
            && self.identity != Some(identity)
        {
            self.identity = Some(identity);
            if self.writer.transactions().is_some() {
                self.queues.iter_mut().flatten().for_each(|queue| queue.sequence.renew(identity));
            }
            self.schedule_all(now);
        }
    }

    fn schedule_all(&mut self, now: Instant) {
        for at in 0..self.queues.len() {
            self.schedule(at, now);
        }
    }

    /// Puts a queue where it belongs: among those that are ready for its leader, or under a timer.
    fn schedule(&mut self, at: usize, now: Instant) {
        self.list_backlog(at);
        let Some(queue) = self.queues.get_mut(at).and_then(Option::as_mut) else { return };
        if queue.sequence.is_empty() {
            return;
        }
        if let Some(identity) = self.identity {
            queue.sequence.handle_identity(identity);
        }
        let mut wake = queue.sequence.deadline();
        match (queue.sequence.readiness(now), queue.destination()) {
            (Readiness::Now(_), Some(node)) => {
                if queue.ready_at != Some(node) && self.writer.admits(&queue.partition) {
                    queue.ready_at = Some(node);
                    self.brokers.entry(node).or_default().ready.push_back(at);
                }
            }
            (Readiness::Now(_), None) if queue.leader.is_none() => self.wants_metadata = true,
            (Readiness::At(at), _) => wake = wake.map_or(Some(at), |wake| Some(wake.min(at))),
            (Readiness::Identity, _) => {
                self.identity = None;
                self.writer.want_identity();
            }
            (Readiness::Now(_) | Readiness::No, _) => {}
        }
        match (queue.sequence.log_query_due(now), queue.leader) {
            (Some(due), _) if due > now => wake = wake.map_or(Some(due), |wake| Some(wake.min(due))),
            (Some(_), Some(node)) if queue.log_query_at != Some(node) => {
                queue.log_query_at = Some(node);
                self.brokers.entry(node).or_default().log_queries.push_back(at);
            }
            (Some(_), None) => self.wants_metadata = true,
            (Some(_) | None, _) => {}
        }
        if let Some(wake) = wake
            && queue.timer.is_none_or(|timer| wake < timer)
        {
            queue.timer = Some(wake);
            self.timers.push(Reverse((wake, at)));
        }
    }

    fn list_backlog(&mut self, at: usize) {
        let Some(queue) = self.queues.get_mut(at).and_then(Option::as_mut) else { return };
        if queue.list_backlog() {
            self.backlogs.push_back(at);
        }
    }
}

#[cfg(test)]
mod tests;

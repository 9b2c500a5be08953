//! Whom to send what, and when: every partition's line, and the brokers that lead them.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::batch::{Batch, ExpiredBatch};
use super::coordinator_request::{CoordinatorRequest, CoordinatorResponse, Protocol};
use super::delivery::Outcome;
use super::partition::{Backlog, Partition};
use super::planted::Planted;
use super::resolution::{self, LogQuery};
use super::sequence::{Expired, InFlightBatch, ProducerId, Readiness, Sequence, SequenceConfig};
use super::transactions::{self, Order, Ticket, Transactions};
use super::verdict::BatchAnswer;
use super::writer::Writer;
use crate::cluster::Metadata;
use crate::error::Scope;
use crate::{Error, ErrorKind};

/// The whole of a producer behind its accumulator.
#[derive(Debug)]
pub(crate) struct Dispatch {
    config: SequenceConfig,
    request_bytes_max: usize,
    queues: Vec<Option<PartitionQueue>>,
    brokers: BTreeMap<i32, BrokerQueue>,
    /// When to look at a queue again: at most one valid time for each.
    timers: BinaryHeap<Reverse<(Instant, usize)>>,
    reports: VecDeque<DeliveryReport>,
    writer: Writer,
    identity: Option<ProducerId>,
    wants_metadata: bool,
    splits: u64,
    /// Queues whose backlog has changed since it was told: each stands here once.
    backlogs: VecDeque<usize>,
    fatal: Option<Error>,
}

/// A partition's batches, and where it stands among the brokers' queues.
#[derive(Debug)]
struct PartitionQueue {
    partition: Arc<Partition>,
    /// Who leads it, as far as is known.
    leader: Option<i32>,
    sequence: Sequence,
    backlog: BacklogReport,
    /// Among whose ready queues it stands.
    ready_at: Option<i32>,
    /// Where its batches in flight are.
    in_flight_to: Option<i32>,
    /// Whose turn to be asked about its log it awaits.
    log_query_to: Option<i32>,
    timer: Option<Instant>,
}

/// What the accumulator knows of the batches that wait.
#[derive(Debug, Default)]
struct BacklogReport {
    waits: bool,
    /// It stands among those that are to be told.
    listed: bool,
}

/// A broker that leads some of them.
#[derive(Debug, Default)]
struct BrokerQueue {
    /// Queues with something to send.
    ready: VecDeque<usize>,
    in_flight: usize,
    not_before: Option<Instant>,
    /// Queues whose log it is to be asked about, one after the other.
    log_queries: VecDeque<usize>,
    log_query_in_flight: bool,
}

/// One request's batches, one per partition, ordered by topic.
#[derive(Debug)]
pub(crate) struct OutgoingBatches {
    pub(crate) node: i32,
    pub(crate) batches: Vec<SentBatch>,
    /// The transaction's id and how it is spoken of, if they belong to one.
    pub(crate) transaction: Option<(Arc<str>, Protocol)>,
}

/// A batch in a request.
#[derive(Debug)]
pub(crate) struct SentBatch {
    pub(crate) partition: Arc<Partition>,
    pub(crate) batch: InFlightBatch,
}

/// What a broker is asked of a partition's log.
#[derive(Clone, Debug)]
pub(crate) struct LogRequest {
    pub(crate) node: i32,
    pub(crate) partition: Arc<Partition>,
    pub(crate) query: LogQuery,
    /// By which the answer is known.
    number: u64,
}

/// What deliveries are to be told.
#[derive(Debug)]
pub(crate) enum DeliveryReport {
    /// The batch is done with.
    Final(Batch, Outcome),
    /// Its deliveries need not wait for the batch.
    Early(ExpiredBatch, Outcome),
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
        }
    }

    /// A closed batch, and who leads its partition; those of one partition come in their order.
    pub(crate) fn handle_batch(&mut self, batch: Batch, leader: Option<i32>, now: Instant) {
        if let Some(error) = &self.fatal {
            self.reports.push_back(DeliveryReport::Final(batch, Outcome::failed(error.clone())));
            return;
        }
        if let Some(error) = self.writer.refusal() {
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

    /// What a broker says of a partition's log, or why it does not.
    pub(crate) fn handle_log_answer(
        &mut self,
        request: &LogRequest,
        answer: Result<resolution::LogAnswer, Error>,
        now: Instant,
        chance: f64,
    ) {
        let at = request.partition.number;
        if let Some(broker) = self.brokers.get_mut(&request.node) {
            broker.log_query_in_flight = false;
        }
        let Some(queue) = self.queues.get_mut(at).and_then(Option::as_mut) else { return };
        self.wants_metadata |= answer.as_ref().is_err_and(Error::refreshes_metadata);
        let finished = queue.sequence.handle_log(request.number, answer.as_ref(), now, chance);
        self.finish(finished.into_iter().map(|(batch, outcome)| DeliveryReport::Final(batch, outcome)));
        self.schedule(at, now);
    }

    /// A request was answered, or will never be.
    pub(crate) fn handle_request_done(&mut self, node: i32) {
        if let Some(broker) = self.brokers.get_mut(&node) {
            broker.in_flight = broker.in_flight.saturating_sub(1);
        }
    }

    /// Nothing is sent to this broker before then.
    fn handle_pause(&mut self, node: i32, until: Instant) {
        let paused = &mut self.brokers.entry(node).or_default().not_before;
        *paused = (*paused).max(Some(until));
    }

    /// A broker asks for a pause in its answer (KIP-219).
    pub(crate) fn handle_throttle(&mut self, node: i32, pause_ms: i32, now: Instant) {
        if let Ok(pause_ms @ 1..) = u64::try_from(pause_ms) {
            self.handle_pause(node, now + Duration::from_millis(pause_ms));
        }
    }

    /// A broker could not be reached: it is left alone for a while, and may no longer lead anything.
    pub(crate) fn handle_unreachable(&mut self, node: i32, now: Instant, chance: f64) {
        let mut backoff = self.config.backoff;
        self.handle_pause(node, now + backoff.wait(chance));
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
        let queues = self.timers.peek().map(|Reverse((due, _))| *due);
        let waiting = |broker: &&BrokerQueue| !(broker.ready.is_empty() && broker.log_queries.is_empty());
        let paused = self.brokers.values().filter(waiting).filter_map(|broker| broker.not_before);
        paused.chain(queues).chain(self.writer.deadline()).min()
    }

    /// The next request to a coordinator.
    pub(crate) fn poll_coordinator_request(&mut self, now: Instant) -> Option<CoordinatorRequest> {
        // Only a transaction makes anything of a gap, so that others need not look for one.
        if let Some(transactions) = self.writer.transactions().filter(|it| it.is_busy())
            && self.queues.iter().flatten().any(|queue| queue.sequence.has_gap())
        {
            transactions.handle_gap();
        }
        let (queues, hasty) = (&self.queues, self.config.planted(Planted::EndedUnanswered));
        let quiet = || hasty || queues.iter().flatten().all(|queue| queue.sequence.is_empty());
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

    /// Brokers that something waits for and that take one more request.
    pub(crate) fn poll_ready_brokers(&mut self, now: Instant) -> Vec<i32> {
        let in_flight_max = self.config.in_flight_max;
        let open = |(id, broker): (&i32, &mut BrokerQueue)| {
            broker.not_before = broker.not_before.filter(|at| *at > now);
            let free = broker.in_flight < in_flight_max && broker.not_before.is_none();
            (free && !broker.ready.is_empty()).then_some(*id)
        };
        self.brokers.iter_mut().filter_map(open).collect()
    }

    /// Brokers that are to be asked what a log holds.
    pub(crate) fn poll_log_query_brokers(&mut self, now: Instant) -> Vec<i32> {
        let open = |(id, broker): (&i32, &BrokerQueue)| {
            let free = !broker.log_query_in_flight && broker.not_before.is_none_or(|at| at <= now);
            (free && !broker.log_queries.is_empty()).then_some(*id)
        };
        self.brokers.iter().filter_map(open).collect()
    }

    /// The next question to a broker about a log: one at a time, so that its answers are held one at a time.
    pub(crate) fn poll_log_request(&mut self, node: i32, now: Instant) -> Option<LogRequest> {
        while let Some(at) =
            self.brokers.get_mut(&node).filter(|it| !it.log_query_in_flight)?.log_queries.pop_front()
        {
            let Some(queue) = self.queues.get_mut(at).and_then(Option::as_mut) else { continue };
            if queue.log_query_to != Some(node) {
                continue;
            }
            queue.log_query_to = None;
            if queue.leader == Some(node)
                && let Some((number, query)) = queue.sequence.poll_log_query(now)
            {
                let partition = Arc::clone(&queue.partition);
                self.brokers.get_mut(&node)?.log_query_in_flight = true;
                return Some(LogRequest { node, partition, query, number });
            }
            self.schedule(at, now);
        }
        None
    }

    /// Brokers that have not yet taken what waits for them, or all that may fly to them.
    pub(crate) fn brokers_behind(&self) -> Vec<i32> {
        let full = self.brokers.iter().filter(|(_, broker)| broker.in_flight >= self.config.in_flight_max);
        let waiting = self.queues.iter().flatten().filter(|queue| queue.sequence.waiting() > 0);
        let behind: BTreeSet<i32> =
            full.map(|(id, _)| *id).chain(waiting.filter_map(|queue| queue.leader)).collect();
        behind.into_iter().collect()
    }

    /// The next request for a broker: at most one batch of each partition, within the size.
    pub(crate) fn poll_request(&mut self, node: i32, now: Instant) -> Option<OutgoingBatches> {
        let broker = self.brokers.get_mut(&node)?;
        if broker.in_flight >= self.config.in_flight_max || broker.not_before.is_some_and(|at| at > now) {
            return None;
        }
        let (mut batches, mut bytes) = (Vec::new(), 0);
        for _ in 0..broker.ready.len() {
            let Some(at) = self.brokers.get_mut(&node).and_then(|broker| broker.ready.pop_front()) else {
                break;
            };
            let Some(queue) = self.queues.get_mut(at).and_then(Option::as_mut) else { continue };
            if queue.ready_at != Some(node) {
                continue;
            }
            queue.ready_at = None;
            if queue.destination() == Some(node)
                && let Readiness::Now(size) = queue.sequence.readiness(now)
                // It may have taken its place in the queue for the transaction before.
                && self.writer.admits(&queue.partition)
            {
                if !batches.is_empty() && bytes + size > self.request_bytes_max {
                    self.return_to_front(at, node);
                    break;
                }
                bytes += size;
                batches.extend(queue.poll_batch(node, now));
            }
            self.schedule(at, now);
        }
        if batches.is_empty() {
            return None;
        }
        self.brokers.get_mut(&node)?.in_flight += 1;
        batches.sort_by(|a, b| a.partition.topic.cmp(&b.partition.topic));
        let transactions = self.writer.transactions();
        let transaction = transactions.map(|it| {
            it.handle_sent();
            (Arc::clone(it.id()), it.protocol())
        });
        Some(OutgoingBatches { node, batches, transaction })
    }

    /// What deliveries are to be told.
    pub(crate) fn poll_report(&mut self) -> Option<DeliveryReport> {
        self.reports.pop_front()
    }

    /// A partition of which batches wait now, or no longer do, so that one that has lingered may be closed.
    pub(crate) fn poll_backlog(&mut self) -> Option<Backlog> {
        loop {
            let at = self.backlogs.pop_front()?;
            let Some(queue) = self.queues.get_mut(at).and_then(Option::as_mut) else { continue };
            queue.backlog.listed = false;
            let waits = queue.sequence.waiting() > 0;
            if std::mem::replace(&mut queue.backlog.waits, waits) != waits {
                return Some(Backlog { partition: at, waits });
            }
        }
    }

    /// How many batches were split since this was last asked.
    pub(crate) fn poll_splits(&mut self) -> u64 {
        std::mem::take(&mut self.splits)
    }

    /// Whether leaders should be asked for, told once.
    pub(crate) fn poll_metadata(&mut self) -> bool {
        std::mem::take(&mut self.wants_metadata)
    }

    /// Any silence may have been long enough for brokers to forget the producer.
    #[cfg(feature = "simulation")]
    pub(crate) fn expect_to_be_forgotten(&mut self) {
        self.config.producer_expiration = Duration::ZERO;
    }

    /// Who writes, when that is known.
    #[cfg(feature = "simulation")]
    pub(crate) fn identity(&self) -> Option<ProducerId> {
        self.identity
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

    /// Nothing more leaves; what flies is awaited.
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
            (Some(_), Some(node)) if queue.log_query_to != Some(node) => {
                queue.log_query_to = Some(node);
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
        if queue.backlog.waits != (queue.sequence.waiting() > 0) && !queue.backlog.listed {
            queue.backlog.listed = true;
            self.backlogs.push_back(at);
        }
    }

    fn return_to_front(&mut self, at: usize, node: i32) {
        if let (Some(Some(queue)), Some(broker)) = (self.queues.get_mut(at), self.brokers.get_mut(&node)) {
            queue.ready_at = Some(node);
            broker.ready.push_front(at);
        }
    }
}

impl PartitionQueue {
    fn new(partition: &Arc<Partition>, config: SequenceConfig) -> Self {
        let partition = Arc::clone(partition);
        Self {
            partition,
            leader: None,
            sequence: Sequence::new(config),
            backlog: BacklogReport::default(),
            ready_at: None,
            in_flight_to: None,
            log_query_to: None,
            timer: None,
        }
    }

    /// The leader, unless batches still fly to the one before: they must not be overtaken.
    fn destination(&self) -> Option<i32> {
        let leader = self.leader?;
        (self.sequence.in_flight() == 0 || self.in_flight_to == Some(leader)).then_some(leader)
    }

    fn poll_batch(&mut self, node: i32, now: Instant) -> Option<SentBatch> {
        let batch = self.sequence.poll_batch(now)?;
        self.in_flight_to = Some(node);
        Some(SentBatch { partition: Arc::clone(&self.partition), batch })
    }
}

impl DeliveryReport {
    /// The topic, and how many records, when they failed.
    pub(crate) fn failed(&self) -> Option<(Arc<str>, u32)> {
        self.error()?;
        Some(match self {
            Self::Final(batch, _) => (Arc::clone(&batch.partition.topic), batch.count),
            Self::Early(expired, _) => (Arc::clone(&expired.partition.topic), expired.count),
        })
    }

    fn error(&self) -> Option<&Error> {
        match self {
            Self::Final(_, outcome) | Self::Early(_, outcome) => outcome.error(),
        }
    }
}

impl From<Expired> for DeliveryReport {
    fn from(expired: Expired) -> Self {
        match expired {
            Expired::Finished(batch, outcome) => Self::Final(batch, outcome),
            Expired::Reported(expired, outcome) => Self::Early(expired, outcome),
        }
    }
}

#[cfg(test)]
mod tests;

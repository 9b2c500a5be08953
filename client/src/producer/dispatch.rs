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
    lanes: Vec<Option<Lane>>,
    nodes: BTreeMap<i32, Node>,
    /// When to look at a lane again: at most one valid time for each.
    timers: BinaryHeap<Reverse<(Instant, usize)>>,
    done: VecDeque<Done>,
    writer: Writer,
    identity: Option<ProducerId>,
    wants_metadata: bool,
    splits: u64,
    /// Lanes whose backlog has changed since it was told: each stands here once.
    backlogs: VecDeque<usize>,
    fatal: Option<Error>,
}

/// A partition with batches, now or before.
#[derive(Debug)]
struct Lane {
    partition: Arc<Partition>,
    /// Who leads it, as far as is known.
    leader: Option<i32>,
    sequence: Sequence,
    backlog: Told,
    /// In whose queue it stands.
    queued: Option<i32>,
    /// Where its flying batches are.
    flies_to: Option<i32>,
    /// Who is to be asked what its log holds.
    asks: Option<i32>,
    timer: Option<Instant>,
}

/// What the accumulator knows of the batches that wait.
#[derive(Debug, Default)]
struct Told {
    waits: bool,
    /// It stands among those that are to be told.
    listed: bool,
}

/// A broker that leads some of them.
#[derive(Debug, Default)]
struct Node {
    /// Lanes with something to send.
    queue: VecDeque<usize>,
    in_flight: usize,
    not_before: Option<Instant>,
    /// Lanes whose log it is to be asked about, one after the other.
    doubts: VecDeque<usize>,
    asked: bool,
}

/// One request's batches, one per partition, ordered by topic.
#[derive(Debug)]
pub(crate) struct Outgoing {
    pub(crate) node: i32,
    pub(crate) batches: Vec<Sent>,
    /// The transaction's id and how it is spoken of, if they belong to one.
    pub(crate) transaction: Option<(Arc<str>, Protocol)>,
}

/// A batch in a request.
#[derive(Debug)]
pub(crate) struct Sent {
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
pub(crate) enum Done {
    /// The batch is done with.
    Finished(Batch, Outcome),
    /// Its deliveries need not wait for the batch.
    Told(ExpiredBatch, Outcome),
}

impl Dispatch {
    pub(crate) fn new(config: SequenceConfig, request_bytes_max: usize, writer: Writer) -> Self {
        Self {
            config,
            request_bytes_max,
            lanes: Vec::new(),
            nodes: BTreeMap::new(),
            timers: BinaryHeap::new(),
            done: VecDeque::new(),
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
            self.done.push_back(Done::Finished(batch, Outcome::failed(error.clone())));
            return;
        }
        if let Some(error) = self.writer.refusal() {
            self.done.push_back(Done::Finished(batch, Outcome::failed(error)));
            return;
        }
        let at = batch.partition.lane;
        if at >= self.lanes.len() {
            self.lanes.resize_with(at + 1, || None);
        }
        let lane = self.lanes[at].get_or_insert_with(|| Lane::new(&batch.partition, self.config));
        lane.leader = leader;
        lane.sequence.handle_batch(batch);
        self.look(at, now);
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
        self.heed_writer(now);
    }

    /// A coordinator's response, or why there was none.
    pub(crate) fn handle_response(
        &mut self,
        response: Result<CoordinatorResponse, Error>,
        now: Instant,
        chance: f64,
    ) {
        self.writer.handle_response(response, now, chance);
        self.heed_writer(now);
        self.look_at_all(now);
    }

    /// Partitions may have new leaders. Of what the view does not tell of, the last one known stays.
    pub(crate) fn handle_leaders(&mut self, view: &Metadata, now: Instant) {
        self.wants_metadata = false;
        for lane in self.lanes.iter_mut().flatten() {
            let topic = view.topics.get(&lane.partition.topic);
            if let Some(known) = topic.and_then(|topic| topic.partition(lane.partition.index)) {
                lane.leader = known.leader;
            }
        }
        self.look_at_all(now);
    }

    /// The answer to one batch of a request.
    pub(crate) fn handle_answer(&mut self, sent: &Sent, answer: BatchAnswer, now: Instant, chance: f64) {
        let at = sent.partition.lane;
        let Some(lane) = self.lanes.get_mut(at).and_then(Option::as_mut) else { return };
        if let (Some(transactions), BatchAnswer::Written { .. }) = (self.writer.transactions(), &answer) {
            transactions.handle_written();
        }
        let settled = lane.sequence.handle_answer(sent.batch.key, answer, now, chance);
        self.wants_metadata |= settled.refresh;
        self.splits += u64::from(settled.split);
        let finished = settled.finished.map(|(batch, outcome)| Done::Finished(batch, outcome));
        self.finish(finished);
        match settled.fatal {
            Some(error) => self.abandon(&error),
            None => self.look(at, now),
        }
        self.heed_writer(now);
    }

    /// What a broker says of a partition's log, or why it does not.
    pub(crate) fn handle_log(
        &mut self,
        request: &LogRequest,
        answer: Result<resolution::LogAnswer, Error>,
        now: Instant,
        chance: f64,
    ) {
        let at = request.partition.lane;
        if let Some(node) = self.nodes.get_mut(&request.node) {
            node.asked = false;
        }
        let Some(lane) = self.lanes.get_mut(at).and_then(Option::as_mut) else { return };
        self.wants_metadata |= answer.as_ref().is_err_and(Error::refreshes_metadata);
        let finished = lane.sequence.handle_log(request.number, answer.as_ref(), now, chance);
        self.finish(finished.into_iter().map(|(batch, outcome)| Done::Finished(batch, outcome)));
        self.look(at, now);
    }

    /// A request was answered, or will never be.
    pub(crate) fn handle_request_done(&mut self, node: i32) {
        if let Some(node) = self.nodes.get_mut(&node) {
            node.in_flight = node.in_flight.saturating_sub(1);
        }
    }

    /// Nothing is sent to this broker before then.
    fn handle_pause(&mut self, node: i32, until: Instant) {
        let paused = &mut self.nodes.entry(node).or_default().not_before;
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
            let Some(lane) = self.lanes.get_mut(at).and_then(Option::as_mut) else { continue };
            if lane.timer != Some(due) {
                continue;
            }
            lane.timer = None;
            let expired = lane.sequence.expire(now);
            self.finish(expired.into_iter().map(Done::from));
            self.look(at, now);
        }
        self.heed_writer(now);
    }

    /// When `handle_timeout` or `poll_request` has something to do.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let lanes = self.timers.peek().map(|Reverse((due, _))| *due);
        let waiting = |node: &&Node| !(node.queue.is_empty() && node.doubts.is_empty());
        let paused = self.nodes.values().filter(waiting).filter_map(|node| node.not_before);
        paused.chain(lanes).chain(self.writer.deadline()).min()
    }

    /// The next request to a coordinator.
    pub(crate) fn poll_coordinator_request(&mut self, now: Instant) -> Option<CoordinatorRequest> {
        // Only a transaction makes anything of a gap, so that others need not look for one.
        if let Some(transactions) = self.writer.transactions().filter(|it| it.is_busy())
            && self.lanes.iter().flatten().any(|lane| lane.sequence.has_gap())
        {
            transactions.handle_gap();
        }
        let (lanes, hasty) = (&self.lanes, self.config.planted(Planted::EndedUnanswered));
        let quiet = || hasty || lanes.iter().flatten().all(|lane| lane.sequence.is_empty());
        let request = self.writer.poll_request(quiet, now);
        self.heed_writer(now);
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
    pub(crate) fn poll_nodes(&mut self, now: Instant) -> Vec<i32> {
        let in_flight_max = self.config.in_flight_max;
        let open = |(id, node): (&i32, &mut Node)| {
            node.not_before = node.not_before.filter(|at| *at > now);
            let free = node.in_flight < in_flight_max && node.not_before.is_none();
            (free && !node.queue.is_empty()).then_some(*id)
        };
        self.nodes.iter_mut().filter_map(open).collect()
    }

    /// Brokers that are to be asked what a log holds.
    pub(crate) fn poll_doubted(&mut self, now: Instant) -> Vec<i32> {
        let open = |(id, node): (&i32, &Node)| {
            let free = !node.asked && node.not_before.is_none_or(|at| at <= now);
            (free && !node.doubts.is_empty()).then_some(*id)
        };
        self.nodes.iter().filter_map(open).collect()
    }

    /// The next question to a broker about a log: one at a time, so that its answers are held one at a time.
    pub(crate) fn poll_log(&mut self, node: i32, now: Instant) -> Option<LogRequest> {
        while let Some(at) = self.nodes.get_mut(&node).filter(|it| !it.asked)?.doubts.pop_front() {
            let Some(lane) = self.lanes.get_mut(at).and_then(Option::as_mut) else { continue };
            if lane.asks != Some(node) {
                continue;
            }
            lane.asks = None;
            if lane.leader == Some(node)
                && let Some((number, query)) = lane.sequence.poll_log_query(now)
            {
                let partition = Arc::clone(&lane.partition);
                self.nodes.get_mut(&node)?.asked = true;
                return Some(LogRequest { node, partition, query, number });
            }
            self.look(at, now);
        }
        None
    }

    /// Brokers that have not yet taken what waits for them, or all that may fly to them.
    pub(crate) fn ready_nodes(&self) -> Vec<i32> {
        let full = self.nodes.iter().filter(|(_, node)| node.in_flight >= self.config.in_flight_max);
        let waiting = self.lanes.iter().flatten().filter(|lane| lane.sequence.waiting() > 0);
        let behind: BTreeSet<i32> =
            full.map(|(id, _)| *id).chain(waiting.filter_map(|lane| lane.leader)).collect();
        behind.into_iter().collect()
    }

    /// The next request for a broker: at most one batch of each partition, within the size.
    pub(crate) fn poll_request(&mut self, node: i32, now: Instant) -> Option<Outgoing> {
        let known = self.nodes.get_mut(&node)?;
        if known.in_flight >= self.config.in_flight_max || known.not_before.is_some_and(|at| at > now) {
            return None;
        }
        let (mut batches, mut bytes) = (Vec::new(), 0);
        for _ in 0..known.queue.len() {
            let Some(at) = self.nodes.get_mut(&node).and_then(|node| node.queue.pop_front()) else { break };
            let Some(lane) = self.lanes.get_mut(at).and_then(Option::as_mut) else { continue };
            if lane.queued != Some(node) {
                continue;
            }
            lane.queued = None;
            if lane.target() == Some(node)
                && let Readiness::Now(size) = lane.sequence.readiness(now)
                // It may have taken its place in the queue for the transaction before.
                && self.writer.admits(&lane.partition)
            {
                if !batches.is_empty() && bytes + size > self.request_bytes_max {
                    self.return_to_front(at, node);
                    break;
                }
                bytes += size;
                batches.extend(lane.take(node, now));
            }
            self.look(at, now);
        }
        if batches.is_empty() {
            return None;
        }
        self.nodes.get_mut(&node)?.in_flight += 1;
        batches.sort_by(|a, b| a.partition.topic.cmp(&b.partition.topic));
        let transactions = self.writer.transactions();
        let transaction = transactions.map(|it| {
            it.handle_sent();
            (Arc::clone(it.id()), it.protocol())
        });
        Some(Outgoing { node, batches, transaction })
    }

    /// What deliveries are to be told.
    pub(crate) fn poll_done(&mut self) -> Option<Done> {
        self.done.pop_front()
    }

    /// A partition of which batches wait now, or no longer do, so that one that has lingered may be closed.
    pub(crate) fn poll_backlog(&mut self) -> Option<Backlog> {
        loop {
            let at = self.backlogs.pop_front()?;
            let Some(lane) = self.lanes.get_mut(at).and_then(Option::as_mut) else { continue };
            lane.backlog.listed = false;
            let waits = lane.sequence.waiting() > 0;
            if std::mem::replace(&mut lane.backlog.waits, waits) != waits {
                return Some(Backlog { lane: at, waits });
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
        for at in 0..self.lanes.len() {
            let Some(lane) = &mut self.lanes[at] else { continue };
            let given_up = lane.sequence.abandon(&error).into_iter();
            self.done.extend(given_up.map(|(batch, outcome)| Done::Finished(batch, outcome)));
            // What has lingered meanwhile is to be closed, and then fails too.
            self.list_backlog(at);
        }
        if let Some(transactions) = self.writer.transactions() {
            transactions.handle_fatal(&error);
        }
        self.fatal.get_or_insert(error);
    }

    /// A batch that failed takes its transaction with it.
    fn finish(&mut self, done: impl IntoIterator<Item = Done>) {
        for done in done {
            if let (Some(transactions), Some(error)) = (self.writer.transactions(), done.error()) {
                transactions.handle_failure(error);
            }
            self.done.push_back(done);
        }
    }

    /// Nothing more leaves; what flies is awaited.
    fn give_up(&mut self, error: &Error, now: Instant) {
        for lane in self.lanes.iter_mut().flatten() {
            self.done.extend(lane.sequence.give_up(error).into_iter().map(Done::from));
        }
        self.look_at_all(now);
    }

    /// Takes over what an event did to the identity, or to the transaction.
    fn heed_writer(&mut self, now: Instant) {
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
                self.lanes.iter_mut().flatten().for_each(|lane| lane.sequence.renew(identity));
            }
            self.look_at_all(now);
        }
    }

    fn look_at_all(&mut self, now: Instant) {
        for at in 0..self.lanes.len() {
            self.look(at, now);
        }
    }

    /// Puts a lane where it belongs: into its leader's queue, or under a timer.
    fn look(&mut self, at: usize, now: Instant) {
        self.list_backlog(at);
        let Some(lane) = self.lanes.get_mut(at).and_then(Option::as_mut) else { return };
        if lane.sequence.is_empty() {
            return;
        }
        if let Some(identity) = self.identity {
            lane.sequence.handle_identity(identity);
        }
        let mut wake = lane.sequence.deadline();
        match (lane.sequence.readiness(now), lane.target()) {
            (Readiness::Now(_), Some(node)) => {
                if lane.queued != Some(node) && self.writer.admits(&lane.partition) {
                    lane.queued = Some(node);
                    self.nodes.entry(node).or_default().queue.push_back(at);
                }
            }
            (Readiness::Now(_), None) if lane.leader.is_none() => self.wants_metadata = true,
            (Readiness::At(at), _) => wake = wake.map_or(Some(at), |wake| Some(wake.min(at))),
            (Readiness::Identity, _) => {
                self.identity = None;
                self.writer.want_identity();
            }
            (Readiness::Now(_) | Readiness::No, _) => {}
        }
        match (lane.sequence.log_query_due(now), lane.leader) {
            (Some(due), _) if due > now => wake = wake.map_or(Some(due), |wake| Some(wake.min(due))),
            (Some(_), Some(node)) if lane.asks != Some(node) => {
                lane.asks = Some(node);
                self.nodes.entry(node).or_default().doubts.push_back(at);
            }
            (Some(_), None) => self.wants_metadata = true,
            (Some(_) | None, _) => {}
        }
        if let Some(wake) = wake
            && lane.timer.is_none_or(|timer| wake < timer)
        {
            lane.timer = Some(wake);
            self.timers.push(Reverse((wake, at)));
        }
    }

    fn list_backlog(&mut self, at: usize) {
        let Some(lane) = self.lanes.get_mut(at).and_then(Option::as_mut) else { return };
        if lane.backlog.waits != (lane.sequence.waiting() > 0) && !lane.backlog.listed {
            lane.backlog.listed = true;
            self.backlogs.push_back(at);
        }
    }

    fn return_to_front(&mut self, at: usize, node: i32) {
        if let (Some(Some(lane)), Some(known)) = (self.lanes.get_mut(at), self.nodes.get_mut(&node)) {
            lane.queued = Some(node);
            known.queue.push_front(at);
        }
    }
}

impl Lane {
    fn new(partition: &Arc<Partition>, config: SequenceConfig) -> Self {
        let partition = Arc::clone(partition);
        Self {
            partition,
            leader: None,
            sequence: Sequence::new(config),
            backlog: Told::default(),
            queued: None,
            flies_to: None,
            asks: None,
            timer: None,
        }
    }

    /// The leader, unless batches still fly to the one before: they must not be overtaken.
    fn target(&self) -> Option<i32> {
        let leader = self.leader?;
        (self.sequence.in_flight() == 0 || self.flies_to == Some(leader)).then_some(leader)
    }

    fn take(&mut self, node: i32, now: Instant) -> Option<Sent> {
        let batch = self.sequence.poll_batch(now)?;
        self.flies_to = Some(node);
        Some(Sent { partition: Arc::clone(&self.partition), batch })
    }
}

impl Done {
    /// The topic, and how many records, when they failed.
    pub(crate) fn failed(&self) -> Option<(Arc<str>, u32)> {
        self.error()?;
        Some(match self {
            Self::Finished(batch, _) => (Arc::clone(&batch.partition.topic), batch.count),
            Self::Told(expired, _) => (Arc::clone(&expired.partition.topic), expired.count),
        })
    }

    fn error(&self) -> Option<&Error> {
        match self {
            Self::Finished(_, outcome) | Self::Told(_, outcome) => outcome.error(),
        }
    }
}

impl From<Expired> for Done {
    fn from(expired: Expired) -> Self {
        match expired {
            Expired::Finished(batch, outcome) => Self::Finished(batch, outcome),
            Expired::Reported(expired, outcome) => Self::Told(expired, outcome),
        }
    }
}

#[cfg(test)]
mod tests;

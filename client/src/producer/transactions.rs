//! One producer's transactions: what its coordinators are asked, in which order, and what an answer means.
//!
//! ```text
//!            begin              commit                  EndTxn answered
//!   ready ───────────► open ───────────► ending(commit) ────────────────► ready
//!     ▲                 │ │                   │
//!     │           abort │ │ a batch or a call │ refused
//!     │                 │ │ failed            ▼
//!     │                 │ └────────────────► doomed
//!     │                 ▼      abort          │
//!     └──────────── ending(abort) ◄───────────┘
//!      EndTxn answered
//!
//!   any ──── fenced, not allowed, or what no abort mends ────► dead
//! ```
//!
//! A transaction begins at the coordinator with the first partition or group that joins it. Under the
//! classic protocol each is announced before it is written to; under KIP-890's, writing announces it, and
//! each end gives the next epoch, so that nothing of the last transaction can slip into the next. Where
//! the end does not give one and a batch was given up, or `EndTxn` or offsets got no answer, the coordinator
//! is asked for it (KIP-360).
//!
//! `EndTxn` leaves when no batch of the transaction is under way any more. It may be asked again as often
//! as its answer is lost: the coordinator knows the transaction by its epoch. Where all that should have
//! joined was refused or got no answer, the coordinator may know nothing of the transaction, and takes the
//! `EndTxn` of its abort for a mistake (classic), or, while the end before is not complete, for that of a
//! fenced producer (KIP-890): whether it is one, the question for the next epoch tells.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use upsert_kafka_protocol::ErrorCode;
use upsert_kafka_protocol::messages::EndTxnResponse;

use super::errand::Errand;
use super::offsets::Offsets;
use super::partition::Partition;
use super::question::{Call, Heard, Protocol, Question, Reply};
use super::sequence::ProducerId;
use crate::error::Scope;
use crate::retry::Backoff;
use crate::{Error, ErrorKind};

mod ask;

/// The whole of a transactional producer beside its batches.
#[derive(Debug)]
pub(crate) struct Transactions {
    id: Arc<str>,
    timeout_ms: i32,
    state: State,
    /// Who writes; `None` until the coordinator told, and when another epoch is needed.
    identity: Option<ProducerId>,
    /// Whose epoch is to be renewed.
    outworn: Option<ProducerId>,
    /// Of the open transaction, and of the next one.
    protocol: Protocol,
    offered: Protocol,
    errand: Errand,
    joined: BTreeMap<usize, Joined>,
    /// Groups that were announced.
    groups: BTreeSet<Arc<str>>,
    offsets: VecDeque<(Option<Ticket>, Offsets)>,
    begun: Option<Ticket>,
    ended: Option<Ticket>,
    /// The coordinator may know of the open transaction.
    started: bool,
    /// Something is known to have joined it.
    welcomed: bool,
    /// The end of this transaction must be followed by a new epoch.
    bump: bool,
    /// Another process began it.
    resumed: bool,
    /// The coordinator has forgotten the transactional id, and the transaction with it.
    forgotten: bool,
    /// An attempt to commit the open transaction may have been heard, though nobody said so.
    commit_in_doubt: bool,
    /// The doom was not told yet.
    fresh_doom: bool,
    settled: VecDeque<(Ticket, Result<ProducerId, Error>)>,
}

/// See the drawing above.
#[derive(Debug)]
enum State {
    Ready,
    Open,
    Doomed(Error),
    Ending { commit: bool },
    Dead(Error),
}

/// A partition of the open transaction.
#[derive(Debug)]
struct Joined {
    partition: Arc<Partition>,
    stage: Stage,
}

/// How far a partition's announcement has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    New,
    Asked,
    Announced,
}

/// What an order is answered by.
pub(crate) type Ticket = u64;

/// What the caller wants.
#[derive(Debug)]
pub(crate) enum Order {
    /// A new transaction: it waits for the one before to end, and for a producer id.
    Begin,
    /// To end a transaction that another process left open (KIP-939).
    Resume(ProducerId),
    /// Offsets that are to be kept when the open transaction is committed.
    Keep(Offsets),
    /// The open transaction is to be committed; everything sent in it was answered.
    Commit,
    /// The open transaction, if there is one, is to be aborted. One that is being committed is not.
    Abort,
}

/// What an error code means for the transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Judgement {
    /// Ask again; `anew` when another broker may be the coordinator.
    Again { anew: bool },
    /// The transaction cannot be committed.
    Abort,
    /// The producer can do nothing any more.
    Fatal,
}

impl Transactions {
    pub(crate) fn new(id: Arc<str>, timeout_ms: i32, backoff: Backoff) -> Self {
        Self {
            id,
            timeout_ms,
            state: State::Ready,
            identity: None,
            outworn: None,
            protocol: Protocol::Classic,
            offered: Protocol::Classic,
            errand: Errand::new(backoff),
            joined: BTreeMap::new(),
            groups: BTreeSet::new(),
            offsets: VecDeque::new(),
            begun: None,
            ended: None,
            started: false,
            welcomed: false,
            bump: false,
            resumed: false,
            forgotten: false,
            commit_in_doubt: false,
            fresh_doom: false,
            settled: VecDeque::new(),
        }
    }

    /// The `transactional.id`.
    pub(crate) fn id(&self) -> &Arc<str> {
        &self.id
    }

    /// Who writes, when that is known.
    pub(crate) fn identity(&self) -> Option<ProducerId> {
        self.identity
    }

    /// How the open transaction is spoken of.
    pub(crate) fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// Why nothing can be written to the open transaction any more.
    pub(crate) fn doom(&self) -> Option<&Error> {
        match &self.state {
            State::Doomed(error) | State::Dead(error) => Some(error),
            State::Ready | State::Open | State::Ending { .. } => None,
        }
    }

    /// The same, told once.
    pub(crate) fn poll_doom(&mut self) -> Option<Error> {
        let fresh = std::mem::take(&mut self.fresh_doom);
        self.doom().filter(|_| fresh).cloned()
    }

    /// Whether the producer is at its end.
    pub(crate) fn is_dead(&self) -> bool {
        matches!(self.state, State::Dead(_))
    }

    /// Whether a transaction is open or is being ended.
    pub(crate) fn is_busy(&self) -> bool {
        matches!(self.state, State::Open | State::Doomed(_) | State::Ending { .. })
    }

    /// Whether batches are to be given up rather than sent.
    pub(crate) fn gives_up(&self) -> bool {
        !matches!(self.state, State::Open | State::Ending { commit: true })
    }

    /// What the caller wants. Without a ticket nobody awaits what becomes of it.
    pub(crate) fn handle_order(&mut self, order: Order, ticket: Option<Ticket>) {
        let refused = match (order, &self.state) {
            (_, State::Dead(error)) => Some(error.clone()),
            (Order::Begin, State::Ready | State::Ending { .. }) if self.begun.is_none() => {
                self.begun = ticket;
                self.open();
                None
            }
            (Order::Begin, _) => Some(open_already()),
            (Order::Resume(identity), State::Ready) if self.identity.is_none() && !self.errand.is_busy() => {
                self.resume(identity, ticket);
                None
            }
            (Order::Resume(_), _) => Some(begun_already()),
            (Order::Keep(offsets), State::Open) => {
                self.offsets.push_back((ticket, offsets));
                None
            }
            (Order::Commit, State::Open) => {
                (self.state, self.ended) = (State::Ending { commit: true }, ticket);
                None
            }
            (Order::Abort, State::Open | State::Doomed(_)) => {
                (self.state, self.ended) = (State::Ending { commit: false }, ticket);
                self.give_up_calls(&aborted());
                None
            }
            (_, State::Doomed(error)) => Some(error.clone()),
            (_, State::Ready | State::Ending { .. }) => Some(none_open()),
        };
        if let Some(error) = refused {
            self.settle(ticket, Err(error));
        }
    }

    /// A batch of this partition wants to leave; says whether it may. If not it may when a call is answered.
    pub(crate) fn admit(&mut self, partition: &Arc<Partition>) -> bool {
        if !matches!(self.state, State::Open) {
            // What is sent again while the transaction ends has joined it before.
            return true;
        }
        if self.protocol == Protocol::V2 {
            return true;
        }
        let join = || Joined { partition: Arc::clone(partition), stage: Stage::New };
        self.joined.entry(partition.lane).or_insert_with(join).stage == Stage::Announced
    }

    /// Batches of the open transaction leave, by which the coordinator may hear of it.
    pub(crate) fn handle_leaving(&mut self) {
        self.started |= matches!(self.state, State::Open);
    }

    /// A batch was written.
    pub(crate) fn handle_written(&mut self) {
        self.welcomed = true;
    }

    /// A batch failed for good, so the transaction cannot be whole.
    pub(crate) fn handle_failure(&mut self, error: &Error) {
        if matches!(self.state, State::Open | State::Ending { commit: true }) {
            self.bump |= self.protocol == Protocol::Classic;
            self.doom_by(error.clone());
        }
    }

    /// A batch that had its sequence was given up, be it by an abort: what comes after the end needs the next
    /// epoch. Under KIP-890's protocol every end gives one.
    pub(crate) fn handle_gap(&mut self) {
        if self.is_busy() {
            self.bump |= self.protocol == Protocol::Classic;
        }
    }

    /// The producer can do nothing any more.
    pub(crate) fn handle_fatal(&mut self, error: &Error) {
        self.die(error.clone());
    }

    /// The next question, if one is to leave now. `quiet` says that no batch is under way or waits.
    pub(crate) fn poll_call(&mut self, quiet: bool, now: Instant) -> Option<Call> {
        if !self.errand.is_busy()
            && let Some(call) = self.next_call(quiet)
        {
            self.errand.take_on(call);
        }
        self.errand.poll_call(now)
    }

    /// When `poll_call` has something to do.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.errand.deadline()
    }

    /// The answer to the question that was polled, or why there was none.
    pub(crate) fn handle_reply(&mut self, reply: Result<Heard, Error>, now: Instant, chance: f64) {
        let Some(api) = self.errand.question().map(Question::api) else { return };
        self.commit_in_doubt |= self.leaves_commit_in_doubt(&reply);
        self.bump |= self.may_come_late(&reply);
        let reply = match reply {
            Ok(heard) => {
                self.offered = heard.offered;
                heard.reply
            }
            Err(error) if error.is_retriable() => return self.again(true, false, now, chance),
            Err(error) => return self.die(error),
        };
        let code = reply.error_code();
        if code.is_none() {
            self.errand.finish();
            return self.answered(&reply);
        }
        let mut error = Error::from_code(code, api);
        if let Some((topic, partition)) = reply.culprit() {
            error = error.with_topic(topic).with_partition(partition);
        }
        match self.judge(code) {
            Judgement::Again { anew } => {
                tracing::debug!(transactional_id = &*self.id, %error, "a coordinator will be asked again");
                let soon = code == ErrorCode::CONCURRENT_TRANSACTIONS;
                self.again(anew, soon, now, chance);
            }
            Judgement::Abort => self.refused(code, error),
            Judgement::Fatal => self.die(error),
        }
    }

    /// What became of an order.
    pub(crate) fn poll_settled(&mut self) -> Option<(Ticket, Result<ProducerId, Error>)> {
        self.settled.pop_front()
    }

    fn answered(&mut self, reply: &Reply) {
        match reply {
            Reply::Identify(told) => {
                let identity = ProducerId { id: told.producer_id, epoch: told.producer_epoch };
                (self.identity, self.outworn) = (Some(identity), None);
                self.open();
            }
            Reply::AddPartitions(_) => {
                self.welcomed = true;
                let asked = self.joined.values_mut().filter(|joined| joined.stage == Stage::Asked);
                asked.for_each(|joined| joined.stage = Stage::Announced);
            }
            Reply::AddOffsets(_) => {
                self.welcomed = true;
                if let Some((_, offsets)) = self.offsets.front() {
                    self.groups.insert(Arc::clone(&offsets.group.group_id));
                }
            }
            Reply::CommitOffsets(_) => {
                self.welcomed = true;
                if let (Some((ticket, _)), Some(identity)) = (self.offsets.pop_front(), self.identity) {
                    self.settle(ticket, Ok(identity));
                }
            }
            Reply::End(told) => self.complete(renewed(told)),
        }
    }

    /// The coordinator says that the transaction cannot be committed, or knows nothing of it.
    fn refused(&mut self, code: ErrorCode, error: Error) {
        let to_end = self.asks_for_end();
        self.errand.finish();
        self.forgotten |= code == ErrorCode::INVALID_PRODUCER_ID_MAPPING;
        let anew = self.protocol == Protocol::Classic || self.forgotten;
        match self.state {
            // What was to join may have, whatever became of it then: the end is yet to be asked for.
            State::Ending { commit: false } if !to_end => self.bump |= anew,
            // Nothing was written, as nothing was announced well, so the epoch is as good as new.
            State::Ending { commit: false } if code == ErrorCode::INVALID_TXN_STATE => self.complete(None),
            State::Ending { commit: false } if self.forgotten || !self.welcomed => {
                self.bump = true;
                self.complete(None);
            }
            _ => {
                self.bump |= anew;
                self.doom_by(error);
            }
        }
    }

    fn asks_for_end(&self) -> bool {
        matches!(self.errand.question(), Some(Question::End(_)))
    }

    fn again(&mut self, anew: bool, soon: bool, now: Instant, chance: f64) {
        let matters = match self.errand.question() {
            Some(Question::Identify(_) | Question::End(_)) => true,
            _ => matches!(self.state, State::Open | State::Ending { commit: true }),
        };
        if matters { self.errand.again(anew, soon, now, chance) } else { self.errand.finish() }
    }

    /// Over, one way or the other.
    fn complete(&mut self, renewed: Option<ProducerId>) {
        match renewed {
            Some(identity) => self.identity = Some(identity),
            None if self.bump => self.outworn = self.identity.take(),
            None => {}
        }
        self.state = State::Ready;
        (self.started, self.welcomed, self.bump) = (false, false, false);
        (self.resumed, self.forgotten, self.commit_in_doubt) = (false, false, false);
        self.joined.clear();
        self.groups.clear();
        let identity = self.identity.or(self.outworn);
        let ended = self.ended.take();
        if let Some(identity) = identity {
            self.settle(ended, Ok(identity));
        }
        self.open();
    }

    /// Which sequences the other process wrote is not known here, so that nothing can be sent.
    fn resume(&mut self, identity: ProducerId, ticket: Option<Ticket>) {
        (self.state, self.identity) = (State::Open, Some(identity));
        (self.started, self.welcomed, self.bump, self.resumed) = (true, true, true, true);
        self.settle(ticket, Ok(identity));
    }

    /// Opens the transaction that is wanted, if it can be.
    fn open(&mut self) {
        let (State::Ready, Some(identity), Some(_)) = (&self.state, self.identity, self.begun) else {
            return;
        };
        (self.state, self.protocol) = (State::Open, self.offered);
        let begun = self.begun.take();
        self.settle(begun, Ok(identity));
    }

    fn doom_by(&mut self, error: Error) {
        let error = self.named(error).with_scope(Scope::Transaction);
        self.give_up_calls(&error);
        self.settle_end(&error);
        self.fresh_doom = true;
        self.state = State::Doomed(error);
    }

    fn die(&mut self, error: Error) {
        if self.is_dead() {
            return;
        }
        let error = self.named(error).with_scope(Scope::Producer);
        self.errand.finish();
        self.give_up_calls(&error);
        let begun = self.begun.take();
        self.settle(begun, Err(error.clone()));
        self.settle_end(&error);
        self.state = State::Dead(error);
    }

    /// What was to be told to the coordinators of a transaction that will not be committed.
    fn give_up_calls(&mut self, error: &Error) {
        for (ticket, _) in std::mem::take(&mut self.offsets) {
            self.settle(ticket, Err(error.clone()));
        }
        self.joined.retain(|_, joined| joined.stage == Stage::Announced);
    }

    fn settle(&mut self, ticket: Option<Ticket>, result: Result<ProducerId, Error>) {
        self.settled.extend(ticket.map(|ticket| (ticket, result)));
    }

    /// The end of the transaction did not come about as it was wanted, as far as is known.
    fn settle_end(&mut self, error: &Error) {
        let ended = self.ended.take();
        self.settle(ended, Err(error.clone().with_written(self.commit_in_doubt)));
    }

    /// Whether the coordinator may commit all the same, or may have, after this answer or the lack of one.
    fn leaves_commit_in_doubt(&self, reply: &Result<Heard, Error>) -> bool {
        let commits = matches!(self.errand.question(), Some(Question::End(request)) if request.committed);
        commits
            && match reply {
                Ok(heard) => matches!(
                    heard.reply.error_code(),
                    ErrorCode::REQUEST_TIMED_OUT | ErrorCode::UNKNOWN_SERVER_ERROR
                ),
                Err(error) => error.may_have_been_written(),
            }
    }

    /// Whether the question may come to its coordinator later than its repetition. With the same epoch it would end
    /// the next classic transaction, or take its offsets back (KIP-890).
    fn may_come_late(&self, reply: &Result<Heard, Error>) -> bool {
        let harms = matches!(self.errand.question(), Some(Question::End(_) | Question::CommitOffsets(_)));
        let lost = matches!(reply, Err(error) if error.may_have_been_written());
        harms && lost && self.protocol == Protocol::Classic
    }

    fn named(&self, error: Error) -> Error {
        error.within(&format!("transactional.id {}", self.id))
    }

    /// As Java's `TransactionManager` (4.x) judges, but where a call about one partition or group fails for a
    /// reason of its own: aborting mends that, so it is no reason to end the producer.
    fn judge(&self, code: ErrorCode) -> Judgement {
        let question = self.errand.question();
        let ends = matches!(self.state, State::Ending { commit: false });
        let unheard_of = ends && !self.welcomed && self.asks_for_end();
        match code {
            ErrorCode::NOT_COORDINATOR
            | ErrorCode::COORDINATOR_NOT_AVAILABLE
            | ErrorCode::REQUEST_TIMED_OUT => Judgement::Again { anew: true },
            // There is nothing to end.
            ErrorCode::INVALID_TXN_STATE if unheard_of && self.protocol == Protocol::Classic => {
                Judgement::Abort
            }
            // There is nothing to end yet, since the end before is not complete; or the producer is fenced.
            ErrorCode::PRODUCER_FENCED if unheard_of && self.protocol == Protocol::V2 => Judgement::Abort,
            ErrorCode::PRODUCER_FENCED
            | ErrorCode::INVALID_PRODUCER_EPOCH
            | ErrorCode::TRANSACTIONAL_ID_AUTHORIZATION_FAILED
            | ErrorCode::CLUSTER_AUTHORIZATION_FAILED
            | ErrorCode::INVALID_TXN_STATE
            | ErrorCode::UNSUPPORTED_VERSION
            | ErrorCode::UNSUPPORTED_FOR_MESSAGE_FORMAT => Judgement::Fatal,
            // What is aborted already is to be aborted: there is nothing worse to say about it.
            ErrorCode::TRANSACTION_ABORTABLE if ends => Judgement::Again { anew: false },
            ErrorCode::TRANSACTION_ABORTABLE
            | ErrorCode::UNKNOWN_PRODUCER_ID
            | ErrorCode::INVALID_PRODUCER_ID_MAPPING
                if !matches!(question, Some(Question::Identify(_))) =>
            {
                Judgement::Abort
            }
            code if code.is_retriable() => Judgement::Again { anew: false },
            _ if matches!(question, Some(Question::Identify(_) | Question::End(_))) => Judgement::Fatal,
            _ => Judgement::Abort,
        }
    }
}

fn renewed(told: &EndTxnResponse) -> Option<ProducerId> {
    (told.producer_id >= 0).then_some(ProducerId { id: told.producer_id, epoch: told.producer_epoch })
}

fn open_already() -> Error {
    Error::new(ErrorKind::Usage, "a transaction is open already: commit or abort it first")
}

fn begun_already() -> Error {
    Error::new(ErrorKind::Usage, "a transaction is resumed by a producer that has begun none yet")
}

fn none_open() -> Error {
    Error::new(ErrorKind::Usage, "no transaction is open: begin one first")
}

/// What a record or an offset of an aborted transaction is told.
pub(crate) fn aborted() -> Error {
    Error::new(ErrorKind::Aborted, "its transaction was aborted")
}

#[cfg(test)]
mod tests;

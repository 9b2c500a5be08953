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
//! fenced producer (KIP-890): whether it is one, the request for the next epoch tells.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use upsert_kafka_protocol::ErrorCode;
use upsert_kafka_protocol::messages::EndTxnResponse;

use super::coordinator_request::{
    CoordinatorRequest, CoordinatorResponse, Protocol, RequestBody, ResponseBody,
};
use super::offsets::Offsets;
use super::partition::Partition;
use super::retrying_request::RetryingRequest;
use super::sequence::ProducerId;
use crate::error::Scope;
use crate::retry::Backoff;
use crate::{Error, ErrorKind};

mod next_request;

/// The whole of a transactional producer beside its batches.
#[derive(Debug)]
pub(crate) struct Transactions {
    id: Arc<str>,
    timeout_ms: i32,
    state: State,
    /// Who writes; `None` until the coordinator told, and when another epoch is needed.
    identity: Option<ProducerId>,
    /// Whose epoch is to be renewed.
    stale_identity: Option<ProducerId>,
    /// Of the open transaction, and of the next one.
    protocol: Protocol,
    offered: Protocol,
    request: RetryingRequest,
    joined: BTreeMap<usize, TransactionPartition>,
    /// Groups that were announced.
    groups: BTreeSet<Arc<str>>,
    offsets: VecDeque<(Option<Ticket>, Offsets)>,
    begun: Option<Ticket>,
    ended: Option<Ticket>,
    /// The coordinator may know of the open transaction.
    registration_requested: bool,
    /// Something is known to have joined it.
    participant_acknowledged: bool,
    /// The end of this transaction must be followed by a new epoch.
    needs_epoch_bump: bool,
    /// Another process began it.
    resumed: bool,
    /// The coordinator has forgotten the transactional id, and the transaction with it.
    coordinator_lost_state: bool,
    /// An attempt to commit the open transaction may have been heard, though nobody said so.
    commit_in_doubt: bool,
    /// The abortable error was not polled yet.
    error_unreported: bool,
    settled: VecDeque<(Ticket, Result<ProducerId, Error>)>,
}

/// See the drawing above.
#[derive(Debug)]
enum State {
    Ready,
    Open,
    AbortableError(Error),
    Ending { commit: bool },
    FatalError(Error),
}

/// A partition of the open transaction.
#[derive(Debug)]
struct TransactionPartition {
    partition: Arc<Partition>,
    stage: AddStage,
}

/// How far a partition's announcement has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum AddStage {
    New,
    Requested,
    Added,
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
    SendOffsets(Offsets),
    /// The open transaction is to be committed; everything sent in it was answered.
    Commit,
    /// The open transaction, if there is one, is to be aborted. One that is being committed is not.
    Abort,
}

/// What an error code means for the transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ErrorClass {
    /// Send the request again; `rediscover` when another broker may be the coordinator.
    Retry { rediscover: bool },
    /// The transaction can only be aborted.
    Abortable,
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
            stale_identity: None,
            protocol: Protocol::Classic,
            offered: Protocol::Classic,
            request: RetryingRequest::new(backoff),
            joined: BTreeMap::new(),
            groups: BTreeSet::new(),
            offsets: VecDeque::new(),
            begun: None,
            ended: None,
            registration_requested: false,
            participant_acknowledged: false,
            needs_epoch_bump: false,
            resumed: false,
            coordinator_lost_state: false,
            commit_in_doubt: false,
            error_unreported: false,
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
    pub(crate) fn error(&self) -> Option<&Error> {
        match &self.state {
            State::AbortableError(error) | State::FatalError(error) => Some(error),
            State::Ready | State::Open | State::Ending { .. } => None,
        }
    }

    /// The same, told once.
    pub(crate) fn poll_abortable_error(&mut self) -> Option<Error> {
        let fresh = std::mem::take(&mut self.error_unreported);
        self.error().filter(|_| fresh).cloned()
    }

    /// Whether the producer is at its end.
    pub(crate) fn is_fatal(&self) -> bool {
        matches!(self.state, State::FatalError(_))
    }

    /// Whether a transaction is open or is being ended.
    pub(crate) fn is_busy(&self) -> bool {
        matches!(self.state, State::Open | State::AbortableError(_) | State::Ending { .. })
    }

    /// Whether batches are to be given up rather than sent.
    pub(crate) fn gives_up(&self) -> bool {
        !matches!(self.state, State::Open | State::Ending { commit: true })
    }

    /// What the caller wants. Without a ticket nobody awaits what becomes of it.
    pub(crate) fn handle_order(&mut self, order: Order, ticket: Option<Ticket>) {
        let refused = match (order, &self.state) {
            (_, State::FatalError(error)) => Some(error.clone()),
            (Order::Begin, State::Ready | State::Ending { .. }) if self.begun.is_none() => {
                self.begun = ticket;
                self.open();
                None
            }
            (Order::Begin, _) => Some(open_already()),
            (Order::Resume(identity), State::Ready) if self.identity.is_none() && !self.request.is_busy() => {
                self.resume(identity, ticket);
                None
            }
            (Order::Resume(_), _) => Some(begun_already()),
            (Order::SendOffsets(offsets), State::Open) => {
                self.offsets.push_back((ticket, offsets));
                None
            }
            (Order::Commit, State::Open) => {
                (self.state, self.ended) = (State::Ending { commit: true }, ticket);
                None
            }
            (Order::Abort, State::Open | State::AbortableError(_)) => {
                (self.state, self.ended) = (State::Ending { commit: false }, ticket);
                self.give_up_requests(&aborted());
                None
            }
            (_, State::AbortableError(error)) => Some(error.clone()),
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
        let join = || TransactionPartition { partition: Arc::clone(partition), stage: AddStage::New };
        self.joined.entry(partition.lane).or_insert_with(join).stage == AddStage::Added
    }

    /// Batches of the open transaction leave, by which the coordinator may hear of it.
    pub(crate) fn handle_sent(&mut self) {
        self.registration_requested |= matches!(self.state, State::Open);
    }

    /// A batch was written.
    pub(crate) fn handle_written(&mut self) {
        self.participant_acknowledged = true;
    }

    /// A batch failed for good, so the transaction cannot be whole.
    pub(crate) fn handle_failure(&mut self, error: &Error) {
        if matches!(self.state, State::Open | State::Ending { commit: true }) {
            self.needs_epoch_bump |= self.protocol == Protocol::Classic;
            self.fail_transaction(error.clone());
        }
    }

    /// A batch that had its sequence was given up, be it by an abort: what comes after the end needs the next
    /// epoch. Under KIP-890's protocol every end gives one.
    pub(crate) fn handle_gap(&mut self) {
        if self.is_busy() {
            self.needs_epoch_bump |= self.protocol == Protocol::Classic;
        }
    }

    /// The producer can do nothing any more.
    pub(crate) fn handle_fatal(&mut self, error: &Error) {
        self.fail_producer(error.clone());
    }

    /// The next request, if one is to leave now. `quiet` says that no batch is in flight or waits.
    pub(crate) fn poll_request(&mut self, quiet: bool, now: Instant) -> Option<CoordinatorRequest> {
        if !self.request.is_busy()
            && let Some(call) = self.next_request(quiet)
        {
            self.request.start(call);
        }
        self.request.poll_request(now)
    }

    /// When `poll_request` has something to do.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.request.deadline()
    }

    /// The response to the request that was polled, or why there was none.
    pub(crate) fn handle_response(
        &mut self,
        reply: Result<CoordinatorResponse, Error>,
        now: Instant,
        chance: f64,
    ) {
        let Some(api) = self.request.body().map(RequestBody::api) else { return };
        self.commit_in_doubt |= self.leaves_commit_in_doubt(&reply);
        self.needs_epoch_bump |= self.may_come_late(&reply);
        let reply = match reply {
            Ok(heard) => {
                self.offered = heard.offered;
                heard.body
            }
            Err(error) if error.is_retriable() => return self.again(true, false, now, chance),
            Err(error) => return self.fail_producer(error),
        };
        let code = reply.error_code();
        if code.is_none() {
            self.request.finish();
            return self.answered(&reply);
        }
        let mut error = Error::from_code(code, api);
        if let Some((topic, partition)) = reply.failed_partition() {
            error = error.with_topic(topic).with_partition(partition);
        }
        match self.classify(code) {
            ErrorClass::Retry { rediscover } => {
                tracing::debug!(transactional_id = &*self.id, %error, "a coordinator will be asked again");
                let soon = code == ErrorCode::CONCURRENT_TRANSACTIONS;
                self.again(rediscover, soon, now, chance);
            }
            ErrorClass::Abortable => self.refused(code, error),
            ErrorClass::Fatal => self.fail_producer(error),
        }
    }

    /// What became of an order.
    pub(crate) fn poll_settled(&mut self) -> Option<(Ticket, Result<ProducerId, Error>)> {
        self.settled.pop_front()
    }

    fn answered(&mut self, reply: &ResponseBody) {
        match reply {
            ResponseBody::InitProducerId(told) => {
                let identity = ProducerId { id: told.producer_id, epoch: told.producer_epoch };
                (self.identity, self.stale_identity) = (Some(identity), None);
                self.open();
            }
            ResponseBody::AddPartitionsToTxn(_) => {
                self.participant_acknowledged = true;
                let asked = self.joined.values_mut().filter(|joined| joined.stage == AddStage::Requested);
                asked.for_each(|joined| joined.stage = AddStage::Added);
            }
            ResponseBody::AddOffsetsToTxn(_) => {
                self.participant_acknowledged = true;
                if let Some((_, offsets)) = self.offsets.front() {
                    self.groups.insert(Arc::clone(&offsets.group.group_id));
                }
            }
            ResponseBody::TxnOffsetCommit(_) => {
                self.participant_acknowledged = true;
                if let (Some((ticket, _)), Some(identity)) = (self.offsets.pop_front(), self.identity) {
                    self.settle(ticket, Ok(identity));
                }
            }
            ResponseBody::EndTxn(told) => self.complete(renewed(told)),
        }
    }

    /// The coordinator says that the transaction cannot be committed, or knows nothing of it.
    fn refused(&mut self, code: ErrorCode, error: Error) {
        let to_end = self.asks_for_end();
        self.request.finish();
        self.coordinator_lost_state |= code == ErrorCode::INVALID_PRODUCER_ID_MAPPING;
        let anew = self.protocol == Protocol::Classic || self.coordinator_lost_state;
        match self.state {
            // What was to join may have, whatever became of it then: the end is yet to be asked for.
            State::Ending { commit: false } if !to_end => self.needs_epoch_bump |= anew,
            // Nothing was written, as nothing was announced well, so the epoch is as good as new.
            State::Ending { commit: false } if code == ErrorCode::INVALID_TXN_STATE => self.complete(None),
            State::Ending { commit: false }
                if self.coordinator_lost_state || !self.participant_acknowledged =>
            {
                self.needs_epoch_bump = true;
                self.complete(None);
            }
            _ => {
                self.needs_epoch_bump |= anew;
                self.fail_transaction(error);
            }
        }
    }

    fn asks_for_end(&self) -> bool {
        matches!(self.request.body(), Some(RequestBody::EndTxn(_)))
    }

    fn again(&mut self, anew: bool, soon: bool, now: Instant, chance: f64) {
        let matters = match self.request.body() {
            Some(RequestBody::InitProducerId(_) | RequestBody::EndTxn(_)) => true,
            _ => matches!(self.state, State::Open | State::Ending { commit: true }),
        };
        if matters { self.request.retry(anew, soon, now, chance) } else { self.request.finish() }
    }

    /// Over, one way or the other.
    fn complete(&mut self, renewed: Option<ProducerId>) {
        match renewed {
            Some(identity) => self.identity = Some(identity),
            None if self.needs_epoch_bump => self.stale_identity = self.identity.take(),
            None => {}
        }
        self.state = State::Ready;
        (self.registration_requested, self.participant_acknowledged, self.needs_epoch_bump) =
            (false, false, false);
        (self.resumed, self.coordinator_lost_state, self.commit_in_doubt) = (false, false, false);
        self.joined.clear();
        self.groups.clear();
        let identity = self.identity.or(self.stale_identity);
        let ended = self.ended.take();
        if let Some(identity) = identity {
            self.settle(ended, Ok(identity));
        }
        self.open();
    }

    /// Which sequences the other process wrote is not known here, so that nothing can be sent.
    fn resume(&mut self, identity: ProducerId, ticket: Option<Ticket>) {
        (self.state, self.identity) = (State::Open, Some(identity));
        (self.registration_requested, self.participant_acknowledged, self.needs_epoch_bump, self.resumed) =
            (true, true, true, true);
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

    fn fail_transaction(&mut self, error: Error) {
        let error = self.named(error).with_scope(Scope::Transaction);
        self.give_up_requests(&error);
        self.settle_end(&error);
        self.error_unreported = true;
        self.state = State::AbortableError(error);
    }

    fn fail_producer(&mut self, error: Error) {
        if self.is_fatal() {
            return;
        }
        let error = self.named(error).with_scope(Scope::Producer);
        self.request.finish();
        self.give_up_requests(&error);
        let begun = self.begun.take();
        self.settle(begun, Err(error.clone()));
        self.settle_end(&error);
        self.state = State::FatalError(error);
    }

    /// What was to be told to the coordinators of a transaction that will not be committed.
    fn give_up_requests(&mut self, error: &Error) {
        for (ticket, _) in std::mem::take(&mut self.offsets) {
            self.settle(ticket, Err(error.clone()));
        }
        self.joined.retain(|_, joined| joined.stage == AddStage::Added);
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
    fn leaves_commit_in_doubt(&self, reply: &Result<CoordinatorResponse, Error>) -> bool {
        let commits = matches!(self.request.body(), Some(RequestBody::EndTxn(request)) if request.committed);
        commits
            && match reply {
                Ok(heard) => matches!(
                    heard.body.error_code(),
                    ErrorCode::REQUEST_TIMED_OUT | ErrorCode::UNKNOWN_SERVER_ERROR
                ),
                Err(error) => error.may_have_been_written(),
            }
    }

    /// Whether the request may reach its coordinator later than its retry. With the same epoch it would end
    /// the next classic transaction, or take its offsets back (KIP-890).
    fn may_come_late(&self, reply: &Result<CoordinatorResponse, Error>) -> bool {
        let harms =
            matches!(self.request.body(), Some(RequestBody::EndTxn(_) | RequestBody::TxnOffsetCommit(_)));
        let lost = matches!(reply, Err(error) if error.may_have_been_written());
        harms && lost && self.protocol == Protocol::Classic
    }

    fn named(&self, error: Error) -> Error {
        error.within(&format!("transactional.id {}", self.id))
    }

    /// As Java's `TransactionManager` (4.x) judges, but where a call about one partition or group fails for a
    /// reason of its own: aborting mends that, so it is no reason to end the producer.
    fn classify(&self, code: ErrorCode) -> ErrorClass {
        let body = self.request.body();
        let ends = matches!(self.state, State::Ending { commit: false });
        let unheard_of = ends && !self.participant_acknowledged && self.asks_for_end();
        match code {
            ErrorCode::NOT_COORDINATOR
            | ErrorCode::COORDINATOR_NOT_AVAILABLE
            | ErrorCode::REQUEST_TIMED_OUT => ErrorClass::Retry { rediscover: true },
            // There is nothing to end.
            ErrorCode::INVALID_TXN_STATE if unheard_of && self.protocol == Protocol::Classic => {
                ErrorClass::Abortable
            }
            // There is nothing to end yet, since the end before is not complete; or the producer is fenced.
            ErrorCode::PRODUCER_FENCED if unheard_of && self.protocol == Protocol::V2 => {
                ErrorClass::Abortable
            }
            ErrorCode::PRODUCER_FENCED
            | ErrorCode::INVALID_PRODUCER_EPOCH
            | ErrorCode::TRANSACTIONAL_ID_AUTHORIZATION_FAILED
            | ErrorCode::CLUSTER_AUTHORIZATION_FAILED
            | ErrorCode::INVALID_TXN_STATE
            | ErrorCode::UNSUPPORTED_VERSION
            | ErrorCode::UNSUPPORTED_FOR_MESSAGE_FORMAT => ErrorClass::Fatal,
            // What is aborted already is to be aborted: there is nothing worse to say about it.
            ErrorCode::TRANSACTION_ABORTABLE if ends => ErrorClass::Retry { rediscover: false },
            ErrorCode::TRANSACTION_ABORTABLE
            | ErrorCode::UNKNOWN_PRODUCER_ID
            | ErrorCode::INVALID_PRODUCER_ID_MAPPING
                if !matches!(body, Some(RequestBody::InitProducerId(_))) =>
            {
                ErrorClass::Abortable
            }
            code if code.is_retriable() => ErrorClass::Retry { rediscover: false },
            _ if matches!(body, Some(RequestBody::InitProducerId(_) | RequestBody::EndTxn(_))) => {
                ErrorClass::Fatal
            }
            _ => ErrorClass::Abortable,
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

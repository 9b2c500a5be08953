//! One transactional producer: what its coordinators are asked, in which order, and what an answer means.
//!
//! **It decides** which request leaves next for the transaction coordinator or a group's coordinator (one at a time),
//! whether a partition's batches may leave, and whether an error ends the transaction or the producer. It knows
//! nothing of batches, connections and clocks: `dispatch` tells it what became of batches, and time is an argument.
//!
//! **It hears** what the caller wants (`handle_order`), that a batch was sent, was written, failed for good, or left a
//! gap in its partition's sequences (`handle_sent`, `handle_written`, `handle_failure`, `handle_gap`), and a
//! coordinator's response or its loss (`handle_response`). After each event `poll_request`, `poll_settled` and
//! `poll_abortable_error` say what there is to do; `deadline` says when a back-off is over.
//!
//! **Its states** are Java's, each with the data that exists in it alone (`state`). Of the requests, InitProducerId
//! and EndTxn move it; those that add partitions, groups and offsets leave it in a transaction.
//!
//! ```text
//!           begin                    commit                   EndTxn answered
//!   Ready ──────────► InTransaction ─────────► Committing ─────────────────────► Ready
//!                      │    │                      │
//!                abort │    │ a batch or a request │ refused
//!                      │    │ failed for good      ▼
//!                      │    └───────────────► AbortableError
//!                      ▼                           │ abort
//!      Ready ◄───── Aborting ◄─────────────────────┘
//!        EndTxn answered
//!
//!   any state ──── fenced, not authorized, or an error that no abort mends ────► FatalError
//! ```
//!
//! `begin` may come while the transaction before still ends; it waits, also for a producer id. After each end the
//! producer id is either current or stale: then InitProducerId asks for its next epoch before the next transaction
//! opens (KIP-360).
//!
//! **What must never happen:**
//! - A batch or offset of one transaction becomes part of the next. So EndTxn leaves when no batch of the transaction
//!   is in flight any more, and the next transaction has a new epoch wherever an old request may still arrive: under
//!   the protocol of KIP-890 each end gives one; under the classic one it is asked for where a batch was given up, or
//!   where EndTxn or TxnOffsetCommit got no answer.
//! - A batch is written to a partition that the coordinator has not added. So the classic protocol adds each partition
//!   and group first; under KIP-890's writing adds it.
//! - A commit is said to have failed though it may have happened: `in_doubt` remembers an EndTxn without an answer.
//!   The retry is safe, as the coordinator knows the transaction by its epoch.
//! - An abort is taken for fencing. Where every request that should have registered the transaction was refused or
//!   lost, the coordinator may know nothing of it, and refuses the EndTxn as a mistake (classic) or, while the end
//!   before is not complete, as that of a fenced producer (KIP-890). Whether it is fenced, InitProducerId tells.
//!
//! KIP-98 (transactions), KIP-360 (the next epoch after an error), KIP-447 (offsets by group member), KIP-890 (each
//! end gives an epoch), KIP-939 (another process ends the transaction).

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use super::coordinator_request::{CoordinatorRequest, Protocol};
use super::partition::Partition;
use super::producer_id::ProducerId;
use super::retrying_request::RetryingRequest;
use crate::error::Scope;
use crate::retry::Backoff;
use crate::{Error, ErrorKind};
use ongoing::{OngoingTransaction, Registration};
pub(crate) use order::Order;
use state::{ProducerIdentity, TransactionState};
pub(crate) use ticket::Ticket;

mod error_class;
mod next_request;
mod ongoing;
mod order;
mod response;
mod state;
mod ticket;

/// A transactional producer, without its batches.
#[derive(Debug)]
pub(crate) struct Transactions {
    id: Arc<str>,
    timeout_ms: i32,
    state: TransactionState,
    identity: ProducerIdentity,
    /// The protocol that the coordinator offered last: that of the next transaction.
    offered: Protocol,
    /// Who waits for the next transaction.
    begin: Option<Ticket>,
    request: RetryingRequest,
    settled: VecDeque<(Ticket, Result<ProducerId, Error>)>,
}

impl Transactions {
    pub(crate) fn new(id: Arc<str>, timeout_ms: i32, backoff: Backoff) -> Self {
        Self {
            id,
            timeout_ms,
            state: TransactionState::Ready,
            identity: ProducerIdentity::Unknown,
            offered: Protocol::Classic,
            begin: None,
            request: RetryingRequest::new(backoff),
            settled: VecDeque::new(),
        }
    }

    /// The `transactional.id`.
    pub(crate) fn id(&self) -> &Arc<str> {
        &self.id
    }

    /// The producer id, where it is known and its epoch is current.
    pub(crate) fn identity(&self) -> Option<ProducerId> {
        self.identity.current()
    }

    /// The protocol of the open transaction, or else of the next one.
    pub(crate) fn protocol(&self) -> Protocol {
        self.state.transaction().map_or(self.offered, OngoingTransaction::protocol)
    }

    /// Why nothing can be written to the open transaction any more.
    pub(crate) fn error(&self) -> Option<&Error> {
        match &self.state {
            TransactionState::AbortableError { error, .. } | TransactionState::FatalError(error) => {
                Some(error)
            }
            TransactionState::Ready
            | TransactionState::InTransaction(_)
            | TransactionState::Committing { .. }
            | TransactionState::Aborting { .. } => None,
        }
    }

    /// The error by which the transaction can only be aborted, once.
    pub(crate) fn poll_abortable_error(&mut self) -> Option<Error> {
        match &mut self.state {
            TransactionState::AbortableError { error, reported: reported @ false, .. } => {
                *reported = true;
                Some(error.clone())
            }
            _ => None,
        }
    }

    /// Whether the producer is at its end.
    pub(crate) fn is_fatal(&self) -> bool {
        matches!(self.state, TransactionState::FatalError(_))
    }

    /// Whether a transaction is open or ends.
    pub(crate) fn is_busy(&self) -> bool {
        self.state.transaction().is_some()
    }

    /// Whether batches are to be given up rather than sent.
    pub(crate) fn gives_up(&self) -> bool {
        !self.state.is_committable()
    }

    /// A batch of this partition wants to leave; says whether it may. If not, it may after a response.
    pub(crate) fn admit(&mut self, partition: &Arc<Partition>) -> bool {
        match &mut self.state {
            TransactionState::InTransaction(transaction) => transaction.admit(partition),
            // What is sent again while the transaction ends has joined it before.
            _ => true,
        }
    }

    /// Batches of the open transaction were sent, by which the coordinator may learn of it.
    pub(crate) fn handle_sent(&mut self) {
        if let TransactionState::InTransaction(transaction) = &mut self.state {
            transaction.register(Registration::Requested);
        }
    }

    /// A batch was written.
    pub(crate) fn handle_written(&mut self) {
        self.participant_acknowledged();
    }

    /// A batch failed for good, so the transaction cannot be whole.
    pub(crate) fn handle_failure(&mut self, error: &Error) {
        if self.state.is_committable() {
            self.bump_epoch_after_end();
            self.fail_transaction(error.clone());
        }
    }

    /// A batch that had its sequence was given up, be it by an abort: only the next epoch closes the gap.
    pub(crate) fn handle_gap(&mut self) {
        self.bump_epoch_after_end();
    }

    /// The producer can do nothing any more.
    pub(crate) fn handle_fatal(&mut self, error: &Error) {
        self.fail_producer(error.clone());
    }

    /// The next request, if one is to leave now. `quiet` says that no batch is in flight or waits.
    pub(crate) fn poll_request(&mut self, quiet: bool, now: Instant) -> Option<CoordinatorRequest> {
        if !self.request.is_busy()
            && let Some(request) = self.next_request(quiet)
        {
            self.request.start(request);
        }
        self.request.poll_request(now)
    }

    /// When `poll_request` has something to do.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.request.deadline()
    }

    /// What became of an order.
    pub(crate) fn poll_settled(&mut self) -> Option<(Ticket, Result<ProducerId, Error>)> {
        self.settled.pop_front()
    }

    /// Opens the transaction that is wanted, if it can be.
    fn open(&mut self) {
        let (TransactionState::Ready, Some(identity)) = (&self.state, self.identity.current()) else {
            return;
        };
        if let Some(ticket) = self.begin.take() {
            self.state = TransactionState::InTransaction(OngoingTransaction::begun(self.offered));
            self.settle(Some(ticket), Ok(identity));
        }
    }

    /// The transaction has ended, one way or the other.
    fn complete(&mut self, renewed: Option<ProducerId>) {
        let (transaction, ticket) = match self.state.take() {
            TransactionState::Committing { transaction, ticket, .. }
            | TransactionState::Aborting { transaction, ticket } => (transaction, ticket),
            other => {
                self.state = other;
                return;
            }
        };
        self.identity = match (renewed, self.identity) {
            (Some(renewed), _) => ProducerIdentity::Current(renewed),
            (None, ProducerIdentity::Current(old)) if transaction.is_resumed() => {
                ProducerIdentity::Resumed(old)
            }
            (None, ProducerIdentity::Current(old)) if transaction.needs_epoch_bump => {
                ProducerIdentity::Stale(old)
            }
            (None, unchanged) => unchanged,
        };
        if let Some(identity) = self.identity.last() {
            self.settle(ticket, Ok(identity));
        }
        self.open();
    }

    fn fail_transaction(&mut self, error: Error) {
        let error = self.named(error).with_scope(Scope::Transaction);
        self.give_up_requests(&error);
        if let Some(transaction) = self.fail_end(&error) {
            self.state = TransactionState::AbortableError { transaction, error, reported: false };
        }
    }

    fn fail_producer(&mut self, error: Error) {
        if self.is_fatal() {
            return;
        }
        let error = self.named(error).with_scope(Scope::Producer);
        self.request.finish();
        self.give_up_requests(&error);
        let begin = self.begin.take();
        self.settle(begin, Err(error.clone()));
        self.fail_end(&error);
        self.state = TransactionState::FatalError(error);
    }

    /// The transaction does not end as it was wanted, as far as is known: takes it out of its state.
    fn fail_end(&mut self, error: &Error) -> Option<OngoingTransaction> {
        let (transaction, ticket, in_doubt) = match self.state.take() {
            TransactionState::InTransaction(transaction)
            | TransactionState::AbortableError { transaction, .. } => {
                return Some(transaction);
            }
            TransactionState::Committing { transaction, ticket, in_doubt } => (transaction, ticket, in_doubt),
            TransactionState::Aborting { transaction, ticket } => (transaction, ticket, false),
            other @ (TransactionState::Ready | TransactionState::FatalError(_)) => {
                self.state = other;
                return None;
            }
        };
        self.settle(ticket, Err(error.clone().with_written(in_doubt)));
        Some(transaction)
    }

    /// The transaction will not be committed: what was to join it does not.
    fn give_up_requests(&mut self, error: &Error) {
        let Some(transaction) = self.state.transaction_mut() else { return };
        for ticket in transaction.give_up_requests() {
            self.settle(Some(ticket), Err(error.clone()));
        }
    }

    /// The end of this transaction must be followed by a new epoch.
    fn bump_epoch_after_end(&mut self) {
        if let Some(transaction) = self.state.transaction_mut() {
            transaction.needs_epoch_bump |= transaction.keeps_epoch();
        }
    }

    fn participant_acknowledged(&mut self) -> Option<&mut OngoingTransaction> {
        let transaction = self.state.transaction_mut()?;
        transaction.register(Registration::Acknowledged);
        Some(transaction)
    }

    fn settle(&mut self, ticket: Option<Ticket>, result: Result<ProducerId, Error>) {
        self.settled.extend(ticket.map(|ticket| (ticket, result)));
    }

    fn named(&self, error: Error) -> Error {
        error.within(&format!("transactional.id {}", self.id))
    }
}

/// What the sender of a record or an offset of an aborted transaction is told.
pub(crate) fn aborted() -> Error {
    Error::new(ErrorKind::Aborted, "its transaction was aborted")
}

#[cfg(test)]
mod tests;

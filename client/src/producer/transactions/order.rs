//! What the caller wants of transactions: begin, send offsets, commit, abort, resume.

use super::ongoing::OngoingTransaction;
use super::state::{ProducerIdentity, TransactionState};
use super::ticket::Ticket;
use super::{Transactions, aborted};
use crate::producer::offsets::Offsets;
use crate::producer::producer_id::ProducerId;
use crate::{Error, ErrorKind};

/// What the caller wants.
#[derive(Debug)]
pub(crate) enum Order {
    /// A new transaction: it waits for the one before to end, and for a producer id.
    Begin,
    /// To end a transaction that another process left open (KIP-939).
    Resume(ProducerId),
    /// Offsets that a group is to accept when the open transaction is committed.
    SendOffsets(Offsets),
    /// To commit the open transaction; everything sent in it was answered.
    Commit,
    /// To abort the open transaction, if there is one. One that is being committed is not aborted.
    Abort,
}

impl Transactions {
    /// What the caller wants. Without a ticket nobody awaits what becomes of it.
    pub(crate) fn handle_order(&mut self, order: Order, ticket: Option<Ticket>) {
        let done = match (&self.state, order) {
            (TransactionState::FatalError(error), _) => Err(error.clone()),
            (_, Order::Begin) => self.begin(ticket),
            (_, Order::Resume(identity)) => self.resume(identity, ticket),
            (_, Order::SendOffsets(offsets)) => self.take_offsets(offsets, ticket),
            (_, Order::Commit) => self.commit(ticket),
            (_, Order::Abort) => self.abort(ticket),
        };
        if let Err(error) = done {
            self.settle(ticket, Err(error));
        }
    }

    fn begin(&mut self, ticket: Option<Ticket>) -> Result<(), Error> {
        match self.state {
            TransactionState::Ready
            | TransactionState::Committing { .. }
            | TransactionState::Aborting { .. }
                if self.begin.is_none() =>
            {
                self.begin = ticket;
                self.open();
                Ok(())
            }
            _ => Err(open_already()),
        }
    }

    fn resume(&mut self, identity: ProducerId, ticket: Option<Ticket>) -> Result<(), Error> {
        match (&self.state, self.identity) {
            (TransactionState::Ready, ProducerIdentity::Unknown) if !self.request.is_busy() => {
                self.state = TransactionState::InTransaction(OngoingTransaction::resumed());
                self.identity = ProducerIdentity::Current(identity);
                self.settle(ticket, Ok(identity));
                Ok(())
            }
            _ => Err(begun_already()),
        }
    }

    fn take_offsets(&mut self, offsets: Offsets, ticket: Option<Ticket>) -> Result<(), Error> {
        match &mut self.state {
            TransactionState::InTransaction(transaction) => {
                transaction.push_offsets(ticket, offsets);
                Ok(())
            }
            _ => Err(self.not_open()),
        }
    }

    fn commit(&mut self, ticket: Option<Ticket>) -> Result<(), Error> {
        match self.state.take() {
            TransactionState::InTransaction(transaction) => {
                self.state = TransactionState::Committing { transaction, ticket, in_doubt: false };
                Ok(())
            }
            other => {
                self.state = other;
                Err(self.not_open())
            }
        }
    }

    fn abort(&mut self, ticket: Option<Ticket>) -> Result<(), Error> {
        match self.state.take() {
            TransactionState::InTransaction(transaction)
            | TransactionState::AbortableError { transaction, .. } => {
                self.state = TransactionState::Aborting { transaction, ticket };
                self.give_up_requests(&aborted());
                Ok(())
            }
            other => {
                self.state = other;
                Err(self.not_open())
            }
        }
    }

    /// Why an order that needs an open transaction is refused.
    fn not_open(&self) -> Error {
        self.error().cloned().unwrap_or_else(none_open)
    }
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

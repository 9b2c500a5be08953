//! Where a transactional producer is: the states of its drawing, each with what exists in it alone.

use super::ongoing::OngoingTransaction;
use super::ticket::Ticket;
use crate::Error;
use crate::producer::producer_id::ProducerId;

/// See the drawing in `transactions`.
#[derive(Debug)]
pub(super) enum TransactionState {
    Ready,
    InTransaction(OngoingTransaction),
    Committing {
        transaction: OngoingTransaction,
        /// Who awaits the end.
        ticket: Option<Ticket>,
        /// An EndTxn may have been received though nobody said so.
        in_doubt: bool,
    },
    Aborting {
        transaction: OngoingTransaction,
        /// Who awaits the end.
        ticket: Option<Ticket>,
    },
    AbortableError {
        transaction: OngoingTransaction,
        error: Error,
        /// Whether the error was polled.
        reported: bool,
    },
    FatalError(Error),
}

/// The producer id and epoch.
#[derive(Clone, Copy, Debug)]
pub(super) enum ProducerIdentity {
    /// The coordinator has not given one yet.
    Unknown,
    /// Batches and requests carry it.
    Current(ProducerId),
    /// InitProducerId is to renew its epoch before anything else is sent (KIP-360).
    Stale(ProducerId),
    /// Another process's, whose transaction was ended here. The epoch is renewed when the next transaction begins, and not
    /// before: whoever asks for that end again, since he cannot know, is answered alike.
    Resumed(ProducerId),
}

impl TransactionState {
    /// The transaction that is open or ends.
    pub(super) fn transaction(&self) -> Option<&OngoingTransaction> {
        match self {
            Self::Ready | Self::FatalError(_) => None,
            Self::InTransaction(transaction)
            | Self::Committing { transaction, .. }
            | Self::Aborting { transaction, .. }
            | Self::AbortableError { transaction, .. } => Some(transaction),
        }
    }

    /// The same, to change it.
    pub(super) fn transaction_mut(&mut self) -> Option<&mut OngoingTransaction> {
        match self {
            Self::Ready | Self::FatalError(_) => None,
            Self::InTransaction(transaction)
            | Self::Committing { transaction, .. }
            | Self::Aborting { transaction, .. }
            | Self::AbortableError { transaction, .. } => Some(transaction),
        }
    }

    /// Whether the transaction can still be committed.
    pub(super) fn is_committable(&self) -> bool {
        matches!(self, Self::InTransaction(_) | Self::Committing { .. })
    }

    /// Moves the state out, to make the next one of it.
    pub(super) fn take(&mut self) -> Self {
        std::mem::replace(self, Self::Ready)
    }
}

impl ProducerIdentity {
    /// The one that batches and requests carry.
    pub(super) fn current(self) -> Option<ProducerId> {
        match self {
            Self::Current(identity) => Some(identity),
            Self::Unknown | Self::Stale(_) | Self::Resumed(_) => None,
        }
    }

    /// The last one that the coordinator gave.
    pub(super) fn last(self) -> Option<ProducerId> {
        match self {
            Self::Current(identity) | Self::Stale(identity) | Self::Resumed(identity) => Some(identity),
            Self::Unknown => None,
        }
    }
}

//! What goes from a task that reads to a task of a sink, and the channel that it goes through.

use tokio::sync::{mpsc, oneshot};
use upsert_kafka_client::MembershipLease;

use crate::changes::Changes;

/// One order to a task of a sink. Orders of one task that reads are heard in the order in which it gave them.
pub(super) enum Handover {
    /// Write these, unless the member that read them has lost them by now.
    Batch(Changes, Option<LossMark>),
    /// Tell when all that was handed over before is acknowledged, or dropped: how often that happened is the answer. After
    /// a failure nothing is told.
    Flush(oneshot::Sender<u64>),
}

/// How often a member had lost what it read when it read this.
#[derive(Clone)]
pub(super) struct LossMark {
    lease: MembershipLease,
    losses: u64,
}

impl LossMark {
    /// Of what is read from now on.
    pub(super) fn new(lease: MembershipLease) -> Self {
        Self { losses: lease.losses(), lease }
    }

    pub(super) fn renewed(self) -> Self {
        Self::new(self.lease)
    }

    /// Whether another may have it now.
    pub(super) fn is_stale(&self) -> bool {
        self.lease.losses() != self.losses
    }
}

/// The way into a task of a sink, of which each task that reads has a copy.
pub(super) type HandoverSender = mpsc::Sender<Handover>;
pub(super) type HandoverReceiver = mpsc::Receiver<Handover>;

/// A channel for the tasks that read to one task of a sink. While it is full they wait: that is the back-pressure.
pub(super) fn channel() -> (HandoverSender, HandoverReceiver) {
    mpsc::channel(HANDED_OVER_MAX)
}

/// How many batches may wait for one task of a sink: it goes on while those that read make the next one, and holds little.
const HANDED_OVER_MAX: usize = 4;

//! What goes from a task that reads to a task of a sink, and the channel that it goes through.

use tokio::sync::{mpsc, oneshot};

use crate::changes::Changes;

/// One order to a task of a sink. Orders of one task that reads are heard in the order in which it gave them.
pub(super) enum Handover {
    /// Write these.
    Batch(Changes),
    /// Tell when all that was handed over before is acknowledged. After a failure nothing is told.
    Flush(oneshot::Sender<()>),
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

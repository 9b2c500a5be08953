//! The end of an exchange at a task that reads: it fills batches and hands them over to the tasks of a sink.

use tokio::sync::oneshot;

use super::handover::{Handover, HandoverSender};
use super::subtask::Subtask;
use crate::changes::Changes;
use crate::error::{Error, ErrorKind};
use crate::exchange::Exchange;
use crate::progress::Counts;

/// Where the changes of one INSERT go that other tasks write, of whichever branch.
pub(super) struct ExchangeWriter {
    table: String,
    exchange: Exchange,
    outboxes: Vec<Outbox>,
}

/// What is on its way to one task of the sink.
struct Outbox {
    sender: HandoverSender,
    /// Whether something was handed over that is not known to be acknowledged.
    is_unflushed: bool,
    /// Tells of the flush that is under way.
    flushed: Option<oneshot::Receiver<()>>,
}

impl ExchangeWriter {
    pub(super) fn new(table: &str, subtask: Subtask, senders: &[HandoverSender]) -> Self {
        let outbox =
            |sender: &HandoverSender| Outbox { sender: sender.clone(), is_unflushed: false, flushed: None };
        Self {
            table: table.to_owned(),
            // Tasks that begin at different targets burden them alike.
            exchange: Exchange::new(senders.len(), subtask.index()),
            outboxes: senders.iter().map(outbox).collect(),
        }
    }

    /// Takes in what a message changes in the sink; waits while a task of the sink is behind.
    pub(super) async fn write(&mut self, changes: &Changes, counts: &mut Counts) -> Result<(), Error> {
        let mut targets = changes.targets().iter().copied();
        for change in changes.iter() {
            counts.exchanged += 1;
            if let Some(full) = self.exchange.put(targets.next(), change) {
                self.hand_over_to(full).await?;
            }
        }
        Ok(())
    }

    /// Hands over what has gathered: no change waits here for others that may not come.
    pub(super) async fn hand_over(&mut self) -> Result<(), Error> {
        for target in 0..self.outboxes.len() {
            self.hand_over_to(target).await?;
        }
        Ok(())
    }

    /// Has every task of the sink flush what it was handed, all at once; [`flushed`](Self::flushed) awaits them.
    pub(super) async fn begin_flush(&mut self) -> Result<(), Error> {
        self.hand_over().await?;
        for outbox in self.outboxes.iter_mut().filter(|outbox| outbox.is_unflushed) {
            let (done, flushed) = oneshot::channel();
            outbox.flushed = Some(flushed);
            if outbox.sender.send(Handover::Flush(done)).await.is_err() {
                return Err(self.ended());
            }
        }
        Ok(())
    }

    /// Returns when all that was handed over before the flush began is acknowledged.
    pub(super) async fn flushed(&mut self) -> Result<(), Error> {
        for at in 0..self.outboxes.len() {
            let Some(flushed) = self.outboxes[at].flushed.take() else { continue };
            if flushed.await.is_err() {
                return Err(self.ended());
            }
            self.outboxes[at].is_unflushed = false;
        }
        Ok(())
    }

    async fn hand_over_to(&mut self, at: usize) -> Result<(), Error> {
        let (Some(batch), Some(outbox)) = (self.exchange.take(at), self.outboxes.get_mut(at)) else {
            return Ok(());
        };
        outbox.is_unflushed = true;
        let sent = outbox.sender.send(Handover::Batch(batch)).await;
        sent.map_err(|_| self.ended())
    }

    /// Nobody is told this but where a task of the sink panicked: one that failed is heard of before it is gone.
    #[cold]
    fn ended(&self) -> Error {
        Error::new(ErrorKind::Sink, format!("table {}: a task that writes it has ended", self.table))
    }
}

//! The end of an exchange at a task that reads: it fills batches and hands them over to the tasks of a sink.

use tokio::sync::oneshot;
use upsert_kafka_client::MembershipLease;

use super::handover::{Handover, HandoverSender, LossMark};
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
    /// Where the task that reads is a member.
    mark: Option<LossMark>,
}

/// What is on its way to one task of the sink.
struct Outbox {
    sender: HandoverSender,
    /// Whether something was handed over that is not known to be acknowledged.
    is_unflushed: bool,
    /// Tells of the flush that is under way.
    flushed: Option<oneshot::Receiver<u64>>,
    /// How often the task of the sink had dropped what it was handed, when it was last heard of.
    drops: u64,
}

impl ExchangeWriter {
    pub(super) fn new(table: &str, subtask: Subtask, senders: &[HandoverSender]) -> Self {
        let outbox = |sender: &HandoverSender| Outbox {
            sender: sender.clone(),
            is_unflushed: false,
            flushed: None,
            drops: 0,
        };
        Self {
            table: table.to_owned(),
            // Tasks that begin at different targets burden them alike.
            exchange: Exchange::new(senders.len(), subtask.index()),
            outboxes: senders.iter().map(outbox).collect(),
            mark: None,
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

    /// Returns when all that was handed over before the flush began is acknowledged; false where some of what was handed
    /// over since the last flush was dropped.
    pub(super) async fn flushed(&mut self) -> Result<bool, Error> {
        let mut is_whole = true;
        for at in 0..self.outboxes.len() {
            let Some(flushed) = self.outboxes[at].flushed.take() else { continue };
            let Ok(drops) = flushed.await else { return Err(self.ended()) };
            let outbox = &mut self.outboxes[at];
            outbox.is_unflushed = false;
            is_whole &= std::mem::replace(&mut outbox.drops, drops) == drops;
        }
        Ok(is_whole)
    }

    /// It is for a member from now on, in whose stead others may come.
    pub(super) fn write_for(&mut self, lease: MembershipLease) {
        self.mark = Some(LossMark::new(lease));
    }

    /// The member has heard that it lost what it read: that is not handed over any more. What was before is known for such.
    pub(super) fn forget(&mut self) {
        for target in 0..self.outboxes.len() {
            _ = self.exchange.take(target);
        }
        self.mark = self.mark.take().map(LossMark::renewed);
    }

    async fn hand_over_to(&mut self, at: usize) -> Result<(), Error> {
        let (Some(batch), Some(outbox)) = (self.exchange.take(at), self.outboxes.get_mut(at)) else {
            return Ok(());
        };
        outbox.is_unflushed = true;
        let sent = outbox.sender.send(Handover::Batch(batch, self.mark.clone())).await;
        sent.map_err(|_| self.ended())
    }

    /// Nobody is told this but where a task of the sink panicked: one that failed is heard of before it is gone.
    #[cold]
    fn ended(&self) -> Error {
        Error::new(ErrorKind::Sink, format!("table {}: a task that writes it has ended", self.table))
    }
}

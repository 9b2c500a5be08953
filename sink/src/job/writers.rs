//! Where one task hands what it made of its records, all of which commits as one.

use std::future::pending;
use std::sync::Arc;

use tokio::sync::watch;
use tokio::time::sleep_until;
use upsert_kafka_client::{MembershipLease, TopicPartition};

use super::exchange_writer::ExchangeWriter;
use super::handover::HandoverSender;
use super::input::Input;
use super::subtask::Subtask;
use crate::changes::Changes;
use crate::clients::Clients;
use crate::error::Error;
use crate::plan::Pipeline;
use crate::progress::{Counts, Progress};
use crate::query_results::QueryWriter;
use crate::source::Positions;
use crate::task_transaction::TaskTransaction;
use crate::writer::Writer;

/// Where the changes of each sink of a task go, in their order.
pub(super) struct Writers {
    outlets: Vec<Outlet>,
    progress: Arc<Progress>,
    /// Rows handed to the task's own writers and not known to be acknowledged.
    unacknowledged: u64,
    /// What exactly-once sinks write into.
    transaction: Option<TaskTransaction>,
    /// Whether a message was written in part, and never in full.
    is_torn: bool,
    /// Whether what at-least-once sinks were handed since the last commit is dropped, in part at least.
    is_dropped: bool,
}

/// Where the changes of one INSERT go, of whichever branch.
enum Outlet {
    /// This task writes them.
    Own(Writer),
    /// Tasks of the sink do.
    Exchange(ExchangeWriter),
}

impl Writers {
    /// `exchanges` has for each sink the ways to its tasks, none where this task writes.
    pub(super) async fn open(
        pipeline: &Pipeline,
        exchanges: &[Vec<HandoverSender>],
        subtask: Subtask,
        clients: &mut Clients,
        progress: Arc<Progress>,
        results: Option<&QueryWriter>,
        transaction: Option<TaskTransaction>,
    ) -> Result<Self, Error> {
        let into = transaction.as_ref();
        let mut outlets = Vec::with_capacity(exchanges.len());
        for (branches, senders) in pipeline.sinks().zip(exchanges) {
            // Of one statement, so of one table.
            let Some(insert) = branches.first() else { continue };
            outlets.push(match &senders[..] {
                [] => Outlet::Own(Writer::open(&insert.sink, subtask, clients, results, into).await?),
                senders => Outlet::Exchange(ExchangeWriter::new(insert.table(), subtask, senders)),
            });
        }
        Ok(Self { outlets, progress, unacknowledged: 0, transaction, is_torn: false, is_dropped: false })
    }

    /// What the task writes, or has written, is for a member, in whose stead another may come.
    pub(super) fn write_for(&mut self, lease: &MembershipLease) {
        for outlet in &mut self.outlets {
            match outlet {
                Outlet::Own(writer) => writer.write_for(lease.clone()),
                Outlet::Exchange(exchange) => exchange.write_for(lease.clone()),
            }
        }
    }

    /// Hands over what a message changes in each sink; waits while a producer's memory is full, or a task of a sink is
    /// behind.
    #[inline]
    pub(super) async fn write(&mut self, changes: &[Changes], counts: &mut Counts) -> Result<(), Error> {
        let before = counts.rows_out;
        self.is_torn = true;
        for (changes, outlet) in changes.iter().zip(&mut self.outlets) {
            match outlet {
                Outlet::Own(writer) => {
                    for change in changes.iter() {
                        writer.write(change, counts).await?;
                    }
                }
                Outlet::Exchange(exchange) => exchange.write(changes, counts).await?,
            }
        }
        self.is_torn = false;
        self.unacknowledged += counts.rows_out - before;
        Ok(())
    }

    /// Hands over what has gathered for the tasks of sinks, since the next message may be long in coming.
    pub(super) async fn hand_over(&mut self) -> Result<(), Error> {
        for outlet in &mut self.outlets {
            if let Outlet::Exchange(exchange) = outlet {
                exchange.hand_over().await?;
            }
        }
        Ok(())
    }

    /// Returns when changes that are held back have to be handed over; never, while none is. Cancel-safe.
    pub(super) async fn due(&self) {
        match self.outlets.iter().filter_map(Outlet::own).filter_map(Writer::due_at).min() {
            Some(due_at) => sleep_until(due_at).await,
            None => pending().await,
        }
    }

    /// Hands over what has been held back for long enough.
    pub(super) async fn release_due(&mut self) -> Result<(), Error> {
        self.release(Writer::is_due).await
    }

    async fn release(&mut self, is_meant: impl Fn(&Writer) -> bool) -> Result<(), Error> {
        let mut counts = Counts::default();
        let mut outcome = Ok(());
        for writer in self.outlets.iter_mut().filter_map(Outlet::own_mut).filter(|writer| is_meant(writer)) {
            outcome = writer.release(&mut counts).await;
            if outcome.is_err() {
                self.is_torn = true;
                break;
            }
        }
        self.unacknowledged += counts.rows_out;
        self.progress.count(counts);
        outcome
    }

    /// Makes lasting what was handed over, and that it was: one operation. `positions` say how far the source had come
    /// when the last of it was handed over.
    ///
    /// At-least-once sinks acknowledge, those that other tasks write too. Where that is all, the positions then go to the
    /// source's group. A sink that failed once never acknowledges again, so no position is ever committed beyond what was
    /// acknowledged. Where sinks are exactly-once the positions go into their transaction, whose commit makes rows and
    /// positions lasting at once. False where the group has gone on without the source: what was written since the last
    /// commit is aborted, and the source goes back to it.
    pub(super) async fn commit(&mut self, positions: Positions, source: &mut Input) -> Result<bool, Error> {
        let committed = self.try_commit(positions, source).await;
        if let (Err(error), Some(transaction)) = (&committed, &self.transaction)
            && transaction.is_shared()
            && !transaction.is_cut_off(error).await
        {
            // Others wait for this task.
            transaction.give_up(&error.to_string()).await;
        }
        committed
    }

    async fn try_commit(&mut self, positions: Positions, source: &mut Input) -> Result<bool, Error> {
        if let Some(transaction) = &self.transaction {
            transaction.ask_others().await;
        }
        for outlet in &mut self.outlets {
            if let Outlet::Exchange(exchange) = outlet {
                exchange.begin_flush().await?;
            }
        }
        if let Some(transaction) = self.transaction.clone().filter(|_| self.is_torn) {
            // The position stands before the message, of which some is in the transaction.
            transaction.give_up("a message was not written to its end").await;
            return Ok(true);
        }
        if source.is_adrift() && self.transaction.as_ref().is_some_and(|it| !it.is_shared()) {
            // It will hear what it has lost, and nothing can be committed until then.
            return Ok(true);
        }
        self.release(|_| true).await?;
        let mut is_whole = true;
        for outlet in &mut self.outlets {
            match outlet {
                Outlet::Own(writer) => writer.flush().await?,
                Outlet::Exchange(exchange) => is_whole &= exchange.flushed().await?,
            }
        }
        let unacknowledged = std::mem::take(&mut self.unacknowledged);
        let Some(transaction) = &self.transaction else {
            self.progress.acknowledged(unacknowledged);
            return if is_whole { source.commit(positions).await.map(|()| true) } else { Ok(false) };
        };
        source.check_alone().await?;
        let is_committed = transaction.commit(positions.commits(), source.group().as_ref()).await?;
        self.progress.acknowledged(unacknowledged);
        if is_committed {
            source.committed(positions).await;
        }
        Ok(is_committed)
    }

    /// Whether what was written can be undone, and must be where its positions cannot be committed.
    pub(super) fn is_exactly_once(&self) -> bool {
        self.transaction.is_some()
    }

    /// Undoes what exactly-once sinks were handed since the last commit, before the source goes back to it. Of what others
    /// were handed it drops what has not left.
    pub(super) async fn abort(&mut self) -> Result<(), Error> {
        self.forget();
        match &self.transaction {
            Some(transaction) => transaction.abort().await,
            None => self.drop_unacknowledged().await,
        }
    }

    async fn drop_unacknowledged(&mut self) -> Result<(), Error> {
        self.is_dropped = false;
        self.progress.acknowledged(std::mem::take(&mut self.unacknowledged));
        for outlet in &mut self.outlets {
            match outlet {
                Outlet::Own(writer) => writer.abandon().await?,
                Outlet::Exchange(exchange) => exchange.forget(),
            }
        }
        Ok(())
    }

    /// Forgets what exactly-once sinks were handed since the last commit, which is undone.
    fn forget(&mut self) {
        if self.transaction.is_some() {
            self.outlets.iter_mut().filter_map(Outlet::own_mut).for_each(Writer::forget);
            self.is_torn = false;
            self.progress.acknowledged(std::mem::take(&mut self.unacknowledged));
        }
    }

    /// The same of a task whose transaction others share: it is undone at the next checkpoint, to which the task comes.
    pub(super) async fn undo_with_others(&mut self) {
        self.forget();
        if let Some(transaction) = &self.transaction {
            transaction.undo().await;
        }
    }

    /// Whether an error is that the transaction was ended by somebody else, or may have been, or that sinks without one write
    /// nothing any more for a member that lost what it read. What was handed over since the last commit is forgotten then:
    /// the group of the source knows more.
    pub(super) async fn are_cut_off(&mut self, error: &Error) -> bool {
        let Some(transaction) = &self.transaction else {
            self.is_dropped |= error.is_membership_lost();
            return error.is_membership_lost();
        };
        let are_cut_off = transaction.is_cut_off(error).await;
        if are_cut_off {
            self.forget();
        }
        are_cut_off
    }

    /// The group has the task still: the source goes back to what is committed.
    ///
    /// # Errors
    /// Somebody else uses the prefix of the transactional ids.
    pub(super) async fn recover(&mut self) -> Result<(), Error> {
        match &self.transaction {
            Some(transaction) => transaction.recover().await,
            None if self.is_dropped => self.drop_unacknowledged().await,
            None => Ok(()),
        }
    }

    /// Ends what earlier owners of these partitions left open, before it is asked how far they came.
    pub(super) async fn end_lingering(&self, partitions: &[TopicPartition]) -> Result<(), Error> {
        match &self.transaction {
            Some(transaction) => transaction.end_lingering(partitions).await,
            None => Ok(()),
        }
    }

    /// Says which partitions the task owns, whenever that has changed: its next transaction is called by one of them.
    /// False where another one has had one of them meanwhile.
    pub(super) async fn set_owned(&self, partitions: &[TopicPartition]) -> Result<bool, Error> {
        match &self.transaction {
            Some(transaction) => transaction.set_owned(partitions).await,
            None => Ok(true),
        }
    }

    /// Whether other tasks ask for a checkpoint; `None` where none can.
    pub(super) fn asked(&self) -> Option<watch::Receiver<bool>> {
        self.transaction.as_ref().and_then(TaskTransaction::due)
    }

    /// The task has ended, well or not: others need not wait for it.
    pub(super) async fn end(&self, checkpoint: &Result<(), Error>) {
        let Some(transaction) = self.transaction.as_ref().filter(|it| it.is_shared()) else { return };
        match checkpoint {
            Ok(()) => transaction.retire().await,
            Err(error) => transaction.give_up(&error.to_string()).await,
        }
    }

    /// Whether a progress topic keeps the source's positions.
    pub(super) fn keeps_positions(&self) -> bool {
        self.transaction.as_ref().is_some_and(TaskTransaction::keeps_positions)
    }

    /// Says that these are free, all of which is committed.
    pub(super) async fn let_go(&self, partitions: &[TopicPartition]) -> Result<(), Error> {
        match &self.transaction {
            Some(transaction) => transaction.release(partitions).await,
            None => Ok(()),
        }
    }
}

impl Outlet {
    fn own(&self) -> Option<&Writer> {
        match self {
            Self::Own(writer) => Some(writer),
            Self::Exchange(_) => None,
        }
    }

    fn own_mut(&mut self) -> Option<&mut Writer> {
        match self {
            Self::Own(writer) => Some(writer),
            Self::Exchange(_) => None,
        }
    }
}

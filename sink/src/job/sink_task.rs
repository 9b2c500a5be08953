//! A task of a sink: it writes what the tasks that read hand over, and flushes when one of them asks.
//!
//! It has no positions and commits nothing. A task that reads commits its positions once every task of the sink has
//! flushed what it was handed by that task; what others handed over meanwhile may be flushed with it, which hurts nobody.
//! Of an exactly-once sink it writes into the transaction that those tasks share, which commits while they stand still.
//! It ends when the tasks that read have all ended, so that a stop drains it.
//!
//! What must never happen: a flush that is told to be done after a change was not written. So a task that failed answers
//! nothing any more, and lives until the job has heard of the failure. Where the transaction was cut off, nothing of it can
//! be committed: the task leaves out what it is handed until the tasks that read have gone back. Where one of those has lost
//! what it read, without a transaction, the task drops what has not left, and says so at the next flush: they all go back.

use std::collections::{BTreeMap, HashMap};
use std::future::pending;
use std::sync::Arc;

use tokio::sync::oneshot;
use tokio::time::{Instant, sleep_until};
use upsert_kafka_client::MembershipLease;

use super::handover::{self, Handover, HandoverReceiver, HandoverSender};
use super::subtask::Subtask;
use super::task::Opening;
use crate::changes::Changes;
use crate::error::Error;
use crate::plan::{InsertPlan, Pipeline};
use crate::progress::{Counts, Progress};
use crate::task_transaction::TaskTransaction;
use crate::writer::Writer;

/// The tasks of a job's sinks, as its pipelines are opened.
#[derive(Default)]
pub(super) struct SinkTasks {
    tasks: Vec<SinkTask>,
    /// The ways to the tasks of each INSERT: those of all of its branches, whatever they read.
    senders: HashMap<usize, Vec<HandoverSender>>,
}

/// A task that writes the changes of one INSERT which are its own by their key, or by turns.
pub(super) struct SinkTask {
    /// Which INSERT's.
    statement: usize,
    inbox: HandoverReceiver,
    writer: Writer,
    /// Of an exactly-once sink.
    transaction: Option<TaskTransaction>,
    progress: Arc<Progress>,
    /// Rows handed to the writer and not known to be acknowledged.
    unacknowledged: u64,
    /// How often it dropped what it was handed.
    drops: u64,
    /// Who waits for the flush that is under way.
    asked: Option<oneshot::Sender<u64>>,
}

impl SinkTasks {
    /// Opens the tasks of every sink whose rows are exchanged, once for all pipelines that write it; for each sink of
    /// this pipeline the ways to its tasks, none where each task writes what it reads.
    pub(super) async fn open(
        &mut self,
        pipeline: &Pipeline,
        opening: &mut Opening,
    ) -> Result<Vec<Vec<HandoverSender>>, Error> {
        let transaction = opening.shared_transaction(pipeline).await?;
        let mut exchanges = Vec::new();
        for insert in pipeline.sinks().filter_map(<[InsertPlan]>::first) {
            if !self.senders.contains_key(&insert.statement) {
                let senders = self.open_tasks(insert, opening, transaction.as_ref()).await?;
                self.senders.insert(insert.statement, senders);
            }
            exchanges.push(self.senders[&insert.statement].clone());
        }
        Ok(exchanges)
    }

    async fn open_tasks(
        &mut self,
        insert: &InsertPlan,
        opening: &mut Opening,
        transaction: Option<&TaskTransaction>,
    ) -> Result<Vec<HandoverSender>, Error> {
        let count = insert.distribution.sink_tasks().unwrap_or(0);
        let mut senders = Vec::new();
        for index in 0..count {
            let (sender, inbox) = handover::channel();
            let subtask = Subtask::new(index, count);
            self.tasks.push(SinkTask::open(insert, subtask, inbox, opening, transaction).await?);
            senders.push(sender);
        }
        Ok(senders)
    }

    /// The tasks that write what this pipeline reads do so for its members, in whose stead others may come.
    ///
    /// Not where something feeds them that cannot go back: what is dropped for one has to be read again by all.
    pub(super) fn write_for(&mut self, statements: &BTreeMap<usize, Vec<Option<MembershipLease>>>) {
        for task in &mut self.tasks {
            let of_readers = statements.get(&task.statement).into_iter().flatten().cloned();
            if let Some(leases) = of_readers.collect::<Option<Vec<_>>>() {
                leases.into_iter().for_each(|lease| task.writer.write_for(lease));
            }
        }
    }

    /// The ways into the tasks are then in the hands of the tasks that read alone, so that they end with these.
    pub(super) fn into_tasks(self) -> Vec<SinkTask> {
        self.tasks
    }
}

impl SinkTask {
    async fn open(
        insert: &InsertPlan,
        subtask: Subtask,
        inbox: HandoverReceiver,
        Opening { clients, progress, results, .. }: &mut Opening,
        transaction: Option<&TaskTransaction>,
    ) -> Result<Self, Error> {
        let writer = Writer::open(&insert.sink, subtask, clients, results.as_ref(), transaction).await?;
        let (transaction, progress) = (transaction.cloned(), Arc::clone(progress));
        Ok(Self {
            statement: insert.statement,
            inbox,
            writer,
            transaction,
            progress,
            unacknowledged: 0,
            drops: 0,
            asked: None,
        })
    }

    /// Works until nobody reads any more, or a change is not written.
    pub(super) async fn run(&mut self) -> Result<(), Error> {
        loop {
            let due_at = self.writer.due_at();
            // recv is cancel-safe, and when something is due is the writer's to say again. Changes come last: they alone come
            // without end.
            tokio::select! {
                biased;
                () = due(due_at) => self.release().await?,
                handed = self.inbox.recv() => match handed {
                    Some(Handover::Batch(_, Some(mark))) if mark.is_stale() => {}
                    Some(Handover::Batch(changes, _)) => self.write(&changes).await?,
                    Some(Handover::Flush(asked)) => self.flush(asked).await?,
                    None => return Ok(()),
                },
            }
        }
    }

    async fn write(&mut self, changes: &Changes) -> Result<(), Error> {
        let mut counts = Counts::default();
        let mut outcome = Ok(());
        for change in changes.iter() {
            outcome = self.writer.write(change, &mut counts).await;
            if outcome.is_err() {
                break;
            }
        }
        self.count(counts);
        self.unless_cut_off(outcome).await
    }

    async fn release(&mut self) -> Result<(), Error> {
        let mut counts = Counts::default();
        let released = self.writer.release(&mut counts).await;
        self.count(counts);
        self.unless_cut_off(released).await
    }

    /// Leaves out what is not to be seen, or not to be written any more.
    async fn unless_cut_off(&mut self, outcome: Result<(), Error>) -> Result<(), Error> {
        if outcome.as_ref().is_err_and(Error::is_membership_lost) {
            return self.drop_unacknowledged().await;
        }
        let (Err(error), Some(transaction)) = (&outcome, &self.transaction) else { return outcome };
        if !transaction.is_cut_off(error).await {
            return outcome;
        }
        self.writer.forget();
        Ok(())
    }

    async fn drop_unacknowledged(&mut self) -> Result<(), Error> {
        self.drops += 1;
        self.progress.acknowledged(std::mem::take(&mut self.unacknowledged));
        self.writer.abandon().await
    }

    /// Whoever asked waits until this task is gone, if it fails.
    async fn flush(&mut self, asked: oneshot::Sender<u64>) -> Result<(), Error> {
        self.asked = Some(asked);
        self.release().await?;
        let flushed = self.writer.flush().await;
        self.unless_cut_off(flushed).await?;
        self.progress.acknowledged(std::mem::take(&mut self.unacknowledged));
        // Who asked may be gone: its commit is then nobody's.
        _ = self.asked.take().map(|asked| asked.send(self.drops));
        Ok(())
    }

    fn count(&mut self, counts: Counts) {
        self.unacknowledged += counts.rows_out;
        self.progress.count(counts);
    }
}

async fn due(at: Option<Instant>) {
    match at {
        Some(at) => sleep_until(at).await,
        None => pending().await,
    }
}

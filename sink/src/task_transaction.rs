//! The transaction of one task: every exactly-once sink of the task writes into it, and each checkpoint commits it with
//! the positions of the source.
//!
//! Tasks whose rows an exchange mixes share one (`aligning.rs`); one whose source is on another cluster keeps its positions
//! in a topic (`taking_over.rs`).
//!
//! A task has one transactional producer. A transaction begins with its first record or offset; a checkpoint without either
//! does nothing.
//!
//! **What must never happen:**
//! - A position is committed without the rows before it. So after a transaction has failed, nothing is ever committed here
//!   again: the job ends, and the next run reads on from what is committed. Where its group may be the reason
//!   (`cut_off.rs`), the task goes back to what is committed instead, before it writes anything more.
//! - Rows are written twice, since nobody knows whether they were committed. Where a commit was asked for and not
//!   answered, the id is taken over first, which ends the transaction one way or the other; then the offsets that were part
//!   of it say which.

use std::sync::{Arc, Weak};

use tokio::sync::{Mutex, MutexGuard, watch};
use upsert_kafka_client::{
    Client, Clock, Commit, GroupMetadata, Producer, ProducerId, TopicPartition, Transaction,
};

use crate::error::{Error, ErrorKind};
use crate::lingering;
use crate::progress_topic::ProgressTopic;
use crate::transactional_ids::{TransactionalIds, is_partition, is_task, partition_owner};

mod aligned;
mod aligning;
mod alignment;
mod cut_off;
mod failing;
mod own_progress;
mod state;
mod taking_over;

use own_progress::OwnProgress;
use state::TransactionState;

/// Of one task; its writers have a [`TransactionPart`] each. Cheap to clone.
///
/// One task holds the lock at a time, over requests too: there is nothing to do beside them.
#[derive(Clone)]
pub(crate) struct TaskTransaction {
    state: Arc<Mutex<TransactionState>>,
    /// Where its rows come from.
    place: SourcePlace,
    /// Whether several tasks read what goes into it.
    is_shared: bool,
    /// Of one of those tasks: its number, and whether a checkpoint is asked for.
    reader: Option<(usize, watch::Receiver<bool>)>,
}

/// Where the source of a transaction's rows is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SourcePlace {
    /// On the sink's cluster, or nowhere: its group's offsets go into the transaction, where there are any.
    SameCluster,
    /// On another one.
    OtherCluster {
        /// Whether its positions are kept, which a progress topic does then.
        keeps_positions: bool,
    },
}

/// A writer's part in its task's transaction.
pub(crate) struct TransactionPart {
    of: TaskTransaction,
    /// The one that it wrote into last, which may be over.
    open: Weak<Transaction>,
    /// Of the producer whose topics the writer has.
    generation: u64,
}

impl TaskTransaction {
    /// The client's settings are those of a producer, without a transactional id.
    pub(crate) fn new(client: Client, clock: Clock, ids: TransactionalIds) -> Self {
        Self::of(client, clock, ids, SourcePlace::SameCluster, None)
    }

    /// The same of a source on another cluster. `seed` is this task's alone, among all that there ever were.
    pub(crate) fn with_progress_topic(
        client: Client,
        clock: Clock,
        ids: TransactionalIds,
        topic: Option<ProgressTopic>,
        seed: u64,
    ) -> Self {
        let progress = topic.map(|topic| OwnProgress::new(topic, seed));
        let keeps_positions = progress.is_some();
        Self::of(client, clock, ids, SourcePlace::OtherCluster { keeps_positions }, progress)
    }

    fn of(
        client: Client,
        clock: Clock,
        ids: TransactionalIds,
        place: SourcePlace,
        progress: Option<OwnProgress>,
    ) -> Self {
        let state = TransactionState::new(client, clock, ids, progress);
        Self { state: Arc::new(Mutex::new(state)), place, is_shared: false, reader: None }
    }

    /// Whether the source is on another cluster: what is written there is not in the transaction.
    pub(crate) fn is_elsewhere(&self) -> bool {
        self.place != SourcePlace::SameCluster
    }

    /// Whether a progress topic keeps the source's positions, and not its group.
    pub(crate) fn keeps_positions(&self) -> bool {
        self.place == SourcePlace::OtherCluster { keeps_positions: true }
    }

    /// A part for one more writer.
    pub(crate) fn part(&self) -> TransactionPart {
        TransactionPart { of: self.clone(), open: Weak::new(), generation: 0 }
    }

    /// Takes the id over, before anything is read: whoever had it is fenced, and what cannot be is said at once.
    pub(crate) async fn take_over(&self) -> Result<(), Error> {
        self.lock().await.take_over().await
    }

    /// Ends what tasks that share these topics left open under the same prefix, whatever they were called: for a job that
    /// reads them alone.
    pub(crate) async fn end_lingering_of_all(&self, topics: &[String]) -> Result<(), Error> {
        let state = self.lock().await;
        let admin = state.client.admin();
        let is_meant = |owner: &str| is_task(owner) || topics.iter().any(|topic| is_partition(topic, owner));
        let ended = async {
            lingering::end_of_prefix(&admin, state.ids.prefix(), is_meant, &state.clock).await?;
            if state.ids.are_pooled() {
                lingering::fence_tasks(&admin, state.ids.prefix()).await
            } else {
                Ok(())
            }
        };
        ended.await.map_err(|e| state.failed_to("what an earlier run left open is not ended", e))
    }

    /// Ends what tasks of a fixed share left open under the same prefix: for a member, which is called otherwise.
    pub(crate) async fn end_lingering_of_tasks(&self) -> Result<(), Error> {
        let state = self.lock().await;
        let admin = state.client.admin();
        let ended = lingering::end_of_prefix(&admin, state.ids.prefix(), is_task, &state.clock).await;
        ended.map_err(|e| state.failed_to("what an earlier run left open is not ended", e))
    }

    /// Ends what earlier owners of these partitions left open, before it is asked how far they came.
    pub(crate) async fn end_lingering(&self, partitions: &[TopicPartition]) -> Result<(), Error> {
        if self.keeps_positions() {
            // They are fenced when the partitions are claimed.
            return Ok(());
        }
        let mut state = self.lock().await;
        let admin = state.client.admin();
        let ended = match state.ids.of_partitions(partitions) {
            Some(ids) => {
                let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
                lingering::end(&admin, &ids, &state.clock).await
            }
            None => {
                let owners: Vec<String> = partitions.iter().map(partition_owner).collect();
                let is_meant = |owner: &str| owners.iter().any(|it| it == owner);
                lingering::end_of_prefix(&admin, state.ids.prefix(), is_meant, &state.clock).await
            }
        };
        if state.open.is_none() {
            // This task may have been that owner: its producer is asked for anew.
            state.producer = None;
        }
        ended.map_err(|e| state.failed_to("what an earlier owner left open is not ended", e))
    }

    /// From the next transaction on the task is called by one of these partitions, which it owns: whoever was is fenced.
    /// False where another one has had one of them meanwhile, so that the task goes back to what is kept.
    pub(crate) async fn set_owned(&self, partitions: &[TopicPartition]) -> Result<bool, Error> {
        if self.keeps_positions() {
            return self.keep_owned(partitions).await;
        }
        if self.is_shared {
            return self.set_owned_by_all(partitions).await;
        }
        self.lock().await.rename(partitions).await
    }

    /// Commits what was written, and these positions with it: the group keeps them if the rows are seen, and not
    /// otherwise. Without either it does nothing. False where the group has gone on without the member that speaks: then
    /// all that was written is aborted.
    pub(crate) async fn commit(
        &self,
        positions: &[Commit],
        group: Option<&GroupMetadata>,
    ) -> Result<bool, Error> {
        if self.is_shared {
            return self.commit_with_others(positions, group).await;
        }
        let mut state = self.lock().await;
        if state.progress.is_some() {
            return state.commit_elsewhere(positions).await.map(|()| true);
        }
        let positions = group.map(|group| (positions, group)).filter(|(positions, _)| !positions.is_empty());
        if state.open.is_none() && positions.is_none() {
            return state.check().map(|()| true);
        }
        let transaction = state.begin().await?;
        let sent = match positions {
            Some((positions, group)) => transaction.send_offsets(positions, group).await,
            None => Ok(()),
        };
        drop(transaction);
        if sent.as_ref().is_err_and(upsert_kafka_client::Error::is_stale_member) {
            return state.abort().await.map(|()| false);
        }
        let Some((id, transaction)) = state.take_open()? else { return Ok(true) };
        let committed = match sent {
            Ok(()) => transaction.commit().await,
            Err(error) => Err(error),
        };
        match committed {
            Ok(()) => {}
            // Whoever fenced this task has ended its transaction, and is not to be fenced in return.
            Err(error) if error.may_have_been_written() && !error.is_fenced() => {
                state.resolve(&id, positions, error).await?;
            }
            Err(error) => return Err(state.fail(&id, error).await),
        }
        state.ids.handle_committed();
        Ok(true)
    }

    /// Aborts what was written since the last commit. The next record begins another transaction.
    pub(crate) async fn abort(&self) -> Result<(), Error> {
        let mut state = self.lock().await;
        state.check_failure()?;
        state.abort().await
    }

    /// Returns when all that was written is in its topics, unseen.
    pub(crate) async fn flush(&self) -> Result<(), Error> {
        let mut state = self.lock().await;
        state.check()?;
        state.flush().await
    }

    /// The first of two phases: all that was written is in its topics, unseen, and stays so until somebody commits it by
    /// its id and its producer. `None` where nothing was written.
    pub(crate) async fn prepare(&self) -> Result<Option<(String, ProducerId)>, Error> {
        let mut state = self.lock().await;
        state.check()?;
        state.flush().await?;
        let Some((id, transaction)) = state.take_open()? else { return Ok(None) };
        let producer = transaction.leave_open();
        // Another one commits it.
        state.producer = None;
        state.ids.handle_prepared(&id);
        Ok(Some((id, producer)))
    }

    /// The second phase, of a transaction that this process or an earlier one prepared.
    pub(crate) async fn commit_prepared(&self, id: &str, prepared: ProducerId) -> Result<(), Error> {
        let mut state = self.lock().await;
        let producer = state.open_producer(id)?;
        let committed = match producer.resume(prepared).await {
            Ok(transaction) => transaction.commit().await,
            Err(error) => Err(error),
        };
        match committed {
            Ok(()) => {
                state.ids.handle_ended(id);
                Ok(())
            }
            Err(error) => {
                let hint = state.hint(id, &error).await;
                let text = format!(
                    "a prepared transaction is not committed: {}{hint}",
                    TransactionState::named(id, &error)
                );
                Err(Error::new(ErrorKind::Cluster, text))
            }
        }
    }

    /// Commits nothing any more: what was written since the last commit is not seen.
    pub(crate) async fn give_up(&self, why: &str) {
        // Its abort is ordered where it is dropped.
        _ = self.lock().await.remember(why.to_owned());
    }

    async fn lock(&self) -> MutexGuard<'_, TransactionState> {
        self.state.lock().await
    }
}

impl TransactionPart {
    /// The transaction that is open now; and its producer, if it is another one than before, so that the writer has no
    /// topic of it yet.
    #[inline]
    pub(crate) async fn enter(&mut self) -> Result<(Arc<Transaction>, Option<Producer>), Error> {
        if let Some(open) = self.open.upgrade() {
            return Ok((open, None));
        }
        let mut state = self.of.lock().await;
        let transaction = state.begin().await?;
        self.open = Arc::downgrade(&transaction);
        let is_new = std::mem::replace(&mut self.generation, state.generation) != state.generation;
        let producer = state.producer.as_ref().filter(|_| is_new).map(|it| it.producer.clone());
        Ok((transaction, producer))
    }
}

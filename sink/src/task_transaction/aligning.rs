//! One transaction for several tasks that read, since an exchange mixes their rows: `alignment.rs` says when it commits.

use tokio::sync::{oneshot, watch};
use upsert_kafka_client::{Client, Clock, Commit, GroupMetadata, TopicPartition};

use super::aligned::Arrival;
use super::{LOST_TOGETHER, SourcePlace, TaskTransaction, TransactionState};
use crate::error::{Error, ErrorKind};
use crate::transactional_ids::TransactionalIds;

/// Of tasks that share it.
impl TaskTransaction {
    /// One for all tasks that an exchange connects; each that reads takes a [`reader`](Self::reader) of it.
    pub(crate) fn shared(client: Client, clock: Clock, ids: TransactionalIds) -> Self {
        let mut transaction = Self::of(client, clock, ids, SourcePlace::SameCluster, None);
        transaction.is_shared = true;
        transaction
    }

    /// For one more task that reads.
    pub(crate) async fn reader(&self) -> Self {
        let mut state = self.lock().await;
        let aligned = state.aligned.get_or_insert_default();
        let (number, due) = (aligned.alignment.join(), aligned.due.subscribe());
        Self { reader: Some((number, due)), ..self.clone() }
    }

    /// Whether other tasks write into it, and commit with this one.
    pub(crate) fn is_shared(&self) -> bool {
        self.is_shared
    }

    /// The number of the checkpoint that was asked for last; `None` where a task commits alone.
    pub(crate) fn due(&self) -> Option<watch::Receiver<u64>> {
        self.reader.as_ref().map(|(_, due)| due.clone())
    }

    /// Has the others come to a checkpoint.
    pub(crate) async fn ask_others(&self) {
        if let Some(aligned) = &self.lock().await.aligned {
            let next = aligned.alignment.next();
            aligned.due.send_if_modified(|due| std::mem::replace(due, next) != next);
        }
    }

    /// The task has ended, behind a checkpoint: the others need not wait for it.
    pub(crate) async fn retire(&self) {
        let mut state = self.lock().await;
        let Some(((reader, _), aligned)) = self.reader.as_ref().zip(state.aligned.as_mut()) else { return };
        if aligned.alignment.handle_retired(*reader) {
            state.commit_aligned().await;
        }
    }

    /// Which partitions each of the tasks owns, together.
    pub(super) async fn set_owned_by_all(&self, partitions: &[TopicPartition]) -> Result<bool, Error> {
        let mut state = self.lock().await;
        let Some(((reader, _), aligned)) = self.reader.as_ref().zip(state.aligned.as_mut()) else {
            return Ok(true);
        };
        aligned.owned.insert(*reader, partitions.to_vec());
        let all: Vec<_> = aligned.owned.values().flatten().cloned().collect();
        state.rename(&all).await
    }

    /// Commits once all tasks stand still, with the positions of all.
    pub(super) async fn commit_with_others(
        &self,
        positions: &[Commit],
        group: Option<&GroupMetadata>,
    ) -> Result<bool, Error> {
        let told = {
            let mut state = self.lock().await;
            state.check()?;
            let Some(((reader, _), aligned)) = self.reader.as_ref().zip(state.aligned.as_mut()) else {
                return Ok(true);
            };
            let (done, told) = oneshot::channel();
            aligned.arrivals.push(Arrival { positions: positions.to_vec(), group: group.cloned(), done });
            if aligned.alignment.handle_arrived(*reader) {
                state.commit_aligned().await;
            }
            told
        };
        match told.await {
            Ok(Ok(())) => Ok(true),
            Ok(Err(why)) => Err(Error::new(ErrorKind::Cluster, why)),
            Err(_) => Err(Error::new(ErrorKind::Sink, "the tasks that write into one transaction are gone")),
        }
    }
}

impl TransactionState {
    /// All stand still.
    async fn commit_aligned(&mut self) {
        let Some(aligned) = &mut self.aligned else { return };
        let arrivals = std::mem::take(&mut aligned.arrivals);
        let committed = self.commit_all(&arrivals).await.map_err(|error| error.to_string());
        if let Some(aligned) = &mut self.aligned {
            aligned.alignment.handle_committed();
        }
        for arrival in arrivals {
            // Who was cut off hears nothing.
            _ = arrival.done.send(committed.clone());
        }
    }

    async fn commit_all(&mut self, arrivals: &[Arrival]) -> Result<(), Error> {
        let moved: Vec<_> = arrivals.iter().filter_map(Arrival::moved).collect();
        if self.open.is_none() && moved.is_empty() {
            return self.check();
        }
        let transaction = self.begin().await?;
        let mut sent = Ok(());
        for (positions, group) in moved {
            sent = transaction.send_offsets(positions, group).await;
            if sent.is_err() {
                break;
            }
        }
        drop(transaction);
        let Some((id, transaction)) = self.take_open()? else { return Ok(()) };
        let error = match sent {
            Ok(()) => match transaction.commit().await {
                Ok(()) => {
                    self.ids.handle_committed();
                    return Ok(());
                }
                Err(error) => error,
            },
            Err(error) => error,
        };
        if error.is_stale_member() {
            return Err(self.remember(format!("transactional id {id}: {LOST_TOGETHER}: {error}")));
        }
        if error.may_have_been_written() && !error.is_fenced() {
            return Err(self.remember(format!(
                "transactional id {id}: whether the rows of this checkpoint are committed is not known; the next run ends \
                 the transaction, and the offsets that were in it say where to go on: {error}"
            )));
        }
        Err(self.fail(&id, error).await)
    }
}

//! One transaction for several tasks that read, since an exchange mixes their rows: `alignment.rs` says when it commits.

use tokio::sync::{oneshot, watch};
use upsert_kafka_client::{Client, Clock, Commit, GroupMetadata, TopicPartition};

use super::aligned::{Arrival, Made};
use super::state::{CutOff, TransactionState};
use super::{SourcePlace, TaskTransaction};
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

    /// Whether a checkpoint is asked for; `None` where a task commits alone.
    pub(crate) fn due(&self) -> Option<watch::Receiver<bool>> {
        self.reader.as_ref().map(|(_, due)| due.clone())
    }

    /// Has the others come to a checkpoint.
    pub(crate) async fn ask_others(&self) {
        if let Some(aligned) = &self.lock().await.aligned {
            aligned.due.send_if_modified(|due| !std::mem::replace(due, true));
        }
    }

    /// A group took partitions from one of the tasks: what is in the transaction is undone at the next checkpoint of all,
    /// which this task comes to.
    pub(crate) async fn undo(&self) {
        if let Some(aligned) = &mut self.lock().await.aligned {
            aligned.is_lost = true;
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

    /// Commits once all tasks stand still, with the positions of all. False where all that was written is undone, and all go
    /// back.
    pub(super) async fn commit_with_others(
        &self,
        positions: &[Commit],
        group: Option<&GroupMetadata>,
    ) -> Result<bool, Error> {
        let told = {
            let mut state = self.lock().await;
            state.check_failure()?;
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
            Ok(Ok(made)) => Ok(made == Made::Committed),
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
        let is_lost = std::mem::take(&mut aligned.is_lost);
        let made = self.make(&arrivals, is_lost).await.map_err(|error| error.to_string());
        if let (Err(_), Some(cut_off)) = (&made, &mut self.cut_off) {
            // They ask their groups, and come again.
            cut_off.is_told = true;
        }
        if let Some(aligned) = &mut self.aligned {
            aligned.alignment.handle_made();
            aligned.due.send_replace(false);
        }
        for arrival in arrivals {
            // Who was cut off hears nothing.
            _ = arrival.done.send(made.clone());
        }
    }

    async fn make(&mut self, arrivals: &[Arrival], is_lost: bool) -> Result<Made, Error> {
        self.check_failure()?;
        match &self.cut_off {
            _ if is_lost => self.undo().await.map(|()| Made::Undone),
            None => self.commit_all(arrivals).await,
            Some(CutOff { is_told: true, .. }) => self.recover().await.map(|()| Made::Undone),
            Some(_) => self.check().map(|()| Made::Undone),
        }
    }

    /// Undoes what is in the transaction, or ends it whatever became of it: its id may be one that the tasks still have.
    async fn undo(&mut self) -> Result<(), Error> {
        let is_cut_off = self.cut_off.is_some();
        self.abort().await?;
        if is_cut_off && self.ids.current().is_some() { self.take_over().await } else { Ok(()) }
    }

    async fn commit_all(&mut self, arrivals: &[Arrival]) -> Result<Made, Error> {
        let moved: Vec<_> = arrivals.iter().filter_map(Arrival::moved).collect();
        if self.open.is_none() && moved.is_empty() {
            return Ok(Made::Committed);
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
        if sent.as_ref().is_err_and(upsert_kafka_client::Error::is_stale_member) {
            return self.abort().await.map(|()| Made::Undone);
        }
        let Some((id, transaction)) = self.take_open()? else { return Ok(Made::Committed) };
        let committed = match sent {
            Ok(()) => transaction.commit().await,
            Err(error) => Err(error),
        };
        match committed {
            Ok(()) => {
                self.ids.handle_committed();
                Ok(Made::Committed)
            }
            Err(error) => Err(self.not_committed(&id, error).await),
        }
    }
}

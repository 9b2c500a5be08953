//! How a task takes partitions of a source on another cluster over, keeps how far they are written, and lets them go: in
//! the progress topic, as `claims.rs` says.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::time::sleep;
use tracing::{debug, warn};
use upsert_kafka_client::{Commit, Committed, Producer, Record, Topic, TopicPartition, Transaction};

use super::TaskTransaction;
use super::state::TransactionState;
use crate::error::{Error, ErrorKind};
use crate::lingering;
use crate::progress_record::{Claim, KeptPosition, PartitionProgress, ProgressKey};

/// For a task with a progress topic. Without one nothing is claimed, and nothing is kept.
impl TaskTransaction {
    /// Takes these over from whoever had them: nobody else can commit a position of them from then on.
    pub(crate) async fn claim(&self, of: &[TopicPartition]) -> Result<(), Error> {
        let mut state = self.lock().await;
        if let Some(progress) = &mut state.progress {
            progress.owned.extend(of.iter().cloned());
            let owned: Vec<_> = progress.owned.iter().cloned().collect();
            state.ids.keep_owned(&owned);
        }
        state.claim(of).await
    }

    /// Takes in what others have committed, and says how far each is written.
    pub(crate) async fn kept(&self, of: &[TopicPartition]) -> Result<Vec<Committed>, Error> {
        let mut state = self.lock().await;
        let Some(progress) = &mut state.progress else { return Ok(Vec::new()) };
        progress.topic.refresh().await?;
        Ok(of.iter().map(|of| progress.topic.claims.committed(of)).collect())
    }

    /// Keeps positions before which nothing was written. False while a transaction is open: they go into it.
    pub(crate) async fn commit_beginnings(&self, positions: &[Commit]) -> Result<bool, Error> {
        if self.lock().await.open.is_some() {
            return Ok(false);
        }
        self.commit(positions, None).await
    }

    /// Lets these go, of which all that was written is committed: who has them next need not fence this task.
    pub(crate) async fn release(&self, of: &[TopicPartition]) -> Result<(), Error> {
        let mut state = self.lock().await;
        let Some(progress) = &state.progress else { return Ok(()) };
        let own: Vec<_> = of.iter().filter(|of| progress.owned.contains(*of)).cloned().collect();
        if own.is_empty() || state.open.is_some() || state.failure.is_some() {
            return Ok(());
        }
        state.release(own).await
    }

    /// From now on the task has no more than these. False where it goes by another id now, and another one has had one
    /// of them meanwhile: then the task goes back to what is kept.
    pub(super) async fn keep_owned(&self, partitions: &[TopicPartition]) -> Result<bool, Error> {
        let mut state = self.lock().await;
        state.ids.keep_owned(partitions);
        let Some(progress) = &mut state.progress else { return Ok(true) };
        progress.owned = partitions.iter().cloned().collect();
        let known = state.producer.as_ref().map(|it| &it.id);
        let is_new = state.ids.current().is_some_and(|id| Some(&id) != known);
        if !is_new || state.open.is_some() {
            return Ok(true);
        }
        let before = state.kept_own(partitions).await?;
        state.claim(partitions).await?;
        Ok(before)
    }
}

impl TransactionState {
    /// Commits what was written, and these positions with it, as records of the progress topic.
    pub(super) async fn commit_elsewhere(&mut self, positions: &[Commit]) -> Result<(), Error> {
        if self.open.is_none() && positions.is_empty() {
            return self.check();
        }
        let transaction = self.begin().await?;
        let kept = self.keep(&transaction, positions).await;
        drop(transaction);
        let Some((id, transaction)) = self.take_open()? else { return Ok(()) };
        let committed = match kept {
            Ok(()) => transaction.commit().await,
            Err(error) => Err(error),
        };
        match committed {
            Ok(()) => {
                self.ids.handle_committed();
                self.handle_kept(positions);
                Ok(())
            }
            Err(error) => Err(self.not_committed(&id, error).await),
        }
    }

    /// Puts positions into the transaction, as records of the progress topic.
    async fn keep(
        &mut self,
        transaction: &Transaction,
        positions: &[Commit],
    ) -> Result<(), upsert_kafka_client::Error> {
        let (Some(progress), Some(named)) = (&self.progress, &self.producer) else { return Ok(()) };
        let incarnation = progress.incarnation(self.generation);
        let topic = named.producer.topic(progress.topic.name()).await?;
        for it in positions {
            let claim = Claim { transactional_id: named.id.clone(), incarnation: incarnation.clone() };
            let (of, progress_of) = kept(it, claim);
            let _told_by_the_commit = progress.topic.send(transaction, &topic, &of, &progress_of).await?;
        }
        Ok(())
    }

    /// What was put into it is committed.
    fn handle_kept(&mut self, positions: &[Commit]) {
        let (generation, Some(named)) = (self.generation, &self.producer) else { return };
        let Some(progress) = &mut self.progress else { return };
        let incarnation = progress.incarnation(generation);
        for it in positions {
            let claim = Claim { transactional_id: named.id.clone(), incarnation: incarnation.clone() };
            let (of, progress_of) = kept(it, claim);
            progress.topic.claims.handle_committed(of, progress_of);
        }
    }

    /// Whether nothing may be written yet, since its partitions are not claimed for its producer.
    pub(super) fn is_unclaimed(&self) -> bool {
        self.progress.as_ref().is_some_and(|it| it.announced != Some(self.generation))
    }

    async fn claim(&mut self, of: &[TopicPartition]) -> Result<(), Error> {
        if of.is_empty() || self.progress.is_none() {
            return Ok(());
        }
        for attempt in 1..=CLAIMS_MAX {
            if self.try_claim(of).await? {
                return Ok(());
            }
            debug!(attempt, partitions = ?of, "somebody else takes them over too");
            sleep(CLAIM_PAUSE * attempt).await;
        }
        let text = format!(
            "partitions {of:?} of the source: others take them over again and again: a second process of this job that is \
             not a member of its group, or another job with the same 'sink.transactional-id-prefix' = '{}'",
            self.ids.prefix()
        );
        Err(self.remember(text))
    }

    /// False where somebody else was quicker.
    async fn try_claim(&mut self, of: &[TopicPartition]) -> Result<bool, Error> {
        let Some(own) = self.announce().await? else { return Ok(false) };
        let mut claimers = Vec::with_capacity(of.len());
        for partition in of {
            claimers.push((partition, self.claimer(partition, &own).await?));
        }
        self.fence_rivals(of, &own).await?;
        for (partition, claimer) in claimers {
            if !self.write_claim(partition, claimer, &own).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Takes the task's id over, unless it has it, and says so in the topic. `None` where it is fenced.
    async fn announce(&mut self) -> Result<Option<Claim>, Error> {
        let Some(id) = self.ids.current() else {
            return Err(Error::new(ErrorKind::Sink, "a partition is claimed by a task that owns none"));
        };
        let producer = self.producer(&id)?;
        let generation = self.generation;
        let Some(progress) = &mut self.progress else { return Ok(None) };
        let claim = Claim { transactional_id: id.clone(), incarnation: progress.incarnation(generation) };
        if progress.announced == Some(generation) {
            return Ok(Some(claim));
        }
        let (key, value) = (ProgressKey::Writer(id.clone()).to_bytes(), claim.writer_bytes());
        let name = progress.topic.name().to_owned();
        let written = async {
            let topic = producer.topic(&name).await?;
            let transaction = producer.begin().await?;
            let record = Record { partition: Some(0), ..Record::new(&topic).key(&key).value(&value) };
            let _told_by_the_commit = transaction.send(record).await?;
            transaction.commit().await
        };
        match written.await {
            Ok(()) => {
                progress.announced = Some(generation);
                Ok(Some(claim))
            }
            Err(error) if error.is_fenced() => {
                self.producer = None;
                Ok(None)
            }
            Err(error) => Err(self.fail(&id, error).await),
        }
    }

    /// Who writes the claim of a partition: whoever has taken over the id that belongs to it.
    async fn claimer(&mut self, of: &TopicPartition, own: &Claim) -> Result<Claimer, Error> {
        let id = self.ids.of_partition(of);
        let is_own = id == own.transactional_id;
        let producer = if is_own { self.producer(&id)? } else { self.open_producer(&id)? };
        let name = self.progress.as_ref().map(|it| it.topic.name().to_owned()).unwrap_or_default();
        let began = async {
            let topic = producer.topic(&name).await?;
            Ok((topic, if is_own { None } else { Some(producer.begin().await?) }))
        };
        match began.await {
            Ok((topic, transaction)) => Ok(Claimer { id, producer, topic, transaction }),
            Err(error) => Err(self.fail(&id, error).await),
        }
    }

    async fn fence_rivals(&mut self, of: &[TopicPartition], own: &Claim) -> Result<(), Error> {
        let mut taken_over: BTreeSet<String> = of.iter().map(|of| self.ids.of_partition(of)).collect();
        taken_over.insert(own.transactional_id.clone());
        let admin = self.client.admin();
        let Some(progress) = &mut self.progress else { return Ok(()) };
        progress.topic.refresh().await?;
        let pending = progress.topic.pending().await?;
        for id in progress.topic.claims.rivals(of, &pending, &taken_over) {
            warn!(transactional_id = id, "fences who wrote a partition last, and did not let it go");
            let fenced = lingering::fence(&admin, &id).await;
            fenced.map_err(|e| progress.topic.failed(e))?;
        }
        progress.topic.refresh_to_end().await
    }

    /// False where somebody else has taken the partition's id over since.
    async fn write_claim(&mut self, of: &TopicPartition, by: Claimer, own: &Claim) -> Result<bool, Error> {
        let Some(progress) = &mut self.progress else { return Ok(true) };
        let claimed = progress.topic.claims.claimed_by(of, Some(own.clone()));
        let written = async {
            let transaction = match by.transaction {
                Some(transaction) => transaction,
                None => by.producer.begin().await?,
            };
            let _told_by_the_commit = progress.topic.send(&transaction, &by.topic, of, &claimed).await?;
            transaction.commit().await
        };
        match written.await {
            Ok(()) => {
                progress.topic.claims.handle_committed(of.clone(), claimed);
                Ok(true)
            }
            Err(error) if error.is_fenced() => {
                if by.id == own.transactional_id {
                    self.producer = None;
                }
                Ok(false)
            }
            Err(error) => Err(self.fail(&by.id, error).await),
        }
    }

    /// Whether each of these is still claimed by this task.
    async fn kept_own(&mut self, of: &[TopicPartition]) -> Result<bool, Error> {
        let Some(progress) = &mut self.progress else { return Ok(true) };
        progress.topic.refresh_to_end().await?;
        let is_own = |of| progress.topic.claims.claim(of).is_some_and(|claim| progress.is_own(claim));
        Ok(of.iter().all(is_own))
    }

    async fn release(&mut self, of: Vec<TopicPartition>) -> Result<(), Error> {
        let (Some(progress), Some(named)) = (&mut self.progress, &self.producer) else { return Ok(()) };
        let id = named.id.clone();
        let written = async {
            let topic = named.producer.topic(progress.topic.name()).await?;
            let transaction = named.producer.begin().await?;
            for of in &of {
                let free = progress.topic.claims.claimed_by(of, None);
                let _told_by_the_commit = progress.topic.send(&transaction, &topic, of, &free).await?;
            }
            transaction.commit().await
        };
        match written.await {
            Ok(()) => {
                progress.owned.retain(|it| !of.contains(it));
                Ok(())
            }
            // Whoever did that has them.
            Err(error) if error.is_fenced() => {
                self.producer = None;
                Ok(())
            }
            Err(error) => Err(self.fail(&id, error).await),
        }
    }
}

/// One that has taken over the id of a partition, to claim it.
struct Claimer {
    id: String,
    producer: Producer,
    topic: Topic,
    /// `None` where the task goes by this partition itself.
    transaction: Option<Transaction>,
}

fn kept(position: &Commit, claim: Claim) -> (TopicPartition, PartitionProgress) {
    let of = TopicPartition { topic: position.topic.clone(), partition: position.partition };
    let kept = KeptPosition {
        offset: position.offset,
        leader_epoch: position.leader_epoch,
        metadata: position.metadata.clone(),
    };
    (of, PartitionProgress { position: Some(kept), claim: Some(claim) })
}

/// How often partitions are claimed anew because others claim them at the same time.
const CLAIMS_MAX: u32 = 6;

/// How long the first of those attempts waits before the second; each later one waits longer by as much.
const CLAIM_PAUSE: Duration = Duration::from_millis(100);

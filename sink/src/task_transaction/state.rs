//! What one task at a time has in hand of a transaction: its producer, and what became of it.

use std::sync::Arc;
use std::time::Instant;

use upsert_kafka_client::{Client, Clock, Producer, TopicPartition, Transaction};

use super::aligned::Aligned;
use super::own_progress::OwnProgress;
use crate::error::{Error, ErrorKind};
use crate::transactional_ids::TransactionalIds;

/// See the [module](self).
pub(super) struct TransactionState {
    pub(super) client: Client,
    pub(super) clock: Clock,
    pub(super) ids: TransactionalIds,
    pub(super) producer: Option<NamedProducer>,
    /// How many producers there were.
    pub(super) generation: u64,
    pub(super) open: Option<Arc<Transaction>>,
    /// Where the source is on another cluster: what its group's offsets are otherwise.
    pub(super) progress: Option<OwnProgress>,
    /// Where several tasks share it.
    pub(super) aligned: Option<Aligned>,
    /// Why nothing can be committed until the task has heard from its group.
    pub(super) cut_off: Option<CutOff>,
    /// When it took its id over from somebody who had fenced it.
    pub(super) retaken_at: Option<Instant>,
    /// Why nothing is committed any more.
    pub(super) failure: Option<String>,
}

/// A producer with its transactional id.
pub(super) struct NamedProducer {
    pub(super) id: String,
    pub(super) producer: Producer,
}

/// Why nothing can be committed at the moment.
pub(super) struct CutOff {
    pub(super) why: String,
    /// Somebody else has its id; otherwise it is not known what became of a commit.
    pub(super) is_fenced: bool,
    /// Whether tasks that share the transaction were told to hear from their groups.
    pub(super) is_told: bool,
}

impl TransactionState {
    /// `progress` where the source is on another cluster, and its positions are kept.
    pub(super) fn new(
        client: Client,
        clock: Clock,
        ids: TransactionalIds,
        progress: Option<OwnProgress>,
    ) -> Self {
        Self {
            client,
            clock,
            ids,
            producer: None,
            generation: 0,
            open: None,
            progress,
            aligned: None,
            cut_off: None,
            retaken_at: None,
            failure: None,
        }
    }

    /// The open transaction; one is begun if there is none.
    pub(super) async fn begin(&mut self) -> Result<Arc<Transaction>, Error> {
        self.check()?;
        if let Some(open) = &self.open {
            return Ok(Arc::clone(open));
        }
        let Some(id) = self.ids.current() else {
            return Err(Error::new(ErrorKind::Sink, "a row is written by a task that owns no partition"));
        };
        let producer = self.producer(&id)?;
        if self.is_unclaimed() {
            return Err(self.remember(format!(
                "transactional id {id}: a row is written before its partition is claimed"
            )));
        }
        match producer.begin().await {
            Ok(transaction) => {
                let transaction = Arc::new(transaction);
                self.open = Some(Arc::clone(&transaction));
                Ok(transaction)
            }
            Err(error) => Err(self.fail(&id, error).await),
        }
    }

    /// From the next transaction on the task is called by one of these.
    pub(super) async fn rename(&mut self, partitions: &[TopicPartition]) -> Result<bool, Error> {
        self.ids.set_owned(partitions);
        let known = self.producer.as_ref().map(|it| &it.id);
        let is_new = self.ids.current().is_some_and(|id| Some(&id) != known);
        if is_new && self.open.is_none() && self.cut_off.is_none() {
            self.take_over().await?;
        }
        Ok(true)
    }

    /// Begins, and aborts what is empty: the coordinator hears of the first alone. Where partitions are claimed, that takes
    /// the id over.
    pub(super) async fn take_over(&mut self) -> Result<(), Error> {
        if self.progress.is_some() {
            return Ok(());
        }
        drop(self.begin().await?);
        self.abort().await
    }

    pub(super) async fn abort(&mut self) -> Result<(), Error> {
        if self.cut_off.take().is_some() {
            // Whoever has the partitions next ends what is open.
            return Ok(());
        }
        let Some((id, transaction)) = self.take_open()? else { return Ok(()) };
        match transaction.abort().await {
            Ok(()) => Ok(()),
            // Whoever has taken the id over has aborted it. He has the partition by which the task is called.
            Err(error) if error.is_fenced() || self.cuts_off(&error) => {
                self.producer = None;
                Ok(())
            }
            Err(error) => Err(self.fail(&id, error).await),
        }
    }

    /// The open transaction, to be ended, and its id.
    pub(super) fn take_open(&mut self) -> Result<Option<(String, Transaction)>, Error> {
        let Some(open) = self.open.take() else { return Ok(None) };
        let id = self.producer.as_ref().map(|it| it.id.clone()).unwrap_or_default();
        match Arc::into_inner(open) {
            Some(open) => Ok(Some((id, open))),
            // A writer gives it back after each record, so nobody is told this.
            None => Err(self.remember(format!("transactional id {id}: a writer is not done with it"))),
        }
    }

    /// The producer with this id.
    pub(super) fn producer(&mut self, id: &str) -> Result<Producer, Error> {
        if let Some(known) = self.producer.as_ref().filter(|it| it.id == id) {
            return Ok(known.producer.clone());
        }
        let producer = self.open_producer(id)?;
        self.generation += 1;
        self.producer = Some(NamedProducer { id: id.to_owned(), producer: producer.clone() });
        Ok(producer)
    }

    pub(super) fn open_producer(&self, id: &str) -> Result<Producer, Error> {
        let config = self.client.config().clone().with(|it| it.transactional_id = Some(id.to_owned()));
        Ok(self.client.with_config(config).map_err(Error::cluster)?.producer())
    }

    pub(super) async fn flush(&mut self) -> Result<(), Error> {
        let Some(open) = &self.open else { return Ok(()) };
        let Err(error) = open.flush().await else { return Ok(()) };
        let id = self.producer.as_ref().map(|it| it.id.clone()).unwrap_or_default();
        Err(self.fail(&id, error).await)
    }

    /// Whether something can be written and committed.
    pub(super) fn check(&self) -> Result<(), Error> {
        self.check_failure()?;
        match &self.cut_off {
            Some(CutOff { why, .. }) => Err(Error::new(ErrorKind::Cluster, why.clone())),
            None => Ok(()),
        }
    }

    pub(super) fn check_failure(&self) -> Result<(), Error> {
        match &self.failure {
            Some(why) => Err(Error::new(ErrorKind::Cluster, why.clone())),
            None => Ok(()),
        }
    }

    /// From now on this is why nothing is committed.
    pub(super) fn remember(&mut self, why: String) -> Error {
        self.open = None;
        let why = self.failure.get_or_insert(why).clone();
        if let Some(aligned) = &mut self.aligned {
            aligned.dismiss(&why);
        }
        Error::new(ErrorKind::Cluster, why)
    }

    pub(super) fn failed_to(&self, what: &str, error: upsert_kafka_client::Error) -> Error {
        let text = format!("'sink.transactional-id-prefix' = '{}': {what}", self.ids.prefix());
        Error::caused(ErrorKind::Cluster, text, error)
    }
}

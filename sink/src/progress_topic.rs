//! The progress topic on the cluster of a sink: read to see who has which partition of the source, and how far it came.
//!
//! All lies in one partition, so that there is one order. What is open there holds readers with `read_committed` back, so
//! claims behind it are looked for without that, and their writers fenced.

use std::pin::pin;
use std::time::Duration;

use tokio::time::sleep;
use tracing::warn;
use upsert_kafka_client::{
    Assignment, Client, Consumer, Delivery, IsolationLevel, OffsetSpec, Position, Record, Topic,
    TopicPartition, Transaction,
};

use crate::claims::Claims;
use crate::error::{Error, ErrorKind};
use crate::progress_record::{Claim, PartitionProgress, Unreadable};

/// As one task knows it.
pub(crate) struct ProgressTopic {
    name: String,
    /// One whose consumers see what is committed, and one whose consumers see all.
    committed: Client,
    uncommitted: Client,
    /// The offset of the first record that is not in `claims`.
    next: i64,
    pub(crate) claims: Claims,
}

impl ProgressTopic {
    /// The client's settings are those of a producer.
    pub(crate) fn new(name: &str, client: &Client, claims: Claims) -> Result<Self, Error> {
        let reading = |isolation_level| {
            let config = client.config().clone().with(|it| it.isolation_level = isolation_level);
            client.with_config(config).map_err(Error::cluster)
        };
        let (committed, uncommitted) =
            (reading(IsolationLevel::ReadCommitted)?, reading(IsolationLevel::ReadUncommitted)?);
        Ok(Self { name: name.to_owned(), committed, uncommitted, next: 0, claims })
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Takes in what is committed up to the first transaction that is open.
    pub(crate) async fn refresh(&mut self) -> Result<(), Error> {
        let end = self.end(&self.committed).await?;
        self.read_to(end).await
    }

    /// Takes in all that is there now, and waits until it is ended.
    pub(crate) async fn refresh_to_end(&mut self) -> Result<(), Error> {
        let end = self.end(&self.uncommitted).await?;
        let name = self.name.clone();
        let mut reading = pin!(self.read_to(end));
        tokio::select! {
            biased;
            read = &mut reading => return read,
            () = sleep(WAIT_TOLD_AFTER) => warn!(
                topic = name,
                "waits for a transaction that somebody has open in the progress topic: its writer ends it, or its timeout"
            ),
        }
        reading.await
    }

    /// The claims behind what is taken in, of which nobody knows yet whether they will be committed.
    pub(crate) async fn pending(&self) -> Result<Vec<(TopicPartition, Claim)>, Error> {
        let end = self.end(&self.uncommitted).await?;
        let mut pending = Vec::new();
        self.read(&self.uncommitted, self.next, end, |_, key, value| {
            pending.extend(self.claims.pending(key, value));
        })
        .await?;
        Ok(pending)
    }

    /// Puts a partition's record into a transaction, whose commit tells what became of it.
    pub(crate) async fn send(
        &self,
        transaction: &Transaction,
        topic: &Topic,
        of: &TopicPartition,
        progress: &PartitionProgress,
    ) -> Result<Delivery, upsert_kafka_client::Error> {
        let (key, value) = (self.claims.key_of(of).to_bytes(), progress.to_bytes());
        let record = Record::new(topic).key(&key).value(&value);
        transaction.send(Record { partition: Some(PARTITION), ..record }).await
    }

    async fn end(&self, client: &Client) -> Result<i64, Error> {
        let of = [(self.partition(), OffsetSpec::Latest)];
        let ends = client.consumer().list_offsets(&of).await.map_err(|e| self.failed(e))?;
        Ok(ends.first().copied().unwrap_or(0))
    }

    async fn read_to(&mut self, end: i64) -> Result<(), Error> {
        let mut records = Vec::new();
        let next = self
            .read(&self.committed, self.next, end, |offset, key, value| {
                records.push((offset, key.to_vec(), value.map(<[u8]>::to_vec)));
            })
            .await?;
        for (offset, key, value) in records {
            let heard = self.claims.handle_record(&key, value.as_deref());
            heard.map_err(|why| self.unreadable(offset, why))?;
        }
        self.next = next;
        Ok(())
    }

    /// The offset behind what was read: all before `end`.
    async fn read(
        &self,
        client: &Client,
        from: i64,
        end: i64,
        mut hear: impl FnMut(i64, &[u8], Option<&[u8]>),
    ) -> Result<i64, Error> {
        let of = self.partition();
        let mut consumer: Consumer = client.consumer();
        consumer.assign(vec![Assignment::new(of.topic.clone(), PARTITION, Position::Offset(from))]);
        let mut next = from;
        while next < end {
            let fetched = consumer.poll().await.map_err(|e| self.failed(e))?;
            for record in &fetched {
                let record = record.map_err(|e| self.failed(e))?;
                // What begins behind the end belongs to the next look.
                if record.offset < end {
                    hear(record.offset, record.key.unwrap_or_default(), record.value);
                }
            }
            next = consumer.position(&of).unwrap_or(next);
        }
        Ok(next.min(end).max(from))
    }

    fn partition(&self) -> TopicPartition {
        TopicPartition::new(self.name.as_str(), PARTITION)
    }

    #[cold]
    fn unreadable(&self, offset: i64, why: Unreadable) -> Error {
        let name = &self.name;
        let text = match why {
            Unreadable::OtherSoftware => format!(
                "'sink.progress-topic' = '{name}': the record at offset {offset} is of another program; name a topic that \
                 jobs of upsert-kafka have to themselves"
            ),
            Unreadable::LaterVersion => format!(
                "'sink.progress-topic' = '{name}': a later version of upsert-kafka wrote the record at offset {offset}; \
                 run that version, or name another topic"
            ),
        };
        Error::new(ErrorKind::Cluster, text)
    }

    pub(crate) fn failed(&self, error: upsert_kafka_client::Error) -> Error {
        Error::cluster(error).within(format_args!("'sink.progress-topic' = '{}'", self.name))
    }
}

/// The only one that is used, however many the topic has.
const PARTITION: i32 = 0;

/// After so long a task that waits for others' transactions says so.
const WAIT_TOLD_AFTER: Duration = Duration::from_secs(5);

//! The writer of a Kafka table: changes become records of a producer, held back by a buffer where the table says so.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use upsert_kafka_client::{
    Client, Clock, Config, Header, MembershipLease, Producer, Record, Role, Topic, Transaction,
    partition_for_key,
};

use super::acknowledgement::Acknowledgement;
use crate::buffer::{Buffer, Buffered};
use crate::changes::Change;
use crate::clients::Clients;
use crate::error::{Error, ErrorKind};
use crate::format::EncodingFormat;
use crate::job::subtask::Subtask;
use crate::key_hash;
use crate::plan::{self, KafkaSinkPlan};
use crate::progress::Counts;
use crate::record_metadata::RecordMetadata;
use crate::task_transaction::{TaskTransaction, TransactionPart};
use crate::topic_selector::TopicSelector;

/// A Kafka table that is open for writing.
pub(crate) struct KafkaWriter {
    records: RecordWriter,
    /// `sink.buffer-flush.*`
    buffer: Option<TimedBuffer>,
    acknowledgement: Arc<Acknowledgement>,
    client: Client,
    /// The members that its table's rows are written for, where others may come in their stead.
    leases: Vec<MembershipLease>,
}

/// What is held back, and until when.
struct TimedBuffer {
    buffer: Buffer,
    interval: Duration,
    due_at: Instant,
    clock: Clock,
}

/// Where records go.
struct RecordWriter {
    table: String,
    producer: Producer,
    topics: Topics,
    /// `sink.partitioner` = fixed: this task's partition of each topic.
    fixed: Option<Subtask>,
    /// Of an exactly-once table, whose records go into its task's transaction.
    transaction: Option<TransactionPart>,
    /// How many bytes in front of a key say nothing of its partition.
    unhashed_key_bytes: usize,
}

/// The topics of the table.
enum Topics {
    One(Topic),
    /// Each row says its own; those that were written to are open.
    OfRow {
        selector: TopicSelector,
        open: HashMap<String, Topic>,
    },
}

impl KafkaWriter {
    /// An exactly-once table writes into `transaction`; without one every table is at-least-once.
    pub(crate) async fn open(
        plan: &KafkaSinkPlan,
        subtask: Subtask,
        clients: &mut Clients,
        transaction: Option<&TaskTransaction>,
    ) -> Result<Self, Error> {
        let named = |e| Error::cluster(e).within(format_args!("table {}", plan.table));
        let client = clients.open(producer_config(plan)?).await.map_err(Error::cluster)?;
        let unhashed_key_bytes = plan.key.as_deref().map_or(0, EncodingFormat::unhashed_bytes);
        // Until a transaction's producer is known, this one knows the topic.
        let producer = key_hash::producer(&client, unhashed_key_bytes);
        let topics = match &plan.topics {
            TopicSelector::One(topic) => Topics::One(producer.topic(topic).await.map_err(named)?),
            selector => Topics::OfRow { selector: selector.clone(), open: HashMap::new() },
        };
        let clock = clients.clock().clone();
        let buffer = plan.buffer.map(|it| TimedBuffer {
            buffer: Buffer::new(it.max_rows, HELD_BYTES_MAX),
            interval: it.interval,
            due_at: due_after(&clock, it.interval),
            clock,
        });
        let fixed = plan.fixed_partition.then_some(subtask);
        let acknowledgement = Arc::new(Acknowledgement::new(&plan.table, producer.clone()));
        let records = RecordWriter {
            table: plan.table.clone(),
            producer,
            topics,
            fixed,
            transaction: transaction.filter(|_| plan.delivery.naming().is_some()).map(TaskTransaction::part),
            unhashed_key_bytes,
        };
        Ok(Self { records, buffer, acknowledgement, client, leases: Vec::new() })
    }

    #[inline]
    pub(crate) async fn write(&mut self, change: Change<'_>, counts: &mut Counts) -> Result<(), Error> {
        if self.buffer.is_none() {
            counts.written(change);
            return self.records.write(change).await;
        }
        self.hold(change, counts).await
    }

    async fn hold(&mut self, change: Change<'_>, counts: &mut Counts) -> Result<(), Error> {
        let Some(TimedBuffer { buffer, .. }) = &mut self.buffer else { return Ok(()) };
        counts.reduced += u64::from(buffer.put(change) == Buffered::Replaced);
        if buffer.is_full() { self.release(counts).await } else { Ok(()) }
    }

    pub(crate) fn due_at(&self) -> Option<Instant> {
        self.buffer.as_ref().filter(|it| !it.buffer.is_empty()).map(|it| it.due_at)
    }

    /// Whether what is held back has to be handed over now.
    pub(crate) fn is_due(&self) -> bool {
        let Some(TimedBuffer { buffer, due_at, clock, .. }) = &self.buffer else { return false };
        !buffer.is_empty() && *due_at <= Instant::from_std(clock.now())
    }

    /// Hands over what is held back.
    pub(crate) async fn release(&mut self, counts: &mut Counts) -> Result<(), Error> {
        let Some(held) = &mut self.buffer else { return Ok(()) };
        for change in held.buffer.changes() {
            self.records.write(change).await?;
            counts.written(change);
        }
        held.buffer.clear();
        held.due_at = due_after(&held.clock, held.interval);
        Ok(())
    }

    /// Returns when all is acknowledged; what is written into a transaction its commit waits for.
    pub(crate) async fn flush(&mut self) -> Result<(), Error> {
        match self.records.transaction {
            Some(_) => Ok(()),
            None => self.acknowledgement.flush().await,
        }
    }

    /// Forgets what is held back.
    pub(crate) fn forget(&mut self) {
        if let Some(held) = &mut self.buffer {
            held.buffer.clear();
        }
    }

    /// Rows of a transaction are its own to fence.
    pub(crate) fn write_for(&mut self, lease: MembershipLease) {
        if self.records.transaction.is_none() {
            self.records.producer.write_for(lease.clone());
            self.leases.push(lease);
        }
    }

    /// Drops what has not left yet, where that is not a transaction's to do.
    pub(crate) async fn abandon(&mut self) -> Result<(), Error> {
        self.forget();
        if self.records.transaction.is_some() {
            return Ok(());
        }
        let producer = key_hash::producer(&self.client, self.records.unhashed_key_bytes);
        self.leases.iter().for_each(|lease| producer.write_for(lease.clone()));
        self.acknowledgement = Arc::new(Acknowledgement::new(&self.records.table, producer.clone()));
        // It fails for what is dropped.
        _ = self.records.producer.close(Duration::ZERO).await;
        self.records.change_producer(producer).await
    }

    /// What tells, also beside further writes, that all is acknowledged.
    pub(crate) fn acknowledgement(&self) -> &Arc<Acknowledgement> {
        &self.acknowledgement
    }
}

impl RecordWriter {
    #[inline]
    async fn write(&mut self, change: Change<'_>) -> Result<(), Error> {
        match (&self.topics, change.metadata, self.fixed) {
            (Topics::One(topic), None, None) if self.transaction.is_none() => {
                let record = Record { key: change.key, value: change.value, ..Record::new(topic) };
                self.send(record, None).await
            }
            _ => self.write_with_metadata(change).await,
        }
    }

    /// The transaction that records go into, where they go into one; topics are then its producer's.
    async fn enter(&mut self) -> Result<Option<Arc<Transaction>>, Error> {
        let Some(part) = &mut self.transaction else { return Ok(None) };
        let (transaction, producer) = part.enter().await?;
        if let Some(producer) = producer {
            self.change_producer(producer).await?;
        }
        Ok(Some(transaction))
    }

    /// Topics are those of the producer that writes to them.
    async fn change_producer(&mut self, producer: Producer) -> Result<(), Error> {
        match &mut self.topics {
            Topics::One(topic) => match producer.topic(topic.name()).await {
                Ok(reopened) => *topic = reopened,
                Err(e) => return Err(self.failed(e)),
            },
            Topics::OfRow { open, .. } => open.clear(),
        }
        self.producer = producer;
        Ok(())
    }

    async fn write_with_metadata(&mut self, change: Change<'_>) -> Result<(), Error> {
        let RecordMetadata { timestamp_ms, topic, headers } = change.metadata.unwrap_or_default();
        if let Some(early @ ..0) = timestamp_ms {
            return Err(self.too_early(early));
        }
        let transaction = self.enter().await?;
        self.open_topic(topic).await?;
        let topic = match &self.topics {
            Topics::One(topic) => topic,
            Topics::OfRow { open, .. } => match topic.and_then(|topic| open.get(topic)) {
                Some(topic) => topic,
                None => return Err(self.no_topic()),
            },
        };
        let headers: Vec<Header<'_>> = headers.iter().collect();
        let partition = match self.fixed {
            Some(subtask) => Some(subtask.fixed_partition(topic.partitions())),
            None => self.partition_in_transaction(topic, change.key),
        };
        let record = Record {
            topic,
            partition,
            key: change.key,
            value: change.value,
            timestamp_ms,
            headers: &headers,
        };
        self.send(record, transaction.as_deref()).await
    }

    /// Tables of several formats share a transaction's producer, which therefore hashes whole keys.
    fn partition_in_transaction(&self, topic: &Topic, key: Option<&[u8]>) -> Option<i32> {
        if self.transaction.is_none() || self.unhashed_key_bytes == 0 {
            return None;
        }
        let count = i32::try_from(topic.partitions()).ok().filter(|count| *count > 0)?;
        Some(partition_for_key(key?.get(self.unhashed_key_bytes..)?, count))
    }

    /// Sees to it that the topic of a row is open.
    async fn open_topic(&mut self, topic: Option<&str>) -> Result<(), Error> {
        let Topics::OfRow { selector, open } = &mut self.topics else { return Ok(()) };
        let Some(topic) = topic else { return Err(self.no_topic()) };
        if open.contains_key(topic) {
            return Ok(());
        }
        if let Some(why) = selector.refusal(topic) {
            return Err(Error::new(ErrorKind::Sink, format!("table {}: {why}", self.table)));
        }
        if open.len() >= TOPICS_OPEN_MAX {
            // Each is opened again when a row names it.
            open.clear();
        }
        match self.producer.topic(topic).await {
            Ok(opened) => _ = open.insert(topic.to_owned(), opened),
            Err(e) => return Err(self.failed(e)),
        }
        Ok(())
    }

    #[inline]
    async fn send(&self, record: Record<'_>, transaction: Option<&Transaction>) -> Result<(), Error> {
        let sent = match transaction {
            None => self.producer.send(record).await,
            Some(transaction) => transaction.send(record).await,
        };
        match sent {
            // The flush before a commit, or the transaction's commit, tells what became of it.
            Ok(_delivery) => Ok(()),
            Err(e) => Err(self.failed(e)),
        }
    }

    /// As Java's client does, and with it Flink.
    #[cold]
    fn too_early(&self, timestamp_ms: i64) -> Error {
        let text = format!(
            "table {}: the row's metadata column 'timestamp' is {timestamp_ms} ms, before 1970: no record has such a time",
            self.table
        );
        Error::new(ErrorKind::Sink, text)
    }

    #[cold]
    fn no_topic(&self) -> Error {
        let text = format!(
            "table {}: the row does not say its topic, and the table has several: its metadata column 'topic' is NULL",
            self.table
        );
        Error::new(ErrorKind::Sink, text)
    }

    #[cold]
    fn failed(&self, error: upsert_kafka_client::Error) -> Error {
        Error::caused(ErrorKind::Sink, format!("table {}", self.table), error)
    }
}

/// The settings of a table's producer.
pub(crate) fn producer_config(plan: &KafkaSinkPlan) -> Result<Config, Error> {
    let mut config = plan::config(&plan.table, &plan.properties, Role::Producer)?;
    if !plan::sets(&plan.properties, "buffer.memory") {
        config.buffer_memory = BUFFER_MEMORY_BYTES.max(2 * config.max_request_size);
    }
    Ok(config)
}

/// A flush is due so long after the one before it.
fn due_after(clock: &Clock, interval: Duration) -> Instant {
    Instant::from_std(clock.now()) + interval.min(FOR_EVER)
}

/// A time that no clock overflows by.
const FOR_EVER: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

/// `buffer.memory` where the table does not set it: a quarter of Java's 32 MiB, which a job fills whenever it is
/// faster than its broker, and gains nothing by.
const BUFFER_MEMORY_BYTES: usize = 8 << 20;

/// What `sink.buffer-flush.*` holds back at most, in bytes: then it is flushed before its time.
const HELD_BYTES_MAX: usize = 32 << 20;

/// Topics of one table that are open at once.
const TOPICS_OPEN_MAX: usize = 10_000;

//! The writer of a Kafka table: changes become records of a producer, held back by a buffer where the table says so.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use upsert_kafka_client::{Clock, Header, Producer, Record, Role, Topic};

use super::acknowledgement::Acknowledgement;
use crate::buffer::{Buffer, Buffered};
use crate::changes::Change;
use crate::clients::Clients;
use crate::error::{Error, ErrorKind};
use crate::job::subtask::Subtask;
use crate::key_hash;
use crate::plan::{self, KafkaSinkPlan};
use crate::progress::Counts;
use crate::record_metadata::RecordMetadata;
use crate::topic_selector::TopicSelector;

/// A Kafka table that is open for writing.
pub(crate) struct KafkaWriter {
    records: RecordWriter,
    /// `sink.buffer-flush.*`
    buffer: Option<TimedBuffer>,
    acknowledgement: Arc<Acknowledgement>,
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
    pub(crate) async fn open(
        plan: &KafkaSinkPlan,
        subtask: Subtask,
        clients: &mut Clients,
    ) -> Result<Self, Error> {
        let named = |e| Error::cluster(e).within(format_args!("table {}", plan.table));
        let mut config = plan::config(&plan.table, &plan.properties, Role::Producer)?;
        if !plan::sets(&plan.properties, "buffer.memory") {
            config.buffer_memory = BUFFER_MEMORY_BYTES.max(2 * config.max_request_size);
        }
        let client = clients.open(config).await.map_err(Error::cluster)?;
        let producer =
            plan.key.as_deref().map_or_else(|| client.producer(), |key| key_hash::producer(&client, key));
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
        let records = RecordWriter { table: plan.table.clone(), producer, topics, fixed };
        Ok(Self { records, buffer, acknowledgement })
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

    pub(crate) async fn flush(&mut self) -> Result<(), Error> {
        self.acknowledgement.flush().await
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
            (Topics::One(topic), None, None) => {
                let record = Record { key: change.key, value: change.value, ..Record::new(topic) };
                self.send(record).await
            }
            _ => self.write_with_metadata(change).await,
        }
    }

    async fn write_with_metadata(&mut self, change: Change<'_>) -> Result<(), Error> {
        let RecordMetadata { timestamp_ms, topic, headers } = change.metadata.unwrap_or_default();
        if let Some(early @ ..0) = timestamp_ms {
            return Err(self.too_early(early));
        }
        self.open_topic(topic).await?;
        let topic = match &self.topics {
            Topics::One(topic) => topic,
            Topics::OfRow { open, .. } => match topic.and_then(|topic| open.get(topic)) {
                Some(topic) => topic,
                None => return Err(self.no_topic()),
            },
        };
        let headers: Vec<Header<'_>> = headers.iter().collect();
        let partition = self.fixed.map(|subtask| subtask.fixed_partition(topic.partitions()));
        let record = Record {
            topic,
            partition,
            key: change.key,
            value: change.value,
            timestamp_ms,
            headers: &headers,
        };
        self.send(record).await
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
    async fn send(&self, record: Record<'_>) -> Result<(), Error> {
        match self.producer.send(record).await {
            // The flush before a commit tells what became of it.
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

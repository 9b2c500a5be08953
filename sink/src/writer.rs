//! The writer of one table: changes go to a producer, or to a stream of text.

use std::io::{self, Write};

use upsert_kafka_client::{Producer, Record, Role, Topic};

use crate::clients::Clients;
use crate::error::{Error, ErrorKind};
use crate::key_hash;
use crate::plan::{self, PrintPlan, SinkPlan, UpsertPlan};
use crate::transform::Change;

/// A table that is open for writing.
pub(crate) enum Writer {
    Kafka(KafkaWriter),
    Print(PrintWriter),
}

/// An upsert-kafka table that is open for writing. Once a record was not written it acknowledges nothing any more:
/// a producer tells each failure to one flush only, and the flush after that must not be taken for a success.
pub(crate) struct KafkaWriter {
    table: String,
    producer: Producer,
    topic: Topic,
    failure: Option<upsert_kafka_client::Error>,
}

/// A print table: lines are gathered and written at each flush.
pub(crate) struct PrintWriter {
    table: String,
    standard_error: bool,
    lines: Vec<u8>,
    /// Lines that could not be written are gone: it acknowledges nothing after them.
    failure: Option<(io::ErrorKind, String)>,
}

impl Writer {
    pub(crate) async fn open(plan: &SinkPlan, clients: &mut Clients) -> Result<Self, Error> {
        Ok(match plan {
            SinkPlan::UpsertKafka(plan) => Self::Kafka(KafkaWriter::open(plan, clients).await?),
            SinkPlan::Print(plan) => Self::Print(PrintWriter::new(plan)),
        })
    }

    /// Hands a change over; waits while the producer's memory is full. An earlier change that failed
    /// shows at every flush from then on.
    #[inline]
    pub(crate) async fn write(&mut self, change: Change<'_>) -> Result<(), Error> {
        match self {
            Self::Kafka(writer) => writer.write(change.key, change.value).await,
            Self::Print(writer) => writer.write(change.value.unwrap_or_default()),
        }
    }

    /// Returns when all that was ever written is acknowledged; else the first failure is the result, for good.
    pub(crate) async fn flush(&mut self) -> Result<(), Error> {
        match self {
            Self::Kafka(writer) => writer.flush().await,
            Self::Print(writer) => writer.flush(),
        }
    }
}

impl KafkaWriter {
    pub(crate) async fn open(plan: &UpsertPlan, clients: &mut Clients) -> Result<Self, Error> {
        let named = |e| Error::cluster(e).within(format_args!("table {}", plan.table));
        let mut config = plan::config(&plan.table, &plan.properties, Role::Producer)?;
        if !plan::sets(&plan.properties, "buffer.memory") {
            config.buffer_memory = BUFFER_MEMORY_BYTES.max(2 * config.max_request_size);
        }
        let client = clients.open(config).await.map_err(Error::cluster)?;
        let producer = key_hash::producer(&client, &*plan.key);
        let topic = producer.topic(&plan.topic).await.map_err(named)?;
        Ok(Self { table: plan.table.clone(), producer, topic, failure: None })
    }

    #[inline]
    pub(crate) async fn write(&self, key: Option<&[u8]>, value: Option<&[u8]>) -> Result<(), Error> {
        let record = Record { key, value, ..Record::new(&self.topic) };
        match self.producer.send(record).await {
            // The flush before a commit tells what became of it.
            Ok(_delivery) => Ok(()),
            Err(e) => Err(self.failed(e)),
        }
    }

    pub(crate) async fn flush(&mut self) -> Result<(), Error> {
        if self.failure.is_none() {
            self.failure = self.producer.flush().await.err();
        }
        self.failure.clone().map_or(Ok(()), |e| Err(self.failed(e)))
    }

    #[cold]
    fn failed(&self, error: upsert_kafka_client::Error) -> Error {
        Error::caused(ErrorKind::Sink, format!("table {}", self.table), error)
    }
}

impl PrintWriter {
    fn new(plan: &PrintPlan) -> Self {
        let (table, standard_error) = (plan.table.clone(), plan.standard_error);
        Self { table, standard_error, lines: Vec::new(), failure: None }
    }

    fn write(&mut self, line: &[u8]) -> Result<(), Error> {
        self.lines.extend_from_slice(line);
        self.lines.push(b'\n');
        if self.lines.len() < LINES_BYTES_MAX { Ok(()) } else { self.flush() }
    }

    fn flush(&mut self) -> Result<(), Error> {
        if self.failure.is_none() {
            let written = match self.standard_error {
                true => io::stderr().write_all(&self.lines),
                false => {
                    let mut out = io::stdout().lock();
                    out.write_all(&self.lines).and_then(|()| out.flush())
                }
            };
            self.failure = written.err().map(|e| (e.kind(), e.to_string()));
        }
        self.lines.clear();
        match &self.failure {
            None => Ok(()),
            Some((kind, why)) => {
                let cause = io::Error::new(*kind, why.as_str());
                Err(Error::caused(ErrorKind::Sink, format!("table {}: print", self.table), cause))
            }
        }
    }
}

/// `buffer.memory` where the table does not set it: a quarter of Java's 32 MiB, which a job fills whenever it is
/// faster than its broker, and gains nothing by.
const BUFFER_MEMORY_BYTES: usize = 8 << 20;

/// Lines wait for a flush up to this many bytes.
const LINES_BYTES_MAX: usize = 64 * 1024;

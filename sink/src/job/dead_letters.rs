//! Where records go that could not be read or written: counted, told, and kept as they came.

use std::sync::Arc;

use tracing::warn;
use upsert_kafka_client::{Header, Producer, Record, Role, Topic, Transaction};

use crate::clients::Clients;
use crate::error::{Error, ErrorKind};
use crate::error_handling::ErrorHandling;
use crate::message::Message;
use crate::plan::{self, SourcePlan};
use crate::task_transaction::{TaskTransaction, TransactionPart};

/// What a task does with such records.
pub(crate) struct DeadLetters {
    handling: ErrorHandling,
    table: String,
    topic: Option<DeadLetterTopic>,
    /// A record that was not kept is gone: nothing is acknowledged after it.
    failure: Option<upsert_kafka_client::Error>,
    told: u64,
}

/// Where they are kept.
struct DeadLetterTopic {
    producer: Producer,
    topic: Topic,
    /// Of a task whose rows are written exactly once: so are these.
    transaction: Option<TransactionPart>,
}

impl DeadLetters {
    /// Where the task has a transaction on the cluster of the source, they go into it.
    pub(crate) async fn open(
        plan: &SourcePlan,
        clients: &mut Clients,
        transaction: Option<&TaskTransaction>,
    ) -> Result<Self, Error> {
        let handling = plan.errors.clone();
        let topic = match handling.dead_letter_topic() {
            Some(name) => {
                let named = |e| Error::cluster(e).within(format_args!("table {}", plan.table));
                let config = plan::config(&plan.table, &plan.properties, Role::Any)?;
                let producer = clients.open(config).await.map_err(named)?.producer();
                let topic = producer.topic(name).await.map_err(named)?;
                let transaction = transaction.map(TaskTransaction::part);
                Some(DeadLetterTopic { producer, topic, transaction })
            }
            None => None,
        };
        Ok(Self { handling, table: plan.table.clone(), topic, failure: None, told: 0 })
    }

    /// Takes a record that failed so; gives the error back where the job is to fail of it.
    pub(crate) async fn take(&mut self, message: &Message<'_>, error: Error) -> Result<(), Error> {
        if !self.handling.tolerates(&error) {
            return Err(error);
        }
        let Message { topic, partition, offset, .. } = message;
        if matches!(self.handling, ErrorHandling::Log { .. }) && self.told < TOLD_MAX {
            self.told += 1;
            let last = if self.told == TOLD_MAX { "; further ones are only counted" } else { "" };
            warn!(table = self.table, topic, partition, offset, %error, "a record is left out{last}");
        }
        if self.topic.is_some() { self.keep(message, &error).await } else { Ok(()) }
    }

    async fn keep(&mut self, message: &Message<'_>, error: &Error) -> Result<(), Error> {
        let transaction = self.enter().await?;
        let Some(DeadLetterTopic { producer, topic: dead_letters, .. }) = &self.topic else { return Ok(()) };
        let Message { topic, partition, offset, .. } = message;
        let (partition, offset, error) = (partition.to_string(), offset.to_string(), error.to_string());
        let own: Vec<_> = message.headers.iter().collect();
        let mut headers: Vec<Header<'_>> =
            own.iter().map(|(key, value)| Header { key, value: *value }).collect();
        let of_record = [
            ("upsert-kafka.topic", *topic),
            ("upsert-kafka.partition", &partition),
            ("upsert-kafka.offset", &offset),
            ("upsert-kafka.error", &error),
        ];
        headers.extend(of_record.map(|(key, value)| Header { key, value: Some(value.as_bytes()) }));
        let timestamp_ms = Some(message.timestamp_ms).filter(|it| *it >= 0);
        let record = Record {
            topic: dead_letters,
            partition: None,
            key: message.key,
            value: message.value,
            timestamp_ms,
            headers: &headers,
        };
        // The flush before a commit, or the transaction's commit, tells what became of it.
        let sent = match &transaction {
            None => producer.send(record).await,
            Some(transaction) => transaction.send(record).await,
        };
        sent.map(drop).map_err(|e| self.failed(e))
    }

    /// The task's transaction, where there is one; the topic is then its producer's.
    async fn enter(&mut self) -> Result<Option<Arc<Transaction>>, Error> {
        let Some(DeadLetterTopic { producer, topic, transaction: Some(part) }) = &mut self.topic else {
            return Ok(None);
        };
        let (transaction, of) = part.enter().await?;
        if let Some(of) = of {
            match of.topic(topic.name()).await {
                Ok(reopened) => (*producer, *topic) = (of, reopened),
                Err(e) => return Err(self.failed(e)),
            }
        }
        Ok(Some(transaction))
    }

    /// Returns when all that was taken is kept; what is in a transaction its commit waits for.
    pub(crate) async fn flush(&mut self) -> Result<(), Error> {
        if let (None, Some(DeadLetterTopic { producer, transaction: None, .. })) =
            (&self.failure, &self.topic)
        {
            self.failure = producer.flush().await.err();
        }
        self.failure.clone().map_or(Ok(()), |e| Err(self.failed(e)))
    }

    #[cold]
    fn failed(&self, error: upsert_kafka_client::Error) -> Error {
        Error::caused(ErrorKind::Cluster, format!("table {}: the dead-letter topic", self.table), error)
    }
}

/// Lines of one task in the log.
const TOLD_MAX: u64 = 100;

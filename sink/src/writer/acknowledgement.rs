//! Whether all that was handed to a table's producer is in its topics.

use tokio::sync::Mutex;
use upsert_kafka_client::Producer;

use crate::error::{Error, ErrorKind};

/// Of one table; its writer has it, and whoever waits beside the writer.
///
/// Once a record was not written it acknowledges nothing any more: a producer tells each failure to one flush only, and
/// the flush after that must not be taken for a success. Therefore flushes stand in line: one that began before a
/// failure was told would else end well behind it.
pub(crate) struct Acknowledgement {
    table: String,
    producer: Producer,
    failure: Mutex<Option<upsert_kafka_client::Error>>,
}

impl Acknowledgement {
    pub(crate) fn new(table: &str, producer: Producer) -> Self {
        Self { table: table.to_owned(), producer, failure: Mutex::new(None) }
    }

    /// Returns when all that was handed over is acknowledged; else the first failure is the result, for good. Dropped
    /// before it is done, it leaves a failure to the next.
    pub(crate) async fn flush(&self) -> Result<(), Error> {
        let mut failure = self.failure.lock().await;
        if failure.is_none() {
            *failure = self.producer.flush().await.err();
        }
        failure
            .clone()
            .map_or(Ok(()), |e| Err(Error::caused(ErrorKind::Sink, format!("table {}", self.table), e)))
    }
}

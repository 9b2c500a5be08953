//! An upsert-kafka table opened for writing by a program: DDL in, rows with their kinds in, records out.

use std::sync::Arc;

use upsert_kafka_client::Environment;

use crate::changes::Change;
use crate::clients::Clients;
use crate::codecs;
use crate::error::{Error, ErrorKind};
use crate::job::subtask::Subtask;
use crate::plan::{self, PlanOptions};
use crate::progress::Counts;
use crate::row::{Row, RowKind, Value};
use crate::serializer::{Serialized, Serializer};
use crate::types::Field;
use crate::writer::KafkaWriter;

/// The table, connected. At-least-once: what [`flush`](Self::flush) returned for is in the topic.
///
/// Once the cluster did not take a change, the sink is at its end: every flush from then on fails with the reason.
/// Open another one, and write again what no flush had returned for.
pub struct UpsertSink {
    table: String,
    columns: Arc<[Field]>,
    primary_key: Vec<usize>,
    serializer: Serializer,
    writer: KafkaWriter,
    bytes: Vec<u8>,
}

impl UpsertSink {
    /// Opens the table of one `CREATE TABLE … WITH ('connector' = 'upsert-kafka', …)`.
    ///
    /// # Errors
    /// Everything that the planner refuses; then what the cluster does.
    pub async fn open(ddl: &str, options: &PlanOptions) -> Result<Self, Error> {
        let plan = plan::upsert_table(ddl, options)?;
        let environment = Environment::new();
        let serializer = codecs::serializer(&plan, &environment).await?;
        let mut clients = Clients::of_program(environment);
        let writer = KafkaWriter::open(&plan, Subtask::ONLY, &mut clients).await?;
        Ok(Self {
            table: plan.table,
            columns: plan.columns,
            primary_key: plan.primary_key,
            serializer,
            writer,
            bytes: Vec::new(),
        })
    }

    /// The columns that a row has, in order.
    pub fn columns(&self) -> &[Field] {
        &self.columns
    }

    /// Hands one change over: INSERT and UPDATE_AFTER write the row under its key, UPDATE_BEFORE and DELETE
    /// a tombstone, for which the key's columns are enough. Waits while the producer's memory is full.
    /// Dropped before it is done, the change is either wholly in or not at all.
    ///
    /// # Errors
    /// A row that does not fit the columns, a NULL where none may be, a record that is too large. What the
    /// cluster refuses shows at the next flush.
    pub async fn write(&mut self, kind: RowKind, row: Row<'_>) -> Result<(), Error> {
        self.check(kind, row)?;
        self.bytes.clear();
        let serialized = self.serializer.serialize(kind, row, &mut self.bytes).map_err(|e| self.failed(e))?;
        let Some(Serialized { key, value, metadata }) = serialized else { return Ok(()) };
        let (key_bytes, rest) = self.bytes.split_at(key.unwrap_or(0));
        let (value_bytes, rest) = rest.split_at(value.unwrap_or(0));
        let change = Change {
            kind,
            key: key.map(|_| key_bytes),
            value: value.map(|_| value_bytes),
            metadata: metadata.map(|span| span.read(rest)),
        };
        if self.writer.is_due() {
            self.writer.release(&mut Counts::default()).await?;
        }
        self.writer.write(change, &mut Counts::default()).await
    }

    /// Returns when every change that was ever written is acknowledged.
    ///
    /// # Errors
    /// The first change that the cluster did not take: now, and at every later call.
    pub async fn flush(&mut self) -> Result<(), Error> {
        self.writer.release(&mut Counts::default()).await?;
        self.writer.flush().await
    }

    fn check(&self, kind: RowKind, row: Row<'_>) -> Result<(), Error> {
        if row.len() != self.columns.len() {
            let text = format!("a row of {} values for {} columns", row.len(), self.columns.len());
            return Err(self.refused(text));
        }
        let only_key = matches!(kind, RowKind::Delete | RowKind::UpdateBefore);
        for (at, (value, column)) in row.iter().zip(&*self.columns).enumerate() {
            let wanted = self.primary_key.contains(&at) || (!column.data_type.nullable && !only_key);
            if wanted && *value == Value::Null {
                return Err(self.refused(format!("column {} is NOT NULL, the row has NULL", column.name)));
            }
        }
        Ok(())
    }

    #[cold]
    fn refused(&self, text: String) -> Error {
        Error::new(ErrorKind::Sink, format!("table {}: {text}", self.table))
    }

    #[cold]
    fn failed(&self, error: crate::format::EncodeError) -> Error {
        Error::encode(error).within(format_args!("table {}", self.table))
    }
}

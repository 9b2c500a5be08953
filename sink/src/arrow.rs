//! RecordBatches of Arrow into an upsert-kafka table, and a table's changes as RecordBatches.
//!
//! A batch has a column for each of the table's, and one more, [`ROW_KIND_COLUMN`], that says how each row changes the
//! table, as Flink prints it: `+I`, `-U`, `+U`, `-D`.
//!
//! | Flink | as a source | a sink takes besides |
//! |---|---|---|
//! | `BOOLEAN` | Boolean | |
//! | `TINYINT`, `SMALLINT`, `INT`, `BIGINT` | Int8, Int16, Int32, Int64 | integers of any size and sign, if they fit |
//! | `FLOAT`, `DOUBLE` | Float32, Float64 | Float32 into DOUBLE |
//! | `DECIMAL(p, s)` | Decimal128(p, s) | Decimal32, Decimal64 and Decimal128 of scale s, if they fit |
//! | `CHAR`, `VARCHAR`, `STRING` | Utf8 | LargeUtf8, Utf8View |
//! | `BINARY`, `VARBINARY`, `BYTES` | Binary | LargeBinary, BinaryView, FixedSizeBinary |
//! | `DATE` | Date32 | |
//! | `TIME` | Time32(ms) | Time32 and Time64 of any unit, if no digit is lost |
//! | `TIMESTAMP(p)` | Timestamp, by p in s, ms, µs or ns | any unit |
//! | `TIMESTAMP_LTZ(p)` | the same with zone UTC | any unit and any zone |
//! | `ARRAY` | List | LargeList, FixedSizeList |
//! | `MAP`, `MULTISET` | Map, of a multiset to Int32 | |
//! | `ROW` | Struct | its fields in any order |
//!
//! A timestamp that has more digits than its column's precision, as some decoders give, is cut to the column's unit on its
//! way to Arrow. Any of the arrays may be dictionary-encoded where a sink takes it, and a Null array is NULL of every type.

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;

use crate::error::{Error, ErrorKind};
use crate::table_source::TableSource;
use crate::upsert_sink::UpsertSink;

pub(crate) mod batch_builder;
pub(crate) mod batch_mapping;
mod column_builder;
mod column_reader;
mod schema;

#[cfg(test)]
mod tests;

use batch_builder::{BatchBuilder, SourceBatches};
use batch_mapping::BatchMapping;
pub use schema::ROW_KIND_COLUMN;

impl UpsertSink {
    /// Takes row kinds from the column of that name, instead of [`ROW_KIND_COLUMN`].
    #[must_use]
    pub fn with_row_kind_column(mut self, name: impl Into<String>) -> Self {
        self.batches = BatchMapping::new(name.into());
        self
    }

    /// Writes the rows of a batch in their order. Its columns are found by their names: a column of the table that the
    /// batch does not have is NULL, one that the table does not have is refused. Without a column of row kinds each row is
    /// an upsert. What a schema means to the table is found out once, not for each batch that has it.
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
    /// use upsert_kafka_sink::{KafkaTable, SourceOptions, TableSource, UpsertSink};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let broker = upsert_kafka_broker::Broker::start(upsert_kafka_broker::BrokerConfig::default()).await?;
    /// # let options = upsert_kafka_sink::plan::PlanOptions::new().with_bootstrap(broker.address().to_string());
    ///
    /// let table = KafkaTable::from_ddl(
    ///     "CREATE TABLE users (id BIGINT, name STRING, PRIMARY KEY (id) NOT ENFORCED) WITH (
    ///        'connector' = 'upsert-kafka', 'topic' = 'users', 'key.format' = 'json', 'value.format' = 'json',
    ///        'properties.bootstrap.servers' = 'kafka:9092')",
    /// )?;
    /// # let table = table.with_options(options);
    /// let batch = RecordBatch::try_from_iter([
    ///     ("id", Arc::new(Int64Array::from(vec![1, 2, 1])) as ArrayRef),
    ///     ("name", Arc::new(StringArray::from(vec![Some("Ada"), Some("Bob"), None]))),
    ///     ("_row_kind", Arc::new(StringArray::from(vec!["+I", "+I", "-D"]))),
    /// ])?;
    /// let mut sink = UpsertSink::open(&table).await?;
    /// sink.write_batch(&batch).await?;
    /// sink.flush().await?;
    ///
    /// let mut source = TableSource::open(&table, SourceOptions::new()).await?;
    /// let read = source.next_batch(1_000).await?.expect("an unbounded table has no end");
    /// assert_eq!(read.num_rows(), 3);
    /// assert_eq!(read.schema().field(2).name(), "_row_kind");
    /// # broker.stop().await;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Columns that do not fit the table, before any row is written; a value that its column cannot hold, with its row;
    /// and as of [`write`](Self::write). Rows before the one at fault are written.
    ///
    /// # Cancellation
    /// Dropped before it is done, it has written some of the rows from the first on, each wholly.
    pub async fn write_batch(&mut self, batch: &RecordBatch) -> Result<(), Error> {
        let (columns, key) = (self.shared_columns(), self.primary_key().to_vec());
        let mapping = self.batches.of(batch, &columns, &key).map_err(|text| self.refused(text))?;
        let rows = mapping.rows(batch, &columns).map_err(|text| self.refused(text))?;
        let mut arena = std::mem::take(&mut self.arena);
        for at in 0..batch.num_rows() {
            arena.reset();
            let (kind, encoded) = match rows.row(at, &arena) {
                Ok((kind, row)) => (kind, self.encode(kind, row)),
                Err(text) => (crate::row::RowKind::Insert, Err(self.refused(text))),
            };
            self.send_encoded(kind, encoded)
                .await
                .map_err(|error| error.within(format_args!("row {at} of the batch")))?;
        }
        self.arena = arena;
        Ok(())
    }
}

impl TableSource {
    /// Gives row kinds in a column of that name, instead of [`ROW_KIND_COLUMN`].
    #[must_use]
    pub fn with_row_kind_column(mut self, name: impl Into<String>) -> Self {
        self.batches = SourceBatches::new(name.into());
        self
    }

    /// What every batch of the table looks like: its columns, all nullable since a delete may have its key alone, and the
    /// column of row kinds behind them.
    ///
    /// # Errors
    /// The table has a column of that name itself.
    pub fn batch_schema(&mut self) -> Result<SchemaRef, Error> {
        let (_, columns, _) = self.shared();
        self.batches
            .schema(&columns)
            .map_err(|text| Error::new(ErrorKind::Plan, format!("table {}: {text}", self.table())))
    }

    /// Waits for rows, and gives those that are at hand, at most so many (one at least); `None` where the table is read to
    /// its end. A batch never waits for more rows than are there.
    ///
    /// # Errors
    /// As [`TableSource`] says; a value that Arrow does not have (a timestamp in nanoseconds before 1677 or after 2262, a
    /// NULL as the key of a map) is one that cannot be read.
    pub async fn next_batch(&mut self, rows_max: usize) -> Result<Option<RecordBatch>, Error> {
        let schema = self.batch_schema()?;
        while self.ready().await? {
            if let Some(batch) = self.drain_batch(&schema, rows_max)? {
                return Ok(Some(batch));
            }
        }
        Ok(None)
    }

    fn drain_batch(&mut self, schema: &SchemaRef, rows_max: usize) -> Result<Option<RecordBatch>, Error> {
        let (table, columns, _) = self.shared();
        let mut builder = BatchBuilder::new(schema, &columns);
        let failed = |text: String| Error::new(ErrorKind::Source, format!("table {table}: {text}"));
        let rows = self.drain(rows_max, &mut |kind, row| builder.append(kind, row).map_err(failed));
        if rows == 0 {
            return Ok(None);
        }
        builder.finish().map(Some).map_err(failed)
    }
}

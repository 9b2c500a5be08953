//! An upsert-kafka table opened for writing by a program: rows with their kinds in, records out.

use std::fmt;
use std::sync::Arc;

use crate::changes::Change;
use crate::clients::Clients;
use crate::codecs;
use crate::error::{Error, ErrorKind};
use crate::job::subtask::Subtask;
use crate::kafka_table::KafkaTable;
use crate::plan::{KafkaSinkPlan, PlanOptions, ProgramSinkPlan};
use crate::progress::Counts;
use crate::row::{Row, RowKind, Value};
use crate::serializer::{Serialized, Serializer};
use crate::sql::Script;
use crate::task_transaction::TaskTransaction;
use crate::transactional_ids::TransactionalIds;
use crate::types::Field;
use crate::writer::{KafkaWriter, producer_config};

mod commit_handle;
mod committable;
mod metadata_casts;

pub use commit_handle::CommitHandle;
pub use committable::Committable;
use metadata_casts::MetadataCasts;

/// The table, connected. At-least-once: what [`flush`](Self::flush) returned for is in the topic. With
/// `sink.delivery-guarantee` = exactly-once, what was [prepared](Self::prepare_commit) and [committed](Self::commit) is seen.
///
/// Once the cluster did not take a change, the sink is at its end: every flush from then on fails with the reason.
/// Open another one, and write again what no flush had returned for.
///
/// Where the table has a `sink.buffer-flush.interval`, what is held back leaves with the first write behind it, with a
/// flush, or with a commit handle: a sink has no task of its own.
///
/// # Back-pressure
/// A write waits while the producer's memory (8 MiB, or `properties.buffer.memory`) is full of changes that are not
/// acknowledged.
///
/// # Cancellation
/// A write that is dropped before it is done has written its change wholly or not at all; a flush that is dropped leaves
/// what it would have said to the next.
pub struct UpsertSink {
    table: String,
    columns: Arc<[Field]>,
    primary_key: Vec<usize>,
    casts: MetadataCasts,
    serializer: Serializer,
    writer: KafkaWriter,
    /// Of an exactly-once table.
    transaction: Option<TaskTransaction>,
    bytes: Vec<u8>,
    /// Of the rows that are made of structs or of arrays.
    #[cfg(any(feature = "serde", feature = "arrow"))]
    pub(crate) arena: crate::row::Arena,
    #[cfg(feature = "arrow")]
    pub(crate) batches: crate::arrow::batch_mapping::BatchMapping,
}

impl UpsertSink {
    /// Opens the table of one `CREATE TABLE … WITH ('connector' = 'upsert-kafka', …)`: a short form of
    /// [`KafkaTable::from_ddl`] and [`open`](Self::open).
    ///
    /// # Errors
    /// As of those two.
    pub async fn from_ddl(ddl: impl Into<Script>, options: &PlanOptions) -> Result<Self, Error> {
        Self::open(&KafkaTable::from_ddl(ddl)?.with_options(options.clone())).await
    }

    /// Opens an upsert-kafka table. Of an exactly-once table it ends what an earlier run left open under its
    /// `sink.transactional-id-prefix`, prepared transactions too: those are [committed](Self::commit_prepared) before.
    ///
    /// # Errors
    /// Everything that the planner refuses; then what the cluster, or a format's registry, does.
    pub async fn open(table: &KafkaTable) -> Result<Self, Error> {
        let ProgramSinkPlan { sink: plan, casts } = table.sink_plan()?;
        let serializer = codecs::serializer(&plan, table.environment()).await?;
        let mut clients = Clients::of_program(table.environment().clone());
        let transaction = transaction(&plan, &mut clients).await?;
        if let Some(transaction) = &transaction {
            transaction.end_lingering_of_all(&[]).await?;
        }
        let writer = KafkaWriter::open(&plan, Subtask::ONLY, &mut clients, transaction.as_ref()).await?;
        Ok(Self {
            table: plan.table,
            columns: plan.columns,
            primary_key: plan.primary_key,
            casts: MetadataCasts::new(casts),
            serializer,
            writer,
            transaction,
            bytes: Vec::new(),
            #[cfg(any(feature = "serde", feature = "arrow"))]
            arena: crate::row::Arena::new(),
            #[cfg(feature = "arrow")]
            batches: crate::arrow::batch_mapping::BatchMapping::default(),
        })
    }

    /// The table's name.
    pub fn table(&self) -> &str {
        &self.table
    }

    /// The columns that a row has, in order.
    pub fn columns(&self) -> &[Field] {
        &self.columns
    }

    #[cfg(feature = "arrow")]
    pub(crate) fn shared_columns(&self) -> Arc<[Field]> {
        Arc::clone(&self.columns)
    }

    /// Which of the columns are the key, in the order of the PRIMARY KEY clause.
    pub fn primary_key(&self) -> &[usize] {
        &self.primary_key
    }

    /// Hands one change over: INSERT and UPDATE_AFTER write the row under its key, UPDATE_BEFORE and DELETE
    /// a tombstone, for which the key's columns are enough. Waits while the producer's memory is full.
    ///
    /// # Errors
    /// A row that does not fit the columns, a NULL where none may be, a record that is too large. What the
    /// cluster refuses shows at the next flush.
    pub async fn write(&mut self, kind: RowKind, row: Row<'_>) -> Result<(), Error> {
        let encoded = self.encode(kind, row);
        self.send_encoded(kind, encoded).await
    }

    /// Returns when every change that was ever written is acknowledged.
    ///
    /// # Errors
    /// The first change that the cluster did not take: now, and at every later call.
    pub async fn flush(&mut self) -> Result<(), Error> {
        self.writer.release(&mut Counts::default()).await?;
        match &self.transaction {
            Some(transaction) => transaction.flush().await,
            None => self.writer.flush().await,
        }
    }

    /// Of an exactly-once table, the first phase of a commit: every change that was written since the last one is in the
    /// topic, and none is seen by who reads with `read_committed`. `None` where nothing was written. What is given back is
    /// to be stored with the checkpoint of the program, and then [committed](Self::commit). Writing goes on meanwhile, in
    /// the next transaction.
    ///
    /// ```
    /// use upsert_kafka_sink::plan::PlanOptions;
    /// use upsert_kafka_sink::row::{RowKind, Value};
    /// use upsert_kafka_sink::{Committable, KafkaTable, UpsertSink};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let broker = upsert_kafka_broker::Broker::start(upsert_kafka_broker::BrokerConfig::default()).await?;
    /// # let bootstrap = broker.address().to_string();
    ///
    /// let table = KafkaTable::from_ddl(
    ///     "CREATE TABLE users (id BIGINT, name STRING, PRIMARY KEY (id) NOT ENFORCED) WITH (
    ///        'connector' = 'upsert-kafka', 'topic' = 'users', 'key.format' = 'json', 'value.format' = 'json',
    ///        'properties.bootstrap.servers' = 'kafka:9092', 'sink.delivery-guarantee' = 'exactly-once',
    ///        'sink.transactional-id-prefix' = 'users-of-my-program')",
    /// )?
    /// .with_options(PlanOptions::new().with_bootstrap(bootstrap));
    /// let mut checkpoint: Vec<u8> = Vec::new(); // where the program keeps it
    ///
    /// let mut sink = UpsertSink::open(&table).await?;
    /// sink.write(RowKind::Insert, &[Value::BigInt(1), Value::String("Ada")]).await?;
    /// if let Some(prepared) = sink.prepare_commit().await? {
    ///     checkpoint = prepared.to_bytes()?; // with how far its own source had come
    /// }
    /// drop(sink); // it crashes here
    ///
    /// // The next run ends what the checkpoint says, and goes on from there.
    /// UpsertSink::commit_prepared(&table, &[Committable::from_bytes(&checkpoint)?]).await?;
    /// let sink = UpsertSink::open(&table).await?;
    /// # drop(sink);
    /// # broker.stop().await;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// A change that the cluster did not take: none since the last prepared transaction will be seen, and the sink is at
    /// its end. Or the table is not exactly-once.
    pub async fn prepare_commit(&mut self) -> Result<Option<Committable>, Error> {
        self.writer.release(&mut Counts::default()).await?;
        let prepared = self.transaction()?.prepare().await?;
        Ok(prepared.map(|(id, producer)| Committable::new(id, producer)))
    }

    /// The second phase, once what [`prepare_commit`](Self::prepare_commit) gave is stored: its changes are seen.
    ///
    /// # Errors
    /// The transaction was ended by its `transaction.timeout.ms`, by hand or by somebody with the same prefix, and nothing
    /// of it is seen; or the cluster does not answer: then call again.
    pub async fn commit(&mut self, prepared: &Committable) -> Result<(), Error> {
        let (id, producer) = (prepared.transactional_id(), prepared.producer());
        self.transaction()?.commit_prepared(id, producer).await
    }

    /// Commits what an earlier run prepared and stored, and may have committed or not, before the sink is opened.
    ///
    /// # Errors
    /// As of [`commit`](Self::commit), and what the planner refuses.
    pub async fn commit_prepared(table: &KafkaTable, prepared: &[Committable]) -> Result<(), Error> {
        let ProgramSinkPlan { sink: plan, .. } = table.sink_plan()?;
        let mut clients = Clients::of_program(table.environment().clone());
        let transaction = transaction(&plan, &mut clients).await?;
        let transaction = transaction.ok_or_else(|| not_exactly_once(&plan.table))?;
        for it in prepared {
            transaction.commit_prepared(it.transactional_id(), it.producer()).await?;
        }
        Ok(())
    }

    fn transaction(&self) -> Result<&TaskTransaction, Error> {
        self.transaction.as_ref().ok_or_else(|| not_exactly_once(&self.table))
    }

    /// What tells when every change that was written until now is acknowledged, while others are written: for a program
    /// that then commits how far its own source had come. Waits as a write does, where the table holds changes back.
    ///
    /// ```no_run
    /// # use upsert_kafka_sink::{Error, TableSource, UpsertSink};
    /// # async fn copied(source: &mut TableSource, sink: &mut UpsertSink) -> Result<(), Error> {
    /// let positions = source.positions();
    /// let written = sink.commit_handle().await?;
    /// // … further rows may be read and written meanwhile …
    /// written.acknowledged().await?;
    /// source.commit(positions).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// A change that was held back and is too large. Or the table is exactly-once, so that acknowledged changes are unseen:
    /// [`prepare_commit`](Self::prepare_commit) is for that.
    pub async fn commit_handle(&mut self) -> Result<CommitHandle, Error> {
        if self.transaction.is_some() {
            return Err(self.refused("it is exactly-once: prepare_commit and commit make its changes seen"));
        }
        self.writer.release(&mut Counts::default()).await?;
        Ok(CommitHandle::new(Arc::clone(self.writer.acknowledgement())))
    }

    /// Makes a record of the change, for [`send_encoded`](Self::send_encoded); `None` where the table writes none.
    pub(crate) fn encode(&mut self, kind: RowKind, row: Row<'_>) -> Result<Option<Serialized>, Error> {
        self.check(kind, row)?;
        self.bytes.clear();
        let row = self.casts.applied(row);
        match row.map(|row| self.serializer.serialize(kind, row, &mut self.bytes)) {
            Ok(encoded) => encoded.map_err(|error| self.failed(error)),
            Err(uncast) => Err(self.refused(uncast)),
        }
    }

    /// Hands over what was encoded last.
    pub(crate) async fn send_encoded(
        &mut self,
        kind: RowKind,
        encoded: Result<Option<Serialized>, Error>,
    ) -> Result<(), Error> {
        let Some(Serialized { key, value, metadata }) = encoded? else { return Ok(()) };
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
    pub(crate) fn refused(&self, text: impl fmt::Display) -> Error {
        Error::new(ErrorKind::Sink, format!("table {}: {text}", self.table))
    }

    #[cold]
    fn failed(&self, error: crate::format::EncodeError) -> Error {
        Error::encode(error).within(format_args!("table {}", self.table))
    }
}

/// The transaction of a program's exactly-once table.
async fn transaction(plan: &KafkaSinkPlan, clients: &mut Clients) -> Result<Option<TaskTransaction>, Error> {
    let Some(naming) = plan.delivery.naming() else { return Ok(None) };
    let client = clients.open(producer_config(plan)?).await.map_err(Error::cluster)?;
    let ids = TransactionalIds::of_task(naming.clone(), 0);
    Ok(Some(TaskTransaction::new(client, clients.clock().clone(), ids)))
}

#[cold]
fn not_exactly_once(table: &str) -> Error {
    let text = format!(
        "table {table}: only a table with 'sink.delivery-guarantee' = 'exactly-once' commits in two phases"
    );
    Error::new(ErrorKind::Sink, text)
}

impl fmt::Debug for UpsertSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UpsertSink").field("table", &self.table).finish_non_exhaustive()
    }
}

//! Flink's Upsert Kafka table as a library: jobs written in SQL, and rows of a program, kept as tables in topics.
//!
//! An upsert-kafka table is a compacted topic with a record per change: its key is the row's primary key, its value the
//! row, or null where the row is deleted. This crate writes such tables as Flink does, from the same SQL, with the same
//! bytes in the same partitions; it needs neither Flink nor a JVM.
//!
//! # A job
//!
//! A job is planned, opened and run. Planning ([`plan::plan`]) checks everything that needs no connection, and says all
//! that is wrong at once. Opening ([`Job::open`]) checks or creates topics and resolves where each source begins.
//!
//! ```
//! use upsert_kafka_sink::plan::{PlanOptions, plan};
//! use upsert_kafka_sink::{Job, JobOptions, NewTopics};
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let broker = upsert_kafka_broker::Broker::start(upsert_kafka_broker::BrokerConfig::default()).await?;
//! # let bootstrap = broker.address().to_string();
//!
//! let sql = "
//!     CREATE TABLE payments (account BIGINT, balance DOUBLE) WITH (
//!         'connector' = 'kafka', 'topic' = 'payments', 'format' = 'json',
//!         'properties.bootstrap.servers' = 'kafka:9092', 'properties.group.id' = 'balances',
//!         'scan.startup.mode' = 'earliest-offset', 'scan.bounded.mode' = 'latest-offset');
//!     CREATE TABLE balances (account BIGINT, balance DOUBLE, PRIMARY KEY (account) NOT ENFORCED) WITH (
//!         'connector' = 'upsert-kafka', 'topic' = 'balances', 'properties.bootstrap.servers' = 'kafka:9092',
//!         'key.format' = 'json', 'value.format' = 'json');
//!     INSERT INTO balances SELECT * FROM payments";
//! let plan = plan(sql, &PlanOptions::new().with_bootstrap(bootstrap))?;
//! let job = Job::open(plan, JobOptions::new().with_new_topics(NewTopics::new().partitions(3))).await?;
//! let summary = job.run().await?;
//! println!("{} rows in, {} rows out", summary.counts.rows_in, summary.counts.rows_out);
//! # broker.stop().await;
//! # Ok(())
//! # }
//! ```
//!
//! # Rows of a program
//!
//! A [`KafkaTable`] is declared in SQL or column by column. [`UpsertSink`] writes it: the program hands over rows with
//! their kinds. [`TableSource`] reads it, and knows how far the program came.
//!
//! ```
//! use upsert_kafka_sink::row::{RowKind, Value};
//! use upsert_kafka_sink::types::LogicalType;
//! use upsert_kafka_sink::{KafkaTable, SourceOptions, TableSource, UpsertSink};
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let broker = upsert_kafka_broker::Broker::start(upsert_kafka_broker::BrokerConfig::default()).await?;
//! # let bootstrap = broker.address().to_string();
//!
//! let users = KafkaTable::builder("users")
//!     .column("id", LogicalType::BigInt.not_null())
//!     .column("name", LogicalType::STRING.nullable())
//!     .primary_key(["id"])
//!     .topic("users")
//!     .key_format("json")
//!     .value_format("json")
//!     .property("bootstrap.servers", bootstrap)
//!     .build()?;
//! let mut sink = UpsertSink::open(&users).await?;
//! sink.write(RowKind::Insert, &[Value::BigInt(1), Value::String("Ada")]).await?;
//! sink.write(RowKind::Delete, &[Value::BigInt(1), Value::Null]).await?;
//! sink.flush().await?;
//!
//! let mut source = TableSource::open(&users, SourceOptions::new()).await?;
//! let mut kinds = Vec::new();
//! while kinds.len() < 2 {
//!     source.read(1_000, |kind, row| kinds.push((kind, row.len()))).await?;
//! }
//! assert_eq!(kinds, [(RowKind::UpdateAfter, 2), (RowKind::Delete, 2)]);
//! # broker.stop().await;
//! # Ok(())
//! # }
//! ```
//!
//! Where the rows are structs, `upsert(&user)`, `delete(&id)` and `next_change` take and give them (feature `serde`);
//! where they are Arrow's, `write_batch` and `next_batch` (feature `arrow`). `sink/examples` has a program of each, and
//! `examples/axum` a service over HTTP that answers when a change is on every replica.
//!
//! A program that copies from a source of its own asks for a [`CommitHandle`] with its position in hand, goes on, and
//! commits that position when the handle says that all before it is acknowledged.
//!
//! # Secured clusters
//!
//! A table's `properties.*` are Java's, security among them. [`PlanOptions::with_property`](plan::PlanOptions::with_property)
//! lays properties under every table, and [`Credentials`](credentials::Credentials) are what `ssl_auth_name`,
//! `krb_auth_name` and `dew.*` name: read once, and shown nowhere.
//!
//! # What is promised
//!
//! - **Delivery** is at-least-once. A job commits its source's offsets only when every record that was written of what
//!   lies before them is acknowledged. After a crash it reads on there, so the last changes may be written again, in
//!   the same order.
//! - **Order** holds per key: its changes lie in one partition, in the order in which their records lay in a partition of
//!   the source.
//! - **A sink that failed** acknowledges nothing any more: no flush and no checkpoint succeeds after it.
//! - **A source** moves a position behind a record when all of its rows were handed out, and not before. A record that
//!   cannot be read ends it, unless the table's `error-handling.mode` says otherwise.
//! - **Cancellation.** [`UpsertSink::write`] that is dropped has written its change wholly or not at all;
//!   [`TableSource::read`] that is dropped has handed out nothing. [`Job::run`] that is dropped has not committed what it
//!   wrote last, and the next run writes that again; a [`Stopper`] ends it cleanly.
//! - **Memory** is bounded: 8 MiB of unsent records for each sink, and 2 MiB of fetched answers for each source, unless
//!   a table sets `properties.buffer.memory` or `properties.fetch.max.bytes`.
//!
//! The crate compiles no C, forbids unsafe code, and wants Rust 1.92 or later. It reaches Kafka through
//! `upsert-kafka-client` alone, whose [`Environment`](upsert_kafka_client::Environment) a job and a table take: a dialer, a
//! clock and a source of chance.
//!
//! # Features
//!
//! None is on by default, and a job needs none.
//!
//! | feature | brings | crates more |
//! |---|---|---|
//! | `serde` | rows of structs, both ways, with no JSON between | none: serde_json has its traits already |
//! | `futures` | `into_sink`, `into_stream`: a `futures::Sink`, a `futures::Stream` | 1, of traits alone |
//! | `arrow` | RecordBatches, both ways, with a column of row kinds | 17, no C: arrow-array, -buffer, -data, -schema and what those need |
//!
//! # Coming from Flink
//!
//! | Flink | here |
//! |---|---|
//! | a SQL script for `sql-client.sh -f` | the text for [`plan::plan`] |
//! | `EXPLAIN` | [`Plan::explain`](plan::Plan::explain) |
//! | `execution.checkpointing.interval` | the same SET; 5 s where it is not set |
//! | a savepoint or checkpoint to restore from | the offsets in the source's group: [`Restore`] |
//! | `TableEnvironment.fromDataStream(…).executeInsert(…)` | [`UpsertSink`] |
//! | `TableEnvironment.toChangelogStream(…)` | [`TableSource`] |
//! | `TableDescriptor.forConnector(…)`, `Schema.newBuilder()` | [`KafkaTable::builder`] |
//! | `RowKind`, `RowData`, `LogicalType` | [`row::RowKind`], [`row::Row`], [`types::LogicalType`] |

mod arena;
#[cfg(feature = "arrow")]
mod arrow;
mod bind;
mod buffer;
mod calendar;
mod chance;
mod changelog_grid;
mod changes;
mod claims;
mod clients;
mod codecs;
pub mod credentials;
mod datagen;
mod delivery_guarantee;
mod deserializer;
pub mod error;
mod error_handling;
mod exchange;
mod expr;
mod format;
pub mod functions;
#[cfg(feature = "futures")]
pub mod futures;
mod java_regex;
mod job;
mod kafka_table;
mod key_hash;
mod lingering;
mod local_source;
mod message;
mod normalize;
mod once;
mod operator;
mod option;
mod options;
mod output;
mod owned_row;
pub mod plan;
mod print;
mod progress;
mod progress_record;
mod progress_topic;
mod query_cells;
mod query_json;
mod query_results;
mod record_metadata;
mod registry;
pub mod row;
mod scan;
mod schema_fetch;
mod serializer;
mod settings;
mod skips;
mod source;
pub mod sql;
mod state;
mod step;
mod table_source;
mod task_transaction;
mod topic_selector;
mod transactional_ids;
mod transform;
#[cfg(feature = "serde")]
mod typed;
pub mod types;
mod upsert_sink;
mod writer;

#[cfg(feature = "arrow")]
pub use arrow::ROW_KIND_COLUMN;
pub use error::{Error, ErrorKind, RecordPlace};
pub use job::{Job, JobOptions, NewTopics, Restore, Stopper, Summary};
pub use kafka_table::{KafkaTable, KafkaTableBuilder};
pub use options::parse_duration;
pub use owned_row::OwnedRow;
pub use progress::{Counts, Progress, Rebuild};
pub use query_results::{QueryChange, QueryResults};
pub use table_source::{SourceOptions, SourcePositions, TableSource};
#[cfg(feature = "serde")]
pub use typed::TypedChange;
pub use upsert_sink::{CommitHandle, Committable, UpsertSink};

/// What lies behind the tables and jobs, for the tests, benches and fuzz targets of this repository. It is no part of
/// what this crate promises.
#[doc(hidden)]
pub mod internals {
    pub use crate::buffer::{Buffer, Buffered};
    pub use crate::changes::{Change, Changes};
    pub use crate::codecs::Codecs;
    pub use crate::credentials::credential_fields;
    pub use crate::format::table::{FORMATS, avro_schema, read_avro};
    pub use crate::format::{
        DecodeError, Decoder, DecodingFormat, EncodeError, Encoded, Encoder, EncodingFormat, FormatError,
        FormatMetadata, FormatSpec, NewDecodingFormat, NewEncodingFormat, OpenContext, Part, Waiting,
    };
    pub use crate::message::{Headers, Message};
    pub use crate::option::{OptionKind, OptionSet, OptionSpec, OptionValue};
    pub use crate::options::{CONNECTORS, Connector};
    pub use crate::record_metadata::{EncodedHeaders, RecordMetadata};
    pub use crate::state::StateSize;
    pub use crate::transform::{Fed, SchemaRequest, Transform};
}

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
//! [`UpsertSink`] opens one table of one `CREATE TABLE`; the program hands it rows with their kinds.
//!
//! ```
//! use upsert_kafka_sink::UpsertSink;
//! use upsert_kafka_sink::plan::PlanOptions;
//! use upsert_kafka_sink::row::{RowKind, Value};
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let broker = upsert_kafka_broker::Broker::start(upsert_kafka_broker::BrokerConfig::default()).await?;
//! # let bootstrap = broker.address().to_string();
//!
//! let ddl = "CREATE TABLE users (id BIGINT, name STRING, PRIMARY KEY (id) NOT ENFORCED) WITH (
//!     'connector' = 'upsert-kafka', 'topic' = 'users', 'properties.bootstrap.servers' = 'kafka:9092',
//!     'key.format' = 'json', 'value.format' = 'json')";
//! let mut users = UpsertSink::open(ddl, &PlanOptions::new().with_bootstrap(bootstrap)).await?;
//! users.write(RowKind::Insert, &[Value::BigInt(1), Value::String("Ada")]).await?;
//! users.write(RowKind::Delete, &[Value::BigInt(1), Value::Null]).await?;
//! users.flush().await?;
//! # broker.stop().await;
//! # Ok(())
//! # }
//! ```
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
//! - **Cancellation.** [`UpsertSink::write`] that is dropped has written its change wholly or not at all. [`Job::run`] that
//!   is dropped has not committed what it wrote last, and the next run writes that again; a [`Stopper`] ends it cleanly.
//! - **Memory** is bounded: 8 MiB of unsent records for each sink, and 2 MiB of fetched answers for each source, unless
//!   a table sets `properties.buffer.memory` or `properties.fetch.max.bytes`.
//!
//! The crate has no features, compiles no C, forbids unsafe code, and wants Rust 1.92 or later. It reaches Kafka through
//! `upsert-kafka-client` alone, whose [`Environment`](upsert_kafka_client::Environment) a job takes: a dialer, a clock and
//! a source of chance.
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
//! | `RowKind`, `RowData`, `LogicalType` | [`row::RowKind`], [`row::Row`], [`types::LogicalType`] |

mod arena;
mod bind;
mod buffer;
mod calendar;
mod chance;
mod changelog_grid;
mod changes;
mod clients;
mod codecs;
pub mod credentials;
mod datagen;
mod deserializer;
pub mod error;
mod error_handling;
mod exchange;
mod expr;
mod format;
pub mod functions;
mod java_regex;
mod job;
mod key_hash;
mod local_source;
mod message;
mod normalize;
mod once;
mod operator;
mod option;
mod options;
mod output;
pub mod plan;
mod print;
mod progress;
mod query_cells;
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
mod topic_selector;
mod transform;
pub mod types;
mod upsert_sink;
mod writer;

pub use error::{Error, ErrorKind, RecordPlace};
pub use job::{Job, JobOptions, NewTopics, Restore, Stopper, Summary};
pub use options::parse_duration;
pub use progress::{Counts, Progress, Rebuild};
pub use query_results::{QueryChange, QueryResults};
pub use upsert_sink::UpsertSink;

/// What lies behind the tables and jobs, for the tests, benches and fuzz targets of this repository. It is no part of
/// what this crate promises.
#[doc(hidden)]
pub mod internals {
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
    pub use crate::transform::{Fed, SchemaRequest, Transform};
}

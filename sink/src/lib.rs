//! Flink's Upsert Kafka table as a library: SQL, rows, formats, jobs.
//!
//! A job is planned from text, opened on a cluster, and run ([`plan::plan`], [`Job`]); or a program opens
//! one table and writes rows into it ([`UpsertSink`]). This crate reaches Kafka through the client alone.

mod clients;
pub mod error;
pub mod explain;
mod expr;
pub mod format;
mod job;
pub mod message;
pub mod option;
pub mod options;
pub mod plan;
mod print;
mod progress;
pub mod row;
pub mod scan;
pub mod settings;
mod skips;
mod source;
pub mod sql;
pub mod transform;
pub mod types;
mod upsert;
mod upsert_sink;
mod writer;

pub use error::{Error, ErrorKind, RecordPlace};
pub use job::{Job, JobOptions, NewTopics, Restore, Stopper, Summary};
pub use progress::{Counts, Progress};
pub use upsert_sink::UpsertSink;

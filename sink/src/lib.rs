//! Flink's Upsert Kafka table as a library: SQL, rows, formats, jobs.
//!
//! A job is planned from text, opened on a cluster, and run ([`plan::plan`], [`Job`]); or a program opens
//! one table and writes rows into it ([`UpsertSink`]). This crate reaches Kafka through the client alone.

mod arena;
mod clients;
mod codecs;
mod deserializer;
pub mod error;
pub mod explain;
mod expr;
mod format;
mod job;
mod message;
mod operator;
mod option;
mod options;
pub mod plan;
mod print;
mod progress;
pub mod row;
mod scan;
pub mod settings;
mod skips;
mod source;
pub mod sql;
mod transform;
pub mod types;
mod upsert;
mod upsert_sink;
mod writer;

pub use error::{Error, ErrorKind, RecordPlace};
pub use job::{Job, JobOptions, NewTopics, Restore, Stopper, Summary};
pub use option::parse_duration;
pub use progress::{Counts, Progress};
pub use upsert_sink::UpsertSink;

/// What lies behind the tables and jobs, for the tests, benches and fuzz targets of this repository. It is no part of
/// what this crate promises.
#[doc(hidden)]
pub mod internals {
    pub use crate::codecs::Codecs;
    pub use crate::format::{
        DecodeError, Decoder, DecodingFormat, EncodeError, Encoded, Encoder, EncodingFormat, FORMATS,
        FormatError, FormatSpec, NewDecodingFormat, NewEncodingFormat, OpenContext, Part, Waiting,
    };
    pub use crate::message::{Headers, Message};
    pub use crate::option::{OptionKind, OptionSet, OptionSpec, OptionValue};
    pub use crate::options::{CONNECTORS, Connector};
    pub use crate::transform::{Change, Changes, Fed, SchemaRequest, Transform};
}

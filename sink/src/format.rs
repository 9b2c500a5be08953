//! Formats: the bytes of a record's key or value to rows, and rows to such bytes.
//!
//! A format is met at three times, and is another thing each time.
//!
//! 1. **A row of [`FORMATS`](table::FORMATS)**: its name, its options, and what it can do. `explain`, help and the planner read it.
//! 2. **Described**, while a job is planned. The row's functions bind the format to columns and options and give a
//!    [`DecodingFormat`] or an [`EncodingFormat`], as Flink names them. Whatever can be refused without a connection is
//!    refused here. The plan holds what came of it, and nothing was asked of anybody yet.
//! 3. **Opened**, when the job starts: [`DecodingFormat::open`] gives a [`Decoder`], [`EncodingFormat::open`] an
//!    [`Encoder`]. Opening is asynchronous and knows for which topic it happens, since a format with a schema registry
//!    registers its schema then. All tasks of a job share what was opened, so codecs change nothing of themselves that a
//!    caller could see.
//!
//! Decoding and encoding themselves do no I/O. A decoder that meets a message whose schema it has not seen says so
//! ([`DecodeError::needed_schema`]) before it hands out any row of it; the caller awaits [`Decoder::fetch_schema`] and
//! decodes the same bytes again.
//!
//! To add a format: a file beside `json.rs` with its row, and the row's name in `table.rs`, which stands above them all.

use std::fmt;
use std::future::ready;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use upsert_kafka_client::Environment;

use crate::error::{Error, ErrorKind};
use crate::option::{OptionSet, OptionSpec};
use crate::row::{Arena, Row, RowKind};
use crate::types::{DataType, Field};

mod avro;
mod avro_confluent;
pub(crate) mod base64;
mod canal_json;
pub(crate) mod charset;
mod csv;
mod debezium_avro;
mod debezium_json;
pub(crate) mod decimal;
mod envelope;
mod error;
pub(crate) mod json;
mod last_wins;
mod maxwell_json;
pub(crate) mod number;
mod ogg_json;
mod protobuf;
mod raw;
pub(crate) mod table;
pub(crate) mod time;
mod words;

pub use error::{DecodeError, EncodeError, FormatError};
pub(crate) use last_wins::last_wins;

/// A format that is bound to the columns that it reads.
pub trait DecodingFormat: fmt::Debug + Send + Sync {
    /// Makes the decoder, and does the I/O that this takes.
    fn open<'a>(&'a self, context: &'a OpenContext<'a>) -> Waiting<'a, Arc<dyn Decoder>>;
}

/// A format that is bound to the columns that it writes.
pub trait EncodingFormat: fmt::Debug + Send + Sync {
    /// Makes the encoder, and does the I/O that this takes.
    fn open<'a>(&'a self, context: &'a OpenContext<'a>) -> Waiting<'a, Arc<dyn Encoder>>;

    /// How many bytes in front of a key say nothing of its partition.
    fn unhashed_bytes(&self) -> usize {
        0
    }
}

impl dyn DecodingFormat {
    /// The decoder of a format that asks nobody, `None` where it would have to wait: for tests, benches, fuzz targets.
    #[doc(hidden)]
    pub fn open_at_once(&self) -> Option<Arc<dyn Decoder>> {
        at_once(self.open(&OpenContext::new("", &[], Part::Value)))
    }
}

impl dyn EncodingFormat {
    /// The encoder of a format that asks nobody, `None` where it would have to wait: for tests and benches.
    #[doc(hidden)]
    pub fn open_at_once(&self) -> Option<Arc<dyn Encoder>> {
        at_once(self.open(&OpenContext::new("", &[], Part::Value)))
    }
}

fn at_once<T>(mut waiting: Waiting<'_, T>) -> Option<T> {
    match waiting.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(opened) => opened.ok(),
        Poll::Pending => None,
    }
}

/// For what a format is opened.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct OpenContext<'a> {
    /// The table's name.
    pub table: &'a str,
    /// The topics that are read, or the one that is written.
    pub topics: &'a [String],
    /// Which bytes of the record it reads or writes.
    pub part: Part,
    environment: Option<&'a Environment>,
}

/// The two parts of a record that have a format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Its key.
    Key,
    /// Its value.
    Value,
}

/// What a format's I/O comes to.
pub type Waiting<'a, T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send + 'a>>;

/// Reads bytes as rows.
pub trait Decoder: Send + Sync {
    /// Hands out each row of a message's key or value with its kind: none, one or several. `None` is a null row.
    /// What null bytes mean, as opposed to no bytes, is the format's to say.
    ///
    /// Rows borrow from the bytes and the arena; rows handed out before an error stand.
    ///
    /// # Errors
    /// The bytes are not what the format reads; or a schema is needed first, and then no row was handed out.
    fn decode<'a>(
        &self,
        bytes: Option<&'a [u8]>,
        arena: &'a Arena,
        each: &mut dyn FnMut(RowKind, Option<Row<'a>>),
    ) -> Result<(), DecodeError>;

    /// Fetches a schema that [`decode`](Self::decode) needed; tasks that need the same one fetch it once.
    fn fetch_schema(&self, id: u32) -> Waiting<'_, ()> {
        // Only a decoder that fetches schemas asks for them.
        Box::pin(ready(Err(Error::new(ErrorKind::Source, format!("nobody keeps a schema {id}")))))
    }
}

/// Writes rows as bytes.
pub trait Encoder: Send + Sync {
    /// Appends what is to be said of a row that changed so; on an error what was appended is of no use.
    ///
    /// The row has the columns that the encoder was made for; which of them are written was said then. A format that
    /// carries no changes does not look at the kind.
    ///
    /// # Errors
    /// The format cannot hold a value of the row.
    fn encode(&self, kind: RowKind, row: Row<'_>, out: &mut Vec<u8>) -> Result<Encoded, EncodeError>;
}

/// What became of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Encoded {
    /// The bytes that were appended.
    Bytes,
    /// Kafka's null; nothing was appended.
    Null,
}

/// Describes a format that reads these columns, in declared order, and behind them the metadata of these keys, each a
/// [`FormatMetadata`] of the format.
pub type NewDecodingFormat =
    fn(&OptionSet, columns: &[Field], metadata: &[&str]) -> Result<Box<dyn DecodingFormat>, FormatError>;

/// Describes a format that writes those of the columns that are in `slots`, in that order.
pub type NewEncodingFormat =
    fn(&OptionSet, columns: &[Field], slots: &[usize]) -> Result<Box<dyn EncodingFormat>, FormatError>;

/// A row of [`FORMATS`](table::FORMATS).
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct FormatSpec {
    /// As it stands in WITH.
    pub name: &'static str,
    /// One sentence for people.
    pub about: &'static str,
    /// Its options, without the format's prefix.
    pub options: &'static [OptionSpec],
    /// The metadata that it reads beside the columns.
    pub metadata: &'static [FormatMetadata],
    /// Whether its messages say how a row changes; if not, every row is an insert.
    pub carries_changes: bool,
    /// None: reading it is not supported yet.
    pub decoding: Option<NewDecodingFormat>,
    /// None: writing it is not supported yet.
    pub encoding: Option<NewEncodingFormat>,
}

/// What a format's messages say beside a row.
#[derive(Clone, Copy, Debug)]
pub struct FormatMetadata {
    /// As it stands behind `METADATA FROM 'value.`
    pub key: &'static str,
    /// The type of its values; the column that takes it may have another one that it can be cast to.
    pub data_type: fn() -> DataType,
}

impl<'a> OpenContext<'a> {
    /// For that part of the records of these topics.
    pub fn new(table: &'a str, topics: &'a [String], part: Part) -> Self {
        Self { table, topics, part, environment: None }
    }

    /// The same, where whatever is asked for it is dialled in this environment instead of the machine's own.
    #[must_use]
    pub fn within(self, environment: &'a Environment) -> Self {
        Self { environment: Some(environment), ..self }
    }

    /// Where servers are dialled and waits are timed.
    pub fn environment(&self) -> Environment {
        self.environment.cloned().unwrap_or_else(Environment::new)
    }
}

impl fmt::Debug for FormatSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FormatSpec").field("name", &self.name).finish_non_exhaustive()
    }
}

/// A codec that needs nothing but columns and options: described, it is as good as open.
struct Ready<C: ?Sized> {
    name: &'static str,
    codec: Arc<C>,
}

impl Ready<dyn Decoder> {
    fn decoding(name: &'static str, codec: impl Decoder + 'static) -> Box<dyn DecodingFormat> {
        Box::new(Self { name, codec: Arc::new(codec) })
    }
}

impl Ready<dyn Encoder> {
    fn encoding(name: &'static str, codec: impl Encoder + 'static) -> Box<dyn EncodingFormat> {
        Box::new(Self { name, codec: Arc::new(codec) })
    }
}

impl DecodingFormat for Ready<dyn Decoder> {
    fn open<'a>(&'a self, _: &'a OpenContext<'a>) -> Waiting<'a, Arc<dyn Decoder>> {
        Box::pin(ready(Ok(Arc::clone(&self.codec))))
    }
}

impl EncodingFormat for Ready<dyn Encoder> {
    fn open<'a>(&'a self, _: &'a OpenContext<'a>) -> Waiting<'a, Arc<dyn Encoder>> {
        Box::pin(ready(Ok(Arc::clone(&self.codec))))
    }
}

impl<C: ?Sized> fmt::Debug for Ready<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

//! Formats: messages to rows and rows to messages, each a row of one table.

use std::fmt;

use crate::option::{OptionSet, OptionSpec};
use crate::row::{Arena, Row, RowKind};
use crate::types::Field;

mod base64;
mod debezium_json;
pub(crate) mod decimal;
mod error;
mod json;
pub(crate) mod number;
pub(crate) mod time;

pub use error::{DecodeError, EncodeError, FormatError};

/// Reads messages as rows.
pub trait Decoder: Send + Sync {
    /// Hands out each row of a message's key or value with its kind: none, one or several. `None` is a null row.
    /// What a null means, as opposed to no bytes, is the format's to say.
    ///
    /// Rows borrow from the bytes and the arena; rows handed out before an error stand.
    fn decode<'a>(
        &self,
        bytes: Option<&'a [u8]>,
        arena: &'a Arena,
        each: &mut dyn FnMut(RowKind, Option<Row<'a>>),
    ) -> Result<(), DecodeError>;
}

/// Writes rows as messages.
pub trait Encoder: Send + Sync {
    /// Appends the row's bytes; on an error what was appended is of no use.
    ///
    /// The row has the columns that the encoder was made for; which of them are written was said then.
    fn encode(&self, row: Row<'_>, out: &mut Vec<u8>) -> Result<(), EncodeError>;
}

/// Makes a format's reader for these columns, in declared order.
pub type NewDecoder = fn(&OptionSet, columns: &[Field]) -> Result<Box<dyn Decoder>, FormatError>;

/// Makes a format's writer of the columns in `slots`, in that order.
pub type NewEncoder =
    fn(&OptionSet, columns: &[Field], slots: &[usize]) -> Result<Box<dyn Encoder>, FormatError>;

/// A row of [`FORMATS`].
#[derive(Clone, Copy)]
pub struct FormatSpec {
    /// As it stands in WITH.
    pub name: &'static str,
    /// One sentence for people.
    pub about: &'static str,
    /// Its options, without the format's prefix.
    pub options: &'static [OptionSpec],
    /// Whether its messages say how a row changes; if not, every row is an insert.
    pub carries_changes: bool,
    /// None: reading it is not supported yet.
    pub decoder: Option<NewDecoder>,
    /// None: writing it is not supported yet.
    pub encoder: Option<NewEncoder>,
}

impl FormatSpec {
    /// The format of that name; case counts.
    pub fn named(name: &str) -> Option<&'static Self> {
        FORMATS.iter().find(|format| format.name == name)
    }

    const fn unsupported(name: &'static str, about: &'static str, carries_changes: bool) -> Self {
        Self { name, about, options: &[], carries_changes, decoder: None, encoder: None }
    }
}

impl fmt::Debug for FormatSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FormatSpec").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Every format Flink's Kafka connectors know, those we do not have yet among them.
pub static FORMATS: &[FormatSpec] = &[
    json::JSON,
    FormatSpec::unsupported("csv", "Comma-separated values", false),
    FormatSpec::unsupported("raw", "One column, its bytes as they are", false),
    FormatSpec::unsupported("avro", "Avro bodies without a header", false),
    FormatSpec::unsupported("avro-confluent", "Avro with Confluent's schema registry", false),
    FormatSpec::unsupported("protobuf", "Protocol Buffers", false),
    debezium_json::DEBEZIUM_JSON,
    FormatSpec::unsupported("canal-json", "Canal's change events in JSON", true),
    FormatSpec::unsupported("maxwell-json", "Maxwell's change events in JSON", true),
    FormatSpec::unsupported("ogg-json", "Oracle GoldenGate's change events in JSON", true),
    FormatSpec::unsupported("debezium-avro-confluent", "Debezium's change events in Avro", true),
];

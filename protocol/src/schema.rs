//! Every message as its table: for those who know a message by name or number only.
//!
//! A program that does not look here holds the tables and the code of those messages alone that it names.

use std::fmt;

use bytes::Bytes;

use crate::header::{RequestHeader, ResponseHeader};
use crate::index::{each_api, each_data};
use crate::wire::{Kind, Malformed, Message, Segments, Struct, Unrepresentable, Versions};
use crate::{data, messages};

/// A message's table, and how it is read and written.
#[derive(Debug)]
pub struct Schema {
    /// The API's number; of data its type in the log, -1 where it has none.
    pub key: i16,
    /// Who sends it.
    pub direction: Direction,
    /// What this build reads and writes, unstable ones included.
    pub versions: Versions,
    /// Those with compact lengths and tags.
    pub flexible: Versions,
    /// The name of the message, and its fields in wire order.
    pub rows: &'static Struct,
    again: fn(&Bytes, i16) -> Result<Segments, Again>,
    blank: fn(i16) -> Result<Segments, Unrepresentable>,
    #[cfg(any(test, feature = "arbitrary"))]
    trip: fn(crate::wire::Choices) -> Result<Bytes, String>,
}

/// Who sends a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// A client.
    Request,
    /// A broker.
    Response,
    /// Both: it leads their message.
    Header,
    /// Nobody: it lies in a log, in a file, or inside another message.
    Data,
}

/// Why a message did not come back from being read and written.
#[derive(Debug)]
pub enum Again {
    /// The bytes are not such a message.
    Malformed(Malformed),
    /// What was read cannot be written.
    Unrepresentable(Unrepresentable),
}

macro_rules! apis {
    ($($name:ident $request:ident $response:ident $const:ident)*) => {
        /// Every request, ascending by key.
        pub static REQUESTS: &[Schema] =
            &[$(Schema::of::<messages::$request>(Direction::Request)),*];

        /// Every response, ascending by key.
        pub static RESPONSES: &[Schema] =
            &[$(Schema::of::<messages::$response>(Direction::Response)),*];
    };
}

macro_rules! data {
    ($($folder:ident $name:ident)*) => {
        /// What lies in logs and files, or inside other messages.
        pub static DATA: &[Schema] = &[$(Schema::of::<data::$folder::$name>(Direction::Data)),*];
    };
}

/// What leads requests and responses.
pub static HEADERS: &[Schema] =
    &[Schema::of::<RequestHeader>(Direction::Header), Schema::of::<ResponseHeader>(Direction::Header)];

each_api!(apis);
each_data!(data);

impl Schema {
    /// The schema of a message that the program names.
    #[allow(clippy::panic)] // while compiling, if ever
    pub const fn of<M: Message>(direction: Direction) -> Self {
        let Kind::Struct(rows) = M::KIND else { panic!("a message is a struct") };
        Self {
            key: M::KEY,
            direction,
            versions: M::VERSIONS,
            flexible: M::FLEXIBLE,
            rows,
            again: again::<M>,
            blank: |version| M::blank().encode(version),
            #[cfg(any(test, feature = "arbitrary"))]
            trip: trip::<M>,
        }
    }

    /// The request of that API.
    pub fn request(key: i16) -> Option<&'static Self> {
        REQUESTS.iter().find(|it| it.key == key)
    }

    /// The response of that API.
    pub fn response(key: i16) -> Option<&'static Self> {
        RESPONSES.iter().find(|it| it.key == key)
    }

    /// The message of that name, such as `FetchRequest` or `OffsetCommitKey`.
    pub fn named(name: &str) -> Option<&'static Self> {
        Self::all().find(|it| it.name() == name)
    }

    /// Every message of this build.
    pub fn all() -> impl Iterator<Item = &'static Self> {
        REQUESTS.iter().chain(RESPONSES).chain(HEADERS).chain(DATA)
    }

    /// As Apache's schema names it.
    pub fn name(&self) -> &'static str {
        self.rows.name
    }

    /// Reads a body into its struct and writes that again.
    ///
    /// # Errors
    /// When the bytes are not such a message, or it cannot be written.
    pub fn again(&self, body: &Bytes, version: i16) -> Result<Segments, Again> {
        (self.again)(body, version)
    }

    /// The body of the message whose every field has its default.
    ///
    /// # Errors
    /// When the version has no place for a default.
    pub fn blank(&self, version: i16) -> Result<Segments, Unrepresentable> {
        (self.blank)(version)
    }

    /// Writes a value that the choices make, reads it, and gives the bytes in between.
    ///
    /// # Errors
    /// When it cannot be written or read, or is another one then.
    #[cfg(any(test, feature = "arbitrary"))]
    pub fn trip(&self, choices: crate::wire::Choices) -> Result<Bytes, String> {
        (self.trip)(choices)
    }

    /// Whether that version has compact lengths and tags.
    pub fn is_flexible(&self, version: i16) -> bool {
        self.flexible.contains(version)
    }
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Request => "request",
            Self::Response => "response",
            Self::Header => "header",
            Self::Data => "data",
        })
    }
}

impl fmt::Display for Again {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(e) => write!(f, "not readable: {e}"),
            Self::Unrepresentable(e) => write!(f, "not writable: {e}"),
        }
    }
}

impl std::error::Error for Again {}

fn again<M: Message>(body: &Bytes, version: i16) -> Result<Segments, Again> {
    M::decode(body, version).map_err(Again::Malformed)?.encode(version).map_err(Again::Unrepresentable)
}

#[cfg(any(test, feature = "arbitrary"))]
fn trip<M: Message>(mut choices: crate::wire::Choices) -> Result<Bytes, String> {
    let version = choices.version();
    let mut message = M::blank();
    message.arbitrary(&mut choices, false);
    let bytes = message.encode(version).map_err(|e| e.to_string())?.into_bytes();
    let back = M::decode(&bytes, version).map_err(|e| e.to_string())?;
    if back == message { Ok(bytes) } else { Err("what was read is not what was written".into()) }
}

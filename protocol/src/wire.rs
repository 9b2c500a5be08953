//! Kafka's wire: the field table, the types, and the two cursors that obey it.

use std::fmt;

use bytes::Bytes;

mod arbitrary;
mod leaf;
mod malformed;
mod read;
mod segments;
pub(crate) mod text;
mod types;
mod unrepresentable;
mod uuid;
mod write;

#[doc(hidden)]
pub use arbitrary::Choices;
#[cfg(any(test, feature = "arbitrary"))]
pub use arbitrary::arbitrary;
pub use leaf::{Leaf, Primitive};
pub use malformed::Malformed;
pub use read::Reader;
pub use segments::Segments;
pub use types::{ShortString, Str, Uuid};
pub use unrepresentable::Unrepresentable;
pub use uuid::NotUuid;
pub use write::{LEND_MIN, TagWriter, Writer};

/// A whole request or response, or what lies in a log.
pub trait Message: Wire {
    /// The API's number; of data its type in the log, -1 where it has none.
    const KEY: i16;
    /// The versions that this build reads and writes: those that Kafka 4 removed and unstable ones included.
    const VERSIONS: Versions;
    /// The versions that Kafka 4.4 offers.
    const CURRENT: Versions;
    /// The versions with compact lengths and tags.
    const FLEXIBLE: Versions;

    /// Reads a message from a body without its header; the strings and bytes in it share the body.
    ///
    /// # Errors
    /// [`Malformed`] names the field and the byte, also when bytes are left over.
    fn decode(body: &Bytes, version: i16) -> Result<Self, Malformed> {
        Self::decode_within(body, version, usize::MAX)
    }

    /// The same, of a peer that may lie: refused when the message would take more memory than that.
    ///
    /// # Errors
    /// As [`decode`](Self::decode).
    fn decode_within(body: &Bytes, version: i16, bytes_max: usize) -> Result<Self, Malformed> {
        let mut reader = Reader::new(body, version, Self::FLEXIBLE.contains(version)).within(bytes_max);
        let mut message = Self::blank();
        message.read(&mut reader, false)?;
        reader.finish()?;
        Ok(message)
    }

    /// Reads a message as Java's broker does, which is more than [`decode`](Self::decode) takes: bytes behind it
    /// are ignored, for one. All its arrays together may have so many elements.
    ///
    /// # Errors
    /// [`Malformed`] names the field and the byte.
    fn decode_leniently(body: &Bytes, version: i16, elements_max: usize) -> Result<Self, Malformed> {
        let flexible = Self::FLEXIBLE.contains(version);
        let mut message = Self::blank();
        message.read(&mut Reader::lenient(body, version, flexible, elements_max), false)?;
        Ok(message)
    }

    /// Writes the body, without a header.
    ///
    /// # Errors
    /// [`Unrepresentable`] when a field is set that the version has no place for.
    fn encode(&self, version: i16) -> Result<Segments, Unrepresentable> {
        let mut writer = Writer::new(version, Self::FLEXIBLE.contains(version));
        self.write(&mut writer, false)?;
        Ok(writer.finish())
    }
}

/// A message that wants an answer.
pub trait Request: Message {
    /// The answer.
    type Response: Message;
}

/// A value that has one encoding per version. `#[message]` writes it for structs.
pub trait Wire: Sized + PartialEq {
    /// The type as Apache's schema names it.
    const KIND: Kind;

    /// The value of a field that says no other default.
    fn blank() -> Self;

    /// Overwrites `self` with what the frame holds.
    ///
    /// # Errors
    /// When the bytes are not such a value.
    fn read(&mut self, r: &mut Reader<'_>, nullable: bool) -> Result<(), Malformed>;

    /// Appends `self`.
    ///
    /// # Errors
    /// When the version has no place for it.
    fn write(&self, w: &mut Writer, nullable: bool) -> Result<(), Unrepresentable>;

    /// Overwrites `all` with so many elements, which are never null.
    ///
    /// # Errors
    /// When the bytes are not such elements.
    #[inline]
    fn read_all(all: &mut Vec<Self>, r: &mut Reader<'_>, count: usize) -> Result<(), Malformed> {
        r.elements(all, count)
    }

    /// Appends the elements of an array.
    ///
    /// # Errors
    /// When the version has no place for one of them.
    #[inline]
    fn write_all(all: &[Self], w: &mut Writer) -> Result<(), Unrepresentable> {
        all.iter().try_for_each(|it| it.write(w, false))
    }

    /// Overwrites `self` with any value this version can hold. It is here in every build, so that a feature changes no
    /// trait; nothing of it is linked unless somebody calls it.
    #[doc(hidden)]
    fn arbitrary(&mut self, choices: &mut Choices, nullable: bool);
}

/// An inclusive range of message versions; empty when `from > to`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Versions {
    /// The first.
    pub from: i16,
    /// The last; `i16::MAX` when open.
    pub to: i16,
}

impl Versions {
    /// No version at all.
    pub const NONE: Self = Self { from: 0, to: -1 };

    /// Whatever there is.
    pub const ANY: Self = Self { from: 0, to: i16::MAX };

    /// Whether the version is one of them.
    #[inline]
    pub const fn contains(self, version: i16) -> bool {
        self.from <= version && version <= self.to
    }

    /// The versions in both ranges.
    pub const fn and(self, other: Self) -> Self {
        Self {
            from: if self.from > other.from { self.from } else { other.from },
            to: if self.to < other.to { self.to } else { other.to },
        }
    }

    /// Whether there is none.
    pub const fn is_empty(self) -> bool {
        self.from > self.to
    }
}

/// Prints a range the way Apache's schema files do.
impl fmt::Display for Versions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.from, self.to) {
            (from, to) if from > to => f.write_str("none"),
            (from, i16::MAX) => write!(f, "{from}+"),
            (from, to) if from == to => write!(f, "{from}"),
            (from, to) => write!(f, "{from}-{to}"),
        }
    }
}

/// One row of a message's table: everything the codec needs besides the value.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// In snake case.
    pub name: &'static str,
    /// Its type.
    pub kind: Kind,
    /// The versions that have it, within those of the struct around it.
    pub versions: Versions,
    /// The versions in which it may be null.
    pub nullable: Versions,
    /// Its tag, if it travels as a tagged field.
    pub tag: Option<u32>,
    /// Whether a version without it may drop a value.
    pub ignorable: bool,
}

impl Field {
    /// Whether a byte before the value says that it is there.
    #[inline(always)]
    pub(crate) const fn is_nullable_struct(&self) -> bool {
        matches!(self.kind, Kind::Struct(_)) && !self.nullable.is_empty()
    }
}

/// A type as Apache's schema names it.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// `int32`, `string`, …
    Primitive(Primitive),
    /// `[]T`
    Array(&'static Kind),
    /// A struct.
    Struct(&'static Struct),
}

/// `[]string`, as in Apache's schema files.
impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Primitive(primitive) => f.write_str(primitive.name()),
            Self::Array(of) => write!(f, "[]{of}"),
            Self::Struct(rows) => f.write_str(rows.name),
        }
    }
}

/// A struct's name and rows, in wire order.
#[derive(Debug)]
pub struct Struct {
    /// As Apache's, save where both directions share a name.
    pub name: &'static str,
    /// In wire order.
    pub fields: &'static [Field],
}

/// Tagged fields this build does not know, ascending, kept so that a message survives a round trip.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tags(pub Vec<(u32, Bytes)>);

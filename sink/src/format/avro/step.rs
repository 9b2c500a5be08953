//! How a writer's bytes become a row of the table: writer's and reader's schema resolved against each other, once.

use crate::types::LogicalType;

use super::node::NodeId;

/// What is read next, and what becomes of it.
#[derive(Debug)]
pub(super) enum ReadStep {
    Null,
    Boolean,
    /// An int as each of the types that are one.
    Int(OfInt),
    /// A long, or an int that a long is made of.
    Long(OfLong),
    Float,
    Double,
    /// A whole number of the writer's where the reader has a FLOAT.
    FloatOfLong,
    DoubleOfLong,
    DoubleOfFloat,
    String,
    Bytes,
    /// So many bytes.
    Fixed(usize),
    /// The writer's symbols as the reader has them; `None` is one that the reader does not know.
    Enum(Box<[Option<Box<str>>]>),
    /// Of so many bytes, or of as many as are said.
    Decimal {
        precision: u8,
        size: Option<usize>,
    },
    Array(Box<ReadStep>),
    Map(Box<ReadStep>),
    Record(RecordSteps),
    /// A union of `null` with one other, in this order; the name is the other's.
    Optional(Box<(Box<str>, ReadStep)>),
    /// Any other union: names and steps.
    Union(Box<[(Box<str>, ReadStep)]>),
    /// The writer's type cannot be read as the reader's. An error where it is met, and only there.
    Mismatch(Box<str>),
}

/// A column whose Avro type is an int.
#[derive(Clone, Copy, Debug)]
pub(super) enum OfInt {
    TinyInt,
    SmallInt,
    Int,
    Date,
    Time,
}

/// A column whose Avro type is a long.
#[derive(Clone, Copy, Debug)]
pub(super) enum OfLong {
    BigInt,
    TimestampMillis,
    TimestampMicros,
}

/// The fields of a record in the writer's order.
#[derive(Debug)]
pub(super) struct RecordSteps {
    /// How many columns a row of it has.
    pub(super) width: usize,
    pub(super) fields: Box<[FieldStep]>,
    /// What columns hold that the writer does not have, where that is not NULL: as bytes of the reader's schema.
    pub(super) defaults: Box<[DefaultStep]>,
}

/// A field of the writer's.
#[derive(Debug)]
pub(super) enum FieldStep {
    /// Into that column.
    Read { slot: usize, name: Box<str>, data_type: LogicalType, step: ReadStep },
    /// The table has no such column: passed over, by the writer's schema.
    Skip(Box<str>, NodeId),
}

/// A column that the writer does not have.
#[derive(Debug)]
pub(super) struct DefaultStep {
    pub(super) slot: usize,
    pub(super) bytes: Box<[u8]>,
    pub(super) step: ReadStep,
}

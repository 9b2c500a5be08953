//! A row and its values, borrowed from the fetched bytes or from an arena.

use std::fmt;

pub use crate::arena::Arena;

/// A row: one slot per column, in declared order.
pub type Row<'a> = &'a [Value<'a>];

/// One value of a row. Its column's type says how to read it.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Value<'a> {
    /// NULL, of any type.
    Null,
    /// BOOLEAN
    Boolean(bool),
    /// TINYINT
    TinyInt(i8),
    /// SMALLINT
    SmallInt(i16),
    /// INT, and INTERVAL YEAR TO MONTH in months.
    Int(i32),
    /// BIGINT, and INTERVAL DAY TO SECOND in milliseconds.
    BigInt(i64),
    /// FLOAT
    Float(f32),
    /// DOUBLE
    Double(f64),
    /// DECIMAL; the column's type has the scale.
    Decimal(Unscaled),
    /// CHAR, VARCHAR, STRING
    String(&'a str),
    /// BINARY, VARBINARY, BYTES
    Bytes(&'a [u8]),
    /// DATE: days since 1970-01-01.
    Date(i32),
    /// TIME: milliseconds of the day; what Flink computes of moments before 1970 lies outside of it.
    Time(i32),
    /// TIMESTAMP (a wall clock) and TIMESTAMP_LTZ (an instant).
    Timestamp(Timestamp),
    /// ARRAY
    Array(&'a [Value<'a>]),
    /// MAP, and MULTISET with its counts as INT.
    Map(&'a [(Value<'a>, Value<'a>)]),
    /// ROW
    Row(Row<'a>),
}

/// The digits of a DECIMAL(p, s). Packed, so that a `Value` takes 24 bytes.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(Rust, packed(8))]
pub struct Unscaled(pub i128);

/// A moment to the nanosecond, any year.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Timestamp {
    /// Since 1970-01-01 00:00:00.
    pub seconds: i64,
    /// Below a billion.
    pub nanos: u32,
}

/// How a row changes its table. There are these four, here as in Flink, and will be no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RowKind {
    /// `+I`
    Insert,
    /// `-U`: the old image of a row that changes.
    UpdateBefore,
    /// `+U`: its new image.
    UpdateAfter,
    /// `-D`
    Delete,
}

impl Value<'_> {
    /// A BOOLEAN as SQL's three truths: `None` is NULL, and what is no BOOLEAN.
    #[inline]
    pub(crate) fn truth(self) -> Option<bool> {
        match self {
            Self::Boolean(truth) => Some(truth),
            _ => None,
        }
    }

    /// `None` as NULL.
    #[inline]
    pub(crate) fn of_truth(truth: Option<bool>) -> Self {
        truth.map_or(Self::Null, Self::Boolean)
    }
}

/// As Flink prints it: `+I`.
impl fmt::Display for RowKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Insert => "+I",
            Self::UpdateBefore => "-U",
            Self::UpdateAfter => "+U",
            Self::Delete => "-D",
        })
    }
}

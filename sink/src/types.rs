//! Flink's logical types, and the named columns of a row.

use std::fmt;
use std::sync::Arc;

/// A type together with whether it may be NULL.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DataType {
    /// What the values are.
    pub logical: LogicalType,
    /// Whether NULL is one of them.
    pub nullable: bool,
}

/// What the values of a column are, as Flink names it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LogicalType {
    /// `BOOLEAN`
    Boolean,
    /// `TINYINT`, 8 bits.
    TinyInt,
    /// `SMALLINT`, 16 bits.
    SmallInt,
    /// `INT`, 32 bits.
    Int,
    /// `BIGINT`, 64 bits.
    BigInt,
    /// `FLOAT`, 32 bits.
    Float,
    /// `DOUBLE`, 64 bits.
    Double,
    /// `DECIMAL(precision, scale)`, at most 38 digits.
    Decimal {
        /// Digits in all, 1 to 38.
        precision: u8,
        /// Digits after the point, at most `precision`.
        scale: u8,
    },
    /// `CHAR(n)`, padded with blanks.
    Char(u32),
    /// `VARCHAR(n)`; `STRING` is [`LENGTH_MAX`].
    VarChar(u32),
    /// `BINARY(n)`
    Binary(u32),
    /// `VARBINARY(n)`; `BYTES` is [`LENGTH_MAX`].
    VarBinary(u32),
    /// `DATE`
    Date,
    /// `TIME(p)`
    Time(u8),
    /// `TIMESTAMP(p)`, a wall clock without zone.
    Timestamp(u8),
    /// `TIMESTAMP_LTZ(p)`, an instant.
    TimestampLtz(u8),
    /// `INTERVAL YEAR TO MONTH`, in months.
    IntervalYearMonth,
    /// `INTERVAL DAY TO SECOND`, in milliseconds.
    IntervalDayTime,
    /// `ARRAY<T>`
    Array(Box<DataType>),
    /// `MAP<K, V>`
    Map(Box<DataType>, Box<DataType>),
    /// `MULTISET<T>`
    Multiset(Box<DataType>),
    /// `ROW<…>`
    Row(Arc<[Field]>),
}

/// A named column of a table, or a field of a ROW.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Field {
    /// Case counts.
    pub name: Box<str>,
    /// Its type.
    pub data_type: DataType,
}

/// The length of `STRING` and `BYTES`.
pub const LENGTH_MAX: u32 = 2_147_483_647;

impl LogicalType {
    /// `STRING`
    pub const STRING: Self = Self::VarChar(LENGTH_MAX);
    /// `BYTES`
    pub const BYTES: Self = Self::VarBinary(LENGTH_MAX);

    /// The type with NULL among its values.
    pub fn nullable(self) -> DataType {
        DataType { logical: self, nullable: true }
    }

    /// The type without NULL.
    pub fn not_null(self) -> DataType {
        DataType { logical: self, nullable: false }
    }
}

impl Field {
    /// A column of that name and type.
    pub fn new(name: impl Into<Box<str>>, data_type: DataType) -> Self {
        Self { name: name.into(), data_type }
    }
}

/// As Flink prints it: `VARCHAR(3) NOT NULL`.
impl fmt::Display for DataType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.logical, if self.nullable { "" } else { " NOT NULL" })
    }
}

impl fmt::Display for LogicalType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Boolean => f.write_str("BOOLEAN"),
            Self::TinyInt => f.write_str("TINYINT"),
            Self::SmallInt => f.write_str("SMALLINT"),
            Self::Int => f.write_str("INT"),
            Self::BigInt => f.write_str("BIGINT"),
            Self::Float => f.write_str("FLOAT"),
            Self::Double => f.write_str("DOUBLE"),
            Self::Decimal { precision, scale } => write!(f, "DECIMAL({precision}, {scale})"),
            Self::Char(n) => write!(f, "CHAR({n})"),
            Self::VarChar(LENGTH_MAX) => f.write_str("STRING"),
            Self::VarChar(n) => write!(f, "VARCHAR({n})"),
            Self::Binary(n) => write!(f, "BINARY({n})"),
            Self::VarBinary(LENGTH_MAX) => f.write_str("BYTES"),
            Self::VarBinary(n) => write!(f, "VARBINARY({n})"),
            Self::Date => f.write_str("DATE"),
            Self::Time(p) => write!(f, "TIME({p})"),
            Self::Timestamp(p) => write!(f, "TIMESTAMP({p})"),
            Self::TimestampLtz(p) => write!(f, "TIMESTAMP_LTZ({p})"),
            Self::IntervalYearMonth => f.write_str("INTERVAL YEAR TO MONTH"),
            Self::IntervalDayTime => f.write_str("INTERVAL DAY TO SECOND"),
            Self::Array(item) => write!(f, "ARRAY<{item}>"),
            Self::Map(key, value) => write!(f, "MAP<{key}, {value}>"),
            Self::Multiset(item) => write!(f, "MULTISET<{item}>"),
            Self::Row(fields) => {
                f.write_str("ROW<")?;
                for (at, field) in fields.iter().enumerate() {
                    let (comma, name) = (if at == 0 { "" } else { ", " }, field.name.replace('`', "``"));
                    write!(f, "{comma}`{name}` {}", field.data_type)?;
                }
                f.write_str(">")
            }
        }
    }
}

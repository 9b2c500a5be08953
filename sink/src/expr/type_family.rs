//! Families of types, as rules about operators name them.

use crate::types::LogicalType;

impl LogicalType {
    /// CHAR, VARCHAR, STRING.
    pub(crate) fn is_character(&self) -> bool {
        matches!(self, Self::Char(_) | Self::VarChar(_))
    }

    /// BINARY, VARBINARY, BYTES.
    pub(crate) fn is_binary(&self) -> bool {
        matches!(self, Self::Binary(_) | Self::VarBinary(_))
    }

    /// TINYINT to BIGINT.
    pub(crate) fn is_whole(&self) -> bool {
        self.rank().is_some()
    }

    /// FLOAT and DOUBLE.
    pub(crate) fn is_approximate(&self) -> bool {
        matches!(self, Self::Float | Self::Double)
    }

    /// Any number.
    pub(crate) fn is_numeric(&self) -> bool {
        self.is_whole() || self.is_approximate() || matches!(self, Self::Decimal { .. })
    }

    /// DATE, TIME, TIMESTAMP, TIMESTAMP_LTZ.
    pub(crate) fn is_temporal(&self) -> bool {
        matches!(self, Self::Date | Self::Time(_) | Self::Timestamp(_) | Self::TimestampLtz(_))
    }

    /// Either kind of INTERVAL.
    pub(crate) fn is_interval(&self) -> bool {
        matches!(self, Self::IntervalYearMonth | Self::IntervalDayTime)
    }

    /// Digits of a DECIMAL, or of one that holds every value of a whole number's type: precision and scale.
    pub(crate) fn exact_digits(&self) -> Option<(u8, u8)> {
        Some(match self {
            Self::Decimal { precision, scale } => (*precision, *scale),
            Self::TinyInt => (3, 0),
            Self::SmallInt => (5, 0),
            Self::Int => (10, 0),
            Self::BigInt => (19, 0),
            _ => return None,
        })
    }

    /// Of whole numbers, a wider one has a higher rank.
    pub(crate) fn rank(&self) -> Option<u8> {
        Some(match self {
            Self::TinyInt => 0,
            Self::SmallInt => 1,
            Self::Int => 2,
            Self::BigInt => 3,
            _ => return None,
        })
    }
}

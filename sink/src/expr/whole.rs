//! Whole numbers of any width as one.

use super::eval_error::EvalError;
use crate::row::{Unscaled, Value};

impl Value<'_> {
    /// The number of a TINYINT to BIGINT.
    #[inline]
    pub(crate) fn whole(self) -> Option<i64> {
        match self {
            Value::Int(it) => Some(it.into()),
            Value::BigInt(it) => Some(it),
            Value::SmallInt(it) => Some(it.into()),
            Value::TinyInt(it) => Some(it.into()),
            _ => None,
        }
    }

    /// The digits of a DECIMAL, or the number of a TINYINT to BIGINT.
    #[inline]
    pub(crate) fn exact(self) -> Option<i128> {
        match self {
            Value::Decimal(Unscaled(digits)) => Some(digits),
            other => other.whole().map(i128::from),
        }
    }

    /// A number as the type of that [rank](crate::types::LogicalType::rank), its higher bits lost, as in Java.
    #[inline]
    pub(crate) fn of_rank(number: i64, rank: u8) -> Self {
        match rank {
            0 => Value::TinyInt(number as i8),
            1 => Value::SmallInt(number as i16),
            2 => Value::Int(number as i32),
            _ => Value::BigInt(number),
        }
    }
}

impl EvalError {
    /// A value is not of the type that the planner gave it: a defect, which is said rather than hidden.
    #[cold]
    pub(crate) fn mistyped() -> Self {
        Self::new("a value is not of the type that the planner gave it; this is a mistake of ours")
    }
}

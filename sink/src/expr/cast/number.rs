//! Numbers to numbers, as Java converts them.

use super::conversion::mistyped;
use crate::expr::EvalError;
use crate::expr::decimal;
use crate::row::{Unscaled, Value};
use crate::types::LogicalType;

/// The whole numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IntegerType {
    TinyInt,
    SmallInt,
    Int,
    BigInt,
}

impl IntegerType {
    /// Intervals are kept as whole numbers.
    pub(super) fn of(logical: &LogicalType) -> Option<Self> {
        match logical {
            LogicalType::TinyInt => Some(Self::TinyInt),
            LogicalType::SmallInt => Some(Self::SmallInt),
            LogicalType::Int | LogicalType::IntervalYearMonth => Some(Self::Int),
            LogicalType::BigInt | LogicalType::IntervalDayTime => Some(Self::BigInt),
            _ => None,
        }
    }

    /// As SQL names it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::TinyInt => "TINYINT",
            Self::SmallInt => "SMALLINT",
            Self::Int => "INT",
            Self::BigInt => "BIGINT",
        }
    }

    /// The lowest bits of a number.
    pub(super) fn wrap(self, number: i64) -> Value<'static> {
        match self {
            Self::TinyInt => Value::TinyInt(number as i8),
            Self::SmallInt => Value::SmallInt(number as i16),
            Self::Int => Value::Int(number as i32),
            Self::BigInt => Value::BigInt(number),
        }
    }
}

fn whole(value: Value<'_>) -> Result<i64, EvalError> {
    match value {
        Value::Boolean(truth) => Ok(truth.into()),
        Value::TinyInt(number) => Ok(number.into()),
        Value::SmallInt(number) => Ok(number.into()),
        Value::Int(number) => Ok(number.into()),
        Value::BigInt(number) => Ok(number),
        _ => Err(mistyped()),
    }
}

pub(super) fn to_boolean(value: Value<'_>) -> Result<Value<'_>, EvalError> {
    Ok(Value::Boolean(match value {
        Value::Float(number) => number != 0.0,
        Value::Double(number) => number != 0.0,
        Value::Decimal(Unscaled(digits)) => digits != 0,
        other => whole(other)? != 0,
    }))
}

/// Floating point numbers are cut, and stop at the ends of INT or BIGINT; all else wraps.
pub(super) fn to_integer(value: Value<'_>, to: IntegerType, scale: u8) -> Result<Value<'_>, EvalError> {
    let of_double = |number: f64| match to {
        IntegerType::BigInt => number as i64,
        _ => i64::from(number as i32),
    };
    let number = match value {
        Value::Float(number) => of_double(number.into()),
        Value::Double(number) => of_double(number),
        Value::Decimal(Unscaled(digits)) => (digits / decimal::power(scale)) as i64,
        other => whole(other)?,
    };
    Ok(to.wrap(number))
}

pub(super) fn to_float(value: Value<'_>, scale: u8) -> Result<Value<'_>, EvalError> {
    Ok(Value::Float(match value {
        Value::Float(number) => number,
        Value::Double(_) | Value::Decimal(_) => to_double(value, scale)? as f32,
        // Java's widening rounds once, to the nearest, as `as` does.
        other => whole(other)? as f32,
    }))
}

pub(super) fn to_double(value: Value<'_>, scale: u8) -> Result<f64, EvalError> {
    match value {
        Value::Float(number) => Ok(number.into()),
        Value::Double(number) => Ok(number),
        Value::Decimal(Unscaled(digits)) => Ok(decimal::to_double(digits, scale)),
        other => Ok(whole(other)? as f64),
    }
}

pub(super) fn to_decimal(
    value: Value<'_>,
    from: u8,
    precision: u8,
    scale: u8,
) -> Result<Value<'_>, EvalError> {
    let digits = match value {
        Value::Decimal(Unscaled(digits)) => decimal::rescale(digits, from, precision, scale),
        Value::Float(_) | Value::Double(_) => {
            let number = to_double(value, 0)?;
            if !number.is_finite() {
                return Err(EvalError::new("a DECIMAL cannot hold NaN or Infinity"));
            }
            decimal::from_double(number, precision, scale)
        }
        other => decimal::rescale(whole(other)?.into(), 0, precision, scale),
    };
    Ok(digits.map_or(Value::Null, |digits| Value::Decimal(Unscaled(digits))))
}

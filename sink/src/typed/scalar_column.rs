//! What a column takes of single values: those that its type holds, with no digit lost.

use super::serde_error::SerdeError;
use super::temporal;
use crate::format::decimal;
use crate::row::{Arena, Unscaled, Value};
use crate::types::{DataType, LogicalType};

/// A column that a value is written to, or an item of one.
#[derive(Clone, Copy)]
pub(super) struct ScalarColumn<'a, 's> {
    pub(super) data_type: &'s DataType,
    pub(super) arena: &'a Arena,
}

type Taken<'a> = Result<Value<'a>, SerdeError>;

impl<'a> ScalarColumn<'a, '_> {
    pub(super) fn null(self) -> Taken<'a> {
        if self.data_type.nullable { Ok(Value::Null) } else { Err(self.refused("NULL")) }
    }

    pub(super) fn boolean(self, it: bool) -> Taken<'a> {
        match self.data_type.logical {
            LogicalType::Boolean => Ok(Value::Boolean(it)),
            _ => Err(self.refused("a bool")),
        }
    }

    pub(super) fn integer(self, number: i128) -> Taken<'a> {
        let fits = match &self.data_type.logical {
            LogicalType::TinyInt => number.try_into().ok().map(Value::TinyInt),
            LogicalType::SmallInt => number.try_into().ok().map(Value::SmallInt),
            LogicalType::Int | LogicalType::IntervalYearMonth => number.try_into().ok().map(Value::Int),
            LogicalType::BigInt | LogicalType::IntervalDayTime => number.try_into().ok().map(Value::BigInt),
            LogicalType::Float => {
                has_digits(number, f32::MANTISSA_DIGITS).then_some(Value::Float(number as f32))
            }
            LogicalType::Double => {
                has_digits(number, f64::MANTISSA_DIGITS).then_some(Value::Double(number as f64))
            }
            LogicalType::Decimal { precision, scale } => {
                let unscaled = 10i128.checked_pow((*scale).into()).and_then(|it| number.checked_mul(it));
                let end = 10u128.checked_pow((*precision).into()).unwrap_or(u128::MAX);
                unscaled.filter(|it| it.unsigned_abs() < end).map(|it| Value::Decimal(Unscaled(it)))
            }
            _ => return Err(self.refused("an integer")),
        };
        fits.ok_or_else(|| self.too_large(number))
    }

    pub(super) fn large_integer(self, number: u128) -> Taken<'a> {
        i128::try_from(number).map_err(|_| self.too_large(number)).and_then(|number| self.integer(number))
    }

    pub(super) fn float(self, number: f32) -> Taken<'a> {
        match self.data_type.logical {
            LogicalType::Float => Ok(Value::Float(number)),
            LogicalType::Double => Ok(Value::Double(number.into())),
            _ => Err(self.refused("a float")),
        }
    }

    pub(super) fn double(self, number: f64) -> Taken<'a> {
        match self.data_type.logical {
            LogicalType::Double => Ok(Value::Double(number)),
            LogicalType::Float if number.is_nan() => Ok(Value::Float(f32::NAN)),
            LogicalType::Float if f64::from(number as f32) == number => Ok(Value::Float(number as f32)),
            LogicalType::Float => Err(self.too_large(number)),
            _ => Err(self.refused("a float")),
        }
    }

    pub(super) fn text(self, text: &str) -> Taken<'a> {
        let read = match &self.data_type.logical {
            LogicalType::Char(_) | LogicalType::VarChar(_) => Some(Value::String(self.arena.alloc_str(text))),
            LogicalType::Decimal { precision, scale } => {
                let number = decimal::parse(text, *precision, *scale).and_then(Result::ok);
                let is_exact = fraction_digits(text) <= usize::from(*scale);
                number.filter(|_| is_exact).map(|it| Value::Decimal(Unscaled(it)))
            }
            LogicalType::Date => temporal::date(text).map(Value::Date),
            LogicalType::Time(_) => temporal::time_of_day(text).map(Value::Time),
            LogicalType::Timestamp(_) => temporal::timestamp(text).map(Value::Timestamp),
            LogicalType::TimestampLtz(_) => temporal::instant(text).map(Value::Timestamp),
            _ => return Err(self.refused("text")),
        };
        read.ok_or_else(|| SerdeError::new(format!("'{}' is no {}", shown(text), self.data_type.logical)))
    }

    pub(super) fn bytes(self, bytes: &[u8]) -> Taken<'a> {
        match self.data_type.logical {
            LogicalType::Binary(_) | LogicalType::VarBinary(_) => {
                Ok(Value::Bytes(self.arena.alloc_slice_copy(bytes)))
            }
            _ => Err(self.refused("bytes")),
        }
    }

    /// Of no value of its type, whatever it is.
    #[cold]
    pub(super) fn refused(self, what: &str) -> SerdeError {
        SerdeError::new(format!("{} takes no value that is {what}", self.data_type))
    }

    #[cold]
    fn too_large(self, number: impl std::fmt::Display) -> SerdeError {
        SerdeError::new(format!(
            "{number} is no {}: it is too large, or would lose digits",
            self.data_type.logical
        ))
    }
}

/// Whether so many binary digits hold the number, zeros at its end aside: then a float of these is it. (To cast it there
/// and back would not tell: what is beyond i128 comes back as its greatest number.)
fn has_digits(number: i128, digits: u32) -> bool {
    let size = number.unsigned_abs();
    size == 0 || u128::BITS - size.leading_zeros() - size.trailing_zeros() <= digits
}

/// How many digits a number's text has behind the point, zeros at its end aside and its exponent taken in.
fn fraction_digits(text: &str) -> usize {
    let (mantissa, exponent) = text.trim().split_once(['e', 'E']).unwrap_or((text.trim(), "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let zeros = mantissa.bytes().rev().filter(|it| *it != b'.').take_while(|it| *it == b'0').count();
    let exponent: i64 = exponent.parse().unwrap_or(0);
    let signed = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    let kept = signed(whole.len() + fraction.len()) - signed(zeros);
    usize::try_from(kept.saturating_sub(signed(whole.len()).saturating_add(exponent)).max(0))
        .unwrap_or(usize::MAX)
}

/// A text that may be of any size, for a sentence.
fn shown(text: &str) -> &str {
    &text[..text.floor_char_boundary(SHOWN_BYTES_MAX)]
}

const SHOWN_BYTES_MAX: usize = 100;

//! What a cast does to a value.

use std::sync::Arc;

use super::fit::{BytesLength, TextLength};
use super::number::IntegerType;
use super::print::Printer;
use super::{moment, number, read};
use crate::expr::EvalError;
use crate::expr::temporal::formatter::DateTimeFormatter;
use crate::expr::temporal::zone::Zone;
use crate::row::{Arena, Value};

/// What happens to a value that is not NULL.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Cast {
    /// Nothing.
    Keep,
    /// A number: whether it is not zero.
    ToBoolean,
    /// A BOOLEAN or a number, a DECIMAL of this scale. What does not fit wraps.
    ToInteger(IntegerType, u8),
    ToFloat(u8),
    ToDouble(u8),
    /// A BOOLEAN or a number, a DECIMAL of the scale `from`. What does not fit is NULL.
    ToDecimal {
        from: u8,
        precision: u8,
        scale: u8,
    },
    ReadBoolean,
    ReadInteger(IntegerType),
    ReadFloat,
    ReadDouble,
    ReadDecimal {
        precision: u8,
        scale: u8,
    },
    ReadDate,
    ReadTime,
    /// In UTC, to a TIMESTAMP.
    ReadTimestamp {
        formatter: Arc<DateTimeFormatter>,
        precision: u8,
        zone: Arc<Zone>,
    },
    /// Anything but a text.
    Print(Box<Printer>, TextLength),
    /// A text to another length.
    FitText(TextLength),
    /// A text to its UTF-8.
    Encode(BytesLength),
    FitBytes(BytesLength),
    /// A moment without its finer digits.
    Truncate(u8),
    /// A TIMESTAMP to an instant.
    ToInstant(Arc<Zone>, u8),
    /// An instant to a TIMESTAMP.
    ToWallClock(Arc<Zone>, u8),
    TimestampToDate,
    TimestampToTime,
    InstantToDate(Arc<Zone>),
    InstantToTime(Arc<Zone>),
    /// A DATE or a TIME of 1970-01-01; in UTC, to a TIMESTAMP.
    ToMoment(Arc<Zone>),
    Array(Box<Cast>),
    Map(Box<Cast>, Box<Cast>),
    Row(Box<[Cast]>),
    /// NULL where it fails.
    Try(Box<Cast>),
}

impl Cast {
    /// Whether TRY_CAST has something to catch: texts that cannot be read. Flink lets all other failures through.
    pub(super) fn can_fail(&self) -> bool {
        match self {
            Self::ReadBoolean
            | Self::ReadInteger(_)
            | Self::ReadFloat
            | Self::ReadDouble
            | Self::ReadDecimal { .. }
            | Self::ReadDate
            | Self::ReadTime
            | Self::ReadTimestamp { .. } => true,
            Self::Array(item) => item.can_fail(),
            Self::Map(key, value) => key.can_fail() || value.can_fail(),
            Self::Row(fields) => fields.iter().any(Self::can_fail),
            _ => false,
        }
    }

    /// The value after the cast. NULL stays NULL.
    ///
    /// # Errors
    /// It cannot be one of the other type.
    #[inline]
    pub(crate) fn apply<'a>(&self, value: Value<'a>, arena: &'a Arena) -> Result<Value<'a>, EvalError> {
        match (self, value) {
            (_, Value::Null) | (Self::Keep, _) => Ok(value),
            _ => self.convert(value, arena),
        }
    }

    fn convert<'a>(&self, value: Value<'a>, arena: &'a Arena) -> Result<Value<'a>, EvalError> {
        match self {
            Self::Keep => Ok(value),
            Self::ToBoolean => number::to_boolean(value),
            Self::ToInteger(to, scale) => number::to_integer(value, *to, *scale),
            Self::ToFloat(scale) => number::to_float(value, *scale),
            Self::ToDouble(scale) => number::to_double(value, *scale).map(Value::Double),
            Self::ToDecimal { from, precision, scale } => {
                number::to_decimal(value, *from, *precision, *scale)
            }
            Self::Print(printer, length) => printer.print(value, *length, arena),
            Self::FitBytes(length) => match value {
                Value::Bytes(bytes) => Ok(Value::Bytes(length.fit(bytes, arena))),
                _ => Err(mistyped()),
            },
            Self::Try(cast) => Ok(cast.apply(value, arena).unwrap_or(Value::Null)),
            Self::Array(_) | Self::Map(..) | Self::Row(_) => self.convert_nested(value, arena),
            _ => match value {
                Value::String(text) => self.convert_text(text, arena),
                _ => self.convert_moment(value),
            },
        }
    }

    fn convert_text<'a>(&self, text: &'a str, arena: &'a Arena) -> Result<Value<'a>, EvalError> {
        match self {
            Self::FitText(length) => Ok(Value::String(length.fit(text, arena))),
            Self::Encode(length) => Ok(Value::Bytes(length.fit(text.as_bytes(), arena))),
            Self::ReadBoolean => read::boolean(text),
            Self::ReadInteger(to) => read::integer(text, *to),
            Self::ReadFloat => read::float(text),
            Self::ReadDouble => read::double(text),
            Self::ReadDecimal { precision, scale } => read::decimal(text, *precision, *scale),
            Self::ReadDate => read::date(text),
            Self::ReadTime => read::time(text),
            Self::ReadTimestamp { formatter, precision, zone } => {
                read::timestamp(text, formatter, *precision, zone)
            }
            _ => Err(mistyped()),
        }
    }

    fn convert_moment<'a>(&self, value: Value<'a>) -> Result<Value<'a>, EvalError> {
        match (self, value) {
            (Self::ToMoment(zone), Value::Date(days)) => Ok(moment::of_date(days, zone)),
            (Self::ToMoment(zone), Value::Time(millis)) => Ok(moment::of_time(millis, zone)),
            (_, Value::Timestamp(at)) => Ok(match self {
                Self::Truncate(precision) => Value::Timestamp(moment::truncated(at, *precision)),
                Self::ToInstant(zone, precision) => {
                    Value::Timestamp(moment::truncated(moment::to_instant(at, zone), *precision))
                }
                Self::ToWallClock(zone, precision) => {
                    Value::Timestamp(moment::truncated(moment::to_wall_clock(at, zone), *precision))
                }
                Self::TimestampToDate => return moment::to_date(at),
                Self::TimestampToTime => moment::to_time(at),
                Self::InstantToDate(zone) => return moment::to_local_date(at, zone),
                Self::InstantToTime(zone) => moment::to_local_time(at, zone),
                _ => return Err(mistyped()),
            }),
            _ => Err(mistyped()),
        }
    }

    fn convert_nested<'a>(&self, value: Value<'a>, arena: &'a Arena) -> Result<Value<'a>, EvalError> {
        match (self, value) {
            (Self::Array(cast), Value::Array(items)) => {
                let out = arena.alloc_slice_copy(items);
                for item in &mut *out {
                    *item = cast.apply(*item, arena)?;
                }
                Ok(Value::Array(out))
            }
            (Self::Map(key_cast, value_cast), Value::Map(entries)) => {
                let out = arena.alloc_slice_copy(entries);
                for (key, value) in &mut *out {
                    *key = key_cast.apply(*key, arena)?;
                    *value = value_cast.apply(*value, arena)?;
                }
                Ok(Value::Map(out))
            }
            (Self::Row(casts), Value::Row(fields)) => {
                let out = arena.alloc_slice_copy(fields);
                for (field, cast) in out.iter_mut().zip(casts) {
                    *field = cast.apply(*field, arena)?;
                }
                Ok(Value::Row(out))
            }
            _ => Err(mistyped()),
        }
    }
}

/// Seen only if a decoder hands out what is not of its column's type.
#[cold]
pub(super) fn mistyped() -> EvalError {
    EvalError::new("the value is not of the column's type; this is a mistake of ours")
}

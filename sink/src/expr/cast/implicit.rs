//! Flink's implicit casts: which there are, and what they do to a value.

use crate::expr::decimal;
use crate::row::{Arena, Timestamp, Unscaled, Value};
use crate::types::{DataType, LogicalType};

/// What happens to a value on its way into a column.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Cast {
    /// Nothing.
    Keep,
    SmallInt,
    Int,
    BigInt,
    Float,
    Double,
    /// From DECIMAL of a scale to FLOAT or DOUBLE.
    DecimalToFloat(u8),
    DecimalToDouble(u8),
    /// To DECIMAL from any number; what does not fit is NULL.
    Decimal {
        from: u8,
        precision: u8,
        scale: u8,
    },
    /// At most so many characters.
    VarChar(u32),
    /// Exactly so many characters, filled with blanks.
    Char(u32),
    /// At most so many bytes.
    VarBinary(u32),
    /// Exactly so many bytes, filled with zeros.
    Binary(u32),
    /// A moment without its finer digits.
    Timestamp(u8),
    TimestampToDate,
    TimestampToTime,
    Array(Box<Cast>),
    Map(Box<Cast>, Box<Cast>),
    Row(Box<[Cast]>),
}

impl Cast {
    /// The cast that Flink puts in by itself, or nothing where it asks for CAST.
    pub(crate) fn implicit(from: &DataType, to: &DataType) -> Option<Self> {
        if from.nullable && !to.nullable {
            return None;
        }
        Self::logical(&from.logical, &to.logical)
    }

    /// The same whether or not NULL fits.
    pub(crate) fn logical(from: &LogicalType, to: &LogicalType) -> Option<Self> {
        use LogicalType as T;
        if from == to {
            return Some(Self::Keep);
        }
        Some(match (from, to) {
            (T::TinyInt, T::SmallInt) => Self::SmallInt,
            (T::TinyInt | T::SmallInt, T::Int) => Self::Int,
            (T::TinyInt | T::SmallInt | T::Int, T::BigInt) => Self::BigInt,
            (T::TinyInt | T::SmallInt | T::Int | T::BigInt, T::Float) => Self::Float,
            (T::TinyInt | T::SmallInt | T::Int | T::BigInt | T::Float, T::Double) => Self::Double,
            (T::Decimal { scale, .. }, T::Float) => Self::DecimalToFloat(*scale),
            (T::Decimal { scale, .. }, T::Double) => Self::DecimalToDouble(*scale),
            (T::Decimal { scale: from, .. }, T::Decimal { precision, scale }) => {
                Self::Decimal { from: *from, precision: *precision, scale: *scale }
            }
            (
                T::TinyInt | T::SmallInt | T::Int | T::BigInt | T::Float | T::Double,
                T::Decimal { precision, scale },
            ) => Self::Decimal { from: 0, precision: *precision, scale: *scale },
            (T::Char(_), T::Char(n)) => Self::Char(*n),
            (T::Char(from) | T::VarChar(from), T::VarChar(n)) if from <= n => Self::Keep,
            (T::Char(_) | T::VarChar(_), T::VarChar(n)) => Self::VarChar(*n),
            (T::Binary(_), T::Binary(n)) => Self::Binary(*n),
            (T::Binary(from) | T::VarBinary(from), T::VarBinary(n)) if from <= n => Self::Keep,
            (T::Binary(_) | T::VarBinary(_), T::VarBinary(n)) => Self::VarBinary(*n),
            (T::Time(_), T::Time(_)) => Self::Keep,
            (T::Timestamp(_), T::Date) => Self::TimestampToDate,
            (T::Timestamp(_), T::Time(_)) => Self::TimestampToTime,
            // The zone of the session is UTC, so a wall clock and its instant are one number.
            (T::Timestamp(from) | T::TimestampLtz(from), T::Timestamp(to) | T::TimestampLtz(to)) => {
                if from <= to { Self::Keep } else { Self::Timestamp(*to) }
            }
            _ => return Self::nested(from, to),
        })
    }

    fn nested(from: &LogicalType, to: &LogicalType) -> Option<Self> {
        use LogicalType as T;
        match (from, to) {
            (T::Array(from), T::Array(to)) => Some(match Self::implicit(from, to)? {
                Self::Keep => Self::Keep,
                cast => Self::Array(Box::new(cast)),
            }),
            (T::Map(k, v), T::Map(to_k, to_v)) => {
                Some(match (Self::implicit(k, to_k)?, Self::implicit(v, to_v)?) {
                    (Self::Keep, Self::Keep) => Self::Keep,
                    (key, value) => Self::Map(Box::new(key), Box::new(value)),
                })
            }
            (T::Multiset(from), T::Multiset(to)) => Some(match Self::implicit(from, to)? {
                Self::Keep => Self::Keep,
                cast => Self::Map(Box::new(cast), Box::new(Self::Keep)),
            }),
            (T::Row(from), T::Row(to)) if from.len() == to.len() => {
                let casts =
                    from.iter().zip(to.iter()).map(|(a, b)| Self::implicit(&a.data_type, &b.data_type));
                let casts: Vec<Self> = casts.collect::<Option<_>>()?;
                let keep = casts.iter().all(|cast| *cast == Self::Keep);
                Some(if keep { Self::Keep } else { Self::Row(casts.into()) })
            }
            _ => None,
        }
    }

    /// The value after the cast. NULL stays NULL.
    pub(crate) fn apply<'a>(&self, value: Value<'a>, arena: &'a Arena) -> Result<Value<'a>, &'static str> {
        if value == Value::Null {
            return Ok(Value::Null);
        }
        Ok(match self {
            Self::Keep => value,
            Self::SmallInt => Value::SmallInt(i16::try_from(integer(value)?).map_err(|_| MISTYPED)?),
            Self::Int => Value::Int(i32::try_from(integer(value)?).map_err(|_| MISTYPED)?),
            Self::BigInt => Value::BigInt(integer(value)?),
            // Java's widening to float and double rounds to the nearest, as `as` does.
            Self::Float => Value::Float(integer(value)? as f32),
            Self::Double => Value::Double(double(value)?),
            Self::DecimalToFloat(scale) => Value::Float(decimal::to_double(unscaled(value)?, *scale) as f32),
            Self::DecimalToDouble(scale) => Value::Double(decimal::to_double(unscaled(value)?, *scale)),
            Self::Decimal { from, precision, scale } => decimal(value, *from, *precision, *scale)?,
            Self::VarChar(length) => Value::String(trimmed(string(value)?, *length)),
            Self::Char(length) => Value::String(padded(string(value)?, *length, arena)),
            Self::VarBinary(length) => {
                let bytes = bytes(value)?;
                Value::Bytes(&bytes[..bytes.len().min(*length as usize)])
            }
            Self::Binary(length) => Value::Bytes(resized(bytes(value)?, *length as usize, arena)),
            Self::Timestamp(precision) => Value::Timestamp(truncated(timestamp(value)?, *precision)),
            Self::TimestampToDate => date(timestamp(value)?)?,
            Self::TimestampToTime => time(timestamp(value)?),
            Self::Array(_) | Self::Map(..) | Self::Row(_) => return self.apply_nested(value, arena),
        })
    }

    fn apply_nested<'a>(&self, value: Value<'a>, arena: &'a Arena) -> Result<Value<'a>, &'static str> {
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
            _ => Err(MISTYPED),
        }
    }
}

/// Seen only if a decoder hands out what is not of its column's type.
const MISTYPED: &str = "the value is not of the column's type; this is a mistake of ours";

fn integer(value: Value<'_>) -> Result<i64, &'static str> {
    match value {
        Value::TinyInt(n) => Ok(n.into()),
        Value::SmallInt(n) => Ok(n.into()),
        Value::Int(n) => Ok(n.into()),
        Value::BigInt(n) => Ok(n),
        _ => Err(MISTYPED),
    }
}

fn double(value: Value<'_>) -> Result<f64, &'static str> {
    match value {
        Value::Float(n) => Ok(n.into()),
        Value::Double(n) => Ok(n),
        _ => integer(value).map(|n| n as f64),
    }
}

fn unscaled(value: Value<'_>) -> Result<i128, &'static str> {
    match value {
        Value::Decimal(Unscaled(digits)) => Ok(digits),
        _ => Err(MISTYPED),
    }
}

fn decimal<'a>(value: Value<'a>, from: u8, precision: u8, scale: u8) -> Result<Value<'a>, &'static str> {
    let digits = match value {
        Value::Decimal(Unscaled(digits)) => decimal::rescale(digits, from, precision, scale),
        Value::Float(_) | Value::Double(_) => {
            let number = double(value)?;
            if !number.is_finite() {
                return Err("a DECIMAL cannot hold NaN or Infinity");
            }
            decimal::from_double(number, precision, scale)
        }
        _ => decimal::rescale(integer(value)?.into(), 0, precision, scale),
    };
    Ok(digits.map_or(Value::Null, |digits| Value::Decimal(Unscaled(digits))))
}

fn string(value: Value<'_>) -> Result<&str, &'static str> {
    match value {
        Value::String(text) => Ok(text),
        _ => Err(MISTYPED),
    }
}

fn bytes(value: Value<'_>) -> Result<&[u8], &'static str> {
    match value {
        Value::Bytes(bytes) => Ok(bytes),
        _ => Err(MISTYPED),
    }
}

fn timestamp(value: Value<'_>) -> Result<Timestamp, &'static str> {
    match value {
        Value::Timestamp(moment) => Ok(moment),
        _ => Err(MISTYPED),
    }
}

fn trimmed(text: &str, length: u32) -> &str {
    let length = length as usize;
    if text.len() <= length {
        return text;
    }
    text.char_indices().nth(length).map_or(text, |(end, _)| &text[..end])
}

fn padded<'a>(text: &'a str, length: u32, arena: &'a Arena) -> &'a str {
    let missing = (length as usize).saturating_sub(text.chars().count());
    if missing == 0 {
        return trimmed(text, length);
    }
    let mut padded = arena.string_with_capacity(text.len() + missing);
    padded.push_str(text);
    padded.extend(std::iter::repeat_n(' ', missing));
    padded.into_str()
}

fn resized<'a>(bytes: &'a [u8], length: usize, arena: &'a Arena) -> &'a [u8] {
    if bytes.len() >= length {
        return &bytes[..length];
    }
    arena.alloc_slice_fill_with(length, |index| bytes.get(index).copied().unwrap_or(0))
}

/// As Flink cuts: milliseconds towards 1970, what is finer towards the past.
fn truncated(moment: Timestamp, precision: u8) -> Timestamp {
    if precision >= 3 {
        let unit = 10_u32.pow(u32::from(9 - precision.min(9)));
        return Timestamp { seconds: moment.seconds, nanos: moment.nanos - moment.nanos % unit };
    }
    let unit = 10_i128.pow(u32::from(3 - precision));
    let ms = i128::from(moment.seconds) * 1000 + i128::from(moment.nanos / 1_000_000);
    let ms = ms / unit * unit;
    // Nearer to zero than a number of seconds that was an i64.
    let seconds = i64::try_from(ms.div_euclid(1000)).unwrap_or(moment.seconds);
    Timestamp { seconds, nanos: (ms.rem_euclid(1000) as u32) * 1_000_000 }
}

const DAY_SECONDS: i64 = 86_400;

fn date<'a>(moment: Timestamp) -> Result<Value<'a>, &'static str> {
    let days = i32::try_from(moment.seconds.div_euclid(DAY_SECONDS));
    days.map(Value::Date).map_err(|_| "the moment lies beyond the days of a DATE")
}

fn time<'a>(moment: Timestamp) -> Value<'a> {
    // Below a day's 86,400,000.
    Value::Time(moment.seconds.rem_euclid(DAY_SECONDS) as i32 * 1000 + (moment.nanos / 1_000_000) as i32)
}

#[cfg(test)]
mod tests;

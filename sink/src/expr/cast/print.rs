//! Values written as texts.

use std::fmt::Write;
use std::sync::Arc;

use super::fit::TextLength;
use super::mistyped::mistyped;
use super::moment;
use crate::arena::ArenaString;
use crate::expr::EvalError;
use crate::expr::temporal::text::{write_date, write_millis, write_months, write_time, write_timestamp};
use crate::expr::temporal::zone::Zone;
use crate::format::{decimal, number};
use crate::row::{Arena, Unscaled, Value};
use crate::types::LogicalType;

/// How values of a type are written.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Printer {
    /// What needs no more than the value: BOOLEAN, numbers, texts, bytes, DATE and TIME.
    Plain,
    /// A DECIMAL of this scale.
    Decimal(u8),
    /// A TIMESTAMP of this precision.
    Timestamp(u8),
    /// A TIMESTAMP_LTZ of this precision.
    Instant(u8, Arc<Zone>),
    Months,
    Millis,
    Array(Box<Printer>),
    /// A MAP, or a MULTISET with its counts.
    Map(Box<Printer>, Box<Printer>),
    Row(Box<[Printer]>),
}

impl Printer {
    /// Every type has a text.
    pub(super) fn of(logical: &LogicalType, zone: &Arc<Zone>) -> Self {
        use LogicalType as T;
        let inner = |logical: &T| Box::new(Self::of(logical, zone));
        match logical {
            T::Decimal { scale, .. } => Self::Decimal(*scale),
            T::Timestamp(precision) => Self::Timestamp(*precision),
            T::TimestampLtz(precision) => Self::Instant(*precision, Arc::clone(zone)),
            T::IntervalYearMonth => Self::Months,
            T::IntervalDayTime => Self::Millis,
            T::Array(item) => Self::Array(inner(&item.logical)),
            T::Map(key, value) => Self::Map(inner(&key.logical), inner(&value.logical)),
            T::Multiset(item) => Self::Map(inner(&item.logical), Box::new(Self::Plain)),
            T::Row(fields) => {
                Self::Row(fields.iter().map(|field| Self::of(&field.data_type.logical, zone)).collect())
            }
            _ => Self::Plain,
        }
    }

    /// The value's text, held to a length.
    pub(super) fn print<'a>(
        &self,
        value: Value<'a>,
        length: TextLength,
        arena: &'a Arena,
    ) -> Result<Value<'a>, EvalError> {
        let mut out = arena.string_with_capacity(TEXT_BYTES_USUAL);
        self.write(value, &mut out)?;
        Ok(Value::String(length.fit(out.into_str(), arena)))
    }

    fn write(&self, value: Value<'_>, out: &mut ArenaString<'_>) -> Result<(), EvalError> {
        // Growing text in the arena does not fail.
        let _ = match (self, value) {
            (_, Value::Null) => out.write_str("NULL"),
            (Self::Plain, value) => return write_plain(value, out),
            (Self::Decimal(scale), Value::Decimal(Unscaled(digits))) => {
                out.push_written(|text| decimal::write_plain(digits, *scale, text));
                Ok(())
            }
            (Self::Timestamp(precision), Value::Timestamp(at)) => write_timestamp(at, *precision, out),
            (Self::Instant(precision, zone), Value::Timestamp(at)) => {
                write_timestamp(moment::to_wall_clock(at, zone), *precision, out)
            }
            (Self::Months, Value::Int(months)) => write_months(months, out),
            (Self::Millis, Value::BigInt(millis)) => write_millis(millis, out),
            (Self::Array(item), Value::Array(items)) => {
                return listed(out, "[]", items, |value, out| item.write(*value, out));
            }
            (Self::Map(key, value), Value::Map(entries)) => {
                return listed(out, "{}", entries, |entry, out| {
                    key.write(entry.0, out)?;
                    out.push('=');
                    value.write(entry.1, out)
                });
            }
            (Self::Row(printers), Value::Row(fields)) => {
                let fields: Vec<_> = printers.iter().zip(fields).collect();
                return listed(out, "()", &fields, |(printer, field), out| printer.write(**field, out));
            }
            _ => return Err(mistyped()),
        };
        Ok(())
    }
}

/// Room for most texts of numbers and moments.
const TEXT_BYTES_USUAL: usize = 32;

fn write_plain(value: Value<'_>, out: &mut ArenaString<'_>) -> Result<(), EvalError> {
    let mut integer = itoa::Buffer::new();
    match value {
        Value::Boolean(truth) => out.push_str(if truth { "TRUE" } else { "FALSE" }),
        Value::TinyInt(it) => out.push_str(integer.format(it)),
        Value::SmallInt(it) => out.push_str(integer.format(it)),
        Value::Int(it) => out.push_str(integer.format(it)),
        Value::BigInt(it) => out.push_str(integer.format(it)),
        Value::Float(it) => out.push_written(|text| number::write_f32(it, text)),
        Value::Double(it) => out.push_written(|text| number::write_f64(it, text)),
        Value::String(text) => out.push_str(text),
        Value::Bytes(bytes) => out.push_str(&String::from_utf8_lossy(bytes)),
        // Growing text in the arena does not fail.
        Value::Date(days) => drop(write_date(days.into(), out)),
        Value::Time(millis) => drop(write_time(millis.into(), out)),
        _ => return Err(mistyped()),
    }
    Ok(())
}

/// Items between brackets, with `, ` between them.
fn listed<T>(
    out: &mut ArenaString<'_>,
    brackets: &str,
    items: &[T],
    write: impl Fn(&T, &mut ArenaString<'_>) -> Result<(), EvalError>,
) -> Result<(), EvalError> {
    out.push_str(&brackets[..1]);
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            out.push_str(", ");
        }
        write(item, out)?;
    }
    out.push_str(&brackets[1..]);
    Ok(())
}

//! Rows to JSON, byte for byte as Flink's `json` format.

use super::options::{EncodeOptions, NullKeys};
use super::shape::{Member, Members, Shape};
use super::text::{quote, write_double};
use crate::format::{EncodeError, Encoded, Encoder, base64, decimal, number, time};
use crate::row::{Row, RowKind, Timestamp, Unscaled, Value};

/// Writes some of a row's columns as an object: projection costs nothing.
pub(crate) struct JsonEncoder {
    members: Vec<(usize, Member)>,
    options: EncodeOptions,
}

impl Encoder for JsonEncoder {
    #[inline]
    fn encode(&self, _: RowKind, row: Row<'_>, out: &mut Vec<u8>) -> Result<Encoded, EncodeError> {
        let start = out.len();
        let members = self.members.iter();
        let members = members.map(|(slot, member)| (member, row.get(*slot).copied().unwrap_or(Value::Null)));
        match self.object(members, out) {
            Ok(()) => Ok(Encoded::Bytes),
            Err(error) => {
                out.truncate(start);
                Err(error)
            }
        }
    }
}

impl JsonEncoder {
    /// The members with the slots of the row where their values are.
    pub(super) fn new(members: Vec<(usize, Member)>, options: EncodeOptions) -> Self {
        Self { members, options }
    }

    #[inline]
    fn object<'m>(
        &self,
        members: impl Iterator<Item = (&'m Member, Value<'m>)>,
        out: &mut Vec<u8>,
    ) -> Result<(), EncodeError> {
        let start = out.len();
        for (member, value) in members {
            if !(self.options.ignore_null_fields && value == Value::Null) {
                out.extend_from_slice(member.label());
                self.value(&member.shape, value, out).map_err(|error| error.within(&member.name))?;
            }
        }
        // Every label begins with a comma: the first becomes the brace.
        match out.get_mut(start) {
            Some(comma) => *comma = b'{',
            None => out.push(b'{'),
        }
        out.push(b'}');
        Ok(())
    }

    #[inline]
    fn value(&self, shape: &Shape, value: Value<'_>, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        match (shape, value) {
            (Shape::String, Value::String(text)) => quote(text, out),
            (Shape::Double, Value::Double(value)) => write_double(value, out),
            (Shape::Int, Value::Int(value)) => integer(value, out),
            (Shape::BigInt, Value::BigInt(value)) => integer(value, out),
            (_, Value::Null) => out.extend_from_slice(b"null"),
            (Shape::Array(item), Value::Array(items)) => self.array(item, items, out)?,
            (Shape::Map(item), Value::Map(entries)) => self.map(item, entries, out)?,
            (Shape::Row(members), Value::Row(row)) => self.nested(members, row, out)?,
            (shape, value) => self.scalar(shape, value, out)?,
        }
        Ok(())
    }

    /// The types that are met less often.
    #[inline(never)]
    fn scalar(&self, shape: &Shape, value: Value<'_>, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        match (shape, value) {
            (Shape::Boolean, Value::Boolean(value)) => {
                out.extend_from_slice(if value { b"true" } else { b"false" });
            }
            (Shape::TinyInt, Value::TinyInt(value)) => integer(value, out),
            (Shape::SmallInt, Value::SmallInt(value)) => integer(value, out),
            (Shape::Float, Value::Float(value)) if value.is_finite() => number::write_f32(value, out),
            (Shape::Float, Value::Float(value)) => write_double(value.into(), out),
            (&Shape::Decimal { scale, .. }, Value::Decimal(value)) => self.decimal(value, scale, out),
            (Shape::Bytes, Value::Bytes(bytes)) => quoted(out, |out| base64::encode(bytes, out)),
            (Shape::Date, Value::Date(days)) => quoted(out, |out| time::write_date(days.into(), out)),
            (Shape::Time, Value::Time(millis)) => quoted(out, |out| time::write_time(millis, out)),
            (Shape::Timestamp, Value::Timestamp(time)) => quoted(out, |out| self.timestamp(time, out)),
            (Shape::TimestampLtz, Value::Timestamp(time)) => quoted(out, |out| {
                self.timestamp(time, out);
                out.push(b'Z');
            }),
            // The planner has seen to it; if not, better no row than a wrong one.
            _ => return Err(EncodeError::new("the value is not of the column's type")),
        }
        Ok(())
    }

    fn decimal(&self, Unscaled(value): Unscaled, scale: u8, out: &mut Vec<u8>) {
        if self.options.decimal_as_plain_number {
            decimal::write_plain(value, scale, out);
        } else {
            decimal::write_stripped(value, scale, out);
        }
    }

    fn timestamp(&self, time: Timestamp, out: &mut Vec<u8>) {
        time::write_timestamp(time, self.options.timestamps, out);
    }

    fn array(&self, item: &Member, items: &[Value<'_>], out: &mut Vec<u8>) -> Result<(), EncodeError> {
        out.push(b'[');
        for (at, &value) in items.iter().enumerate() {
            out.extend((at > 0).then_some(b','));
            self.value(&item.shape, value, out).map_err(|error| error.within(&format!("[{at}]")))?;
        }
        out.push(b']');
        Ok(())
    }

    /// Where the literal of a null key meets the same key, the later value stands in the first one's place.
    fn map(
        &self,
        item: &Member,
        entries: &[(Value<'_>, Value<'_>)],
        out: &mut Vec<u8>,
    ) -> Result<(), EncodeError> {
        let start = out.len();
        let mut literal_written = false;
        for &(key, value) in entries {
            let (key, value) = match (key, &self.options.null_keys) {
                (Value::Null, NullKeys::Fail) => return Err(EncodeError::new(NULL_KEY)),
                (Value::Null, NullKeys::Drop) => continue,
                (key, NullKeys::Literal(literal)) if key == Value::Null || key == Value::String(literal) => {
                    if std::mem::replace(&mut literal_written, true) {
                        continue;
                    }
                    let same = |key: Value<'_>| key == Value::Null || key == Value::String(literal);
                    let last = entries.iter().rev().find(|entry| same(entry.0));
                    (&**literal, last.map_or(value, |entry| entry.1))
                }
                (Value::String(key), _) => (key, value),
                _ => return Err(EncodeError::new("a key of the map is not a string")),
            };
            out.push(b',');
            quote(key, out);
            out.push(b':');
            self.value(&item.shape, value, out).map_err(|error| error.within(&format!("[{key}]")))?;
        }
        match out.get_mut(start) {
            Some(comma) => *comma = b'{',
            None => out.push(b'{'),
        }
        out.push(b'}');
        Ok(())
    }

    fn nested(&self, members: &Members, row: Row<'_>, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.object(members.list.iter().zip(row.iter().copied()), out)
    }
}

const NULL_KEY: &str =
    "a key of the map is NULL; the option 'map-null-key.mode' may be 'DROP' to leave it out, or 'LITERAL'";

#[inline]
fn integer(value: impl itoa::Integer, out: &mut Vec<u8>) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

#[inline]
fn quoted(out: &mut Vec<u8>, text: impl FnOnce(&mut Vec<u8>)) {
    out.push(b'"');
    text(out);
    out.push(b'"');
}

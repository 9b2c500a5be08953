//! Rows to Avro's JSON encoding, as Java's encoder writes it: `'encoding' = 'json'`.

use super::scalar::{count, int, misfit, symbol, text_of, twos_complement};
use super::write_step::{WriteField, WriteStep};
use crate::format::json::{quote, write_double};
use crate::format::{EncodeError, number};
use crate::row::{Row, Unscaled, Value};

/// Appends a value.
pub(super) fn write_json(step: &WriteStep, value: Value<'_>, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    match (step, value) {
        (WriteStep::Optional { .. }, Value::Null) => out.extend_from_slice(b"null"),
        (WriteStep::Optional { name, step, .. }, value) => {
            out.push(b'{');
            quote(name, out);
            out.push(b':');
            write_json(step, value, out)?;
            out.push(b'}');
        }
        (WriteStep::Record(fields), Value::Row(row)) => record(fields, row, out)?,
        (WriteStep::Array(item), Value::Array(items)) => {
            out.push(b'[');
            for (at, &value) in items.iter().enumerate() {
                out.extend((at > 0).then_some(b','));
                write_json(item, value, out).map_err(|error| error.within(&format!("[{at}]")))?;
            }
            out.push(b']');
        }
        (WriteStep::Map(item), Value::Map(entries)) => {
            out.push(b'{');
            for (at, &(key, value)) in entries.iter().enumerate() {
                out.extend((at > 0).then_some(b','));
                let key = text_of(key)?;
                quote(key, out);
                out.push(b':');
                write_json(item, value, out).map_err(|error| error.within(&format!("[{key}]")))?;
            }
            out.push(b'}');
        }
        (step, value) => scalar(step, value, out)?,
    }
    Ok(())
}

fn record(fields: &[WriteField], row: Row<'_>, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    out.push(b'{');
    for (at, WriteField { slot, name, step }) in fields.iter().enumerate() {
        out.extend((at > 0).then_some(b','));
        quote(name, out);
        out.push(b':');
        let value = row.get(*slot).copied().unwrap_or(Value::Null);
        write_json(step, value, out).map_err(|error| error.within(name))?;
    }
    out.push(b'}');
    Ok(())
}

fn scalar(step: &WriteStep, value: Value<'_>, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    let mut integer = |value: i64| out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
    match (step, value) {
        (WriteStep::Int, value) => integer(int(value)?.into()),
        (WriteStep::Long, Value::BigInt(value)) => integer(value),
        (WriteStep::TimestampMillis | WriteStep::TimestampMicros, Value::Timestamp(moment)) => {
            integer(count(step, moment)?);
        }
        (WriteStep::Boolean, Value::Boolean(value)) => {
            out.extend_from_slice(if value { b"true" } else { b"false" });
        }
        (WriteStep::Float, Value::Float(value)) if value.is_finite() => number::write_f32(value, out),
        (WriteStep::Float, Value::Float(value)) => write_double(value.into(), out),
        (WriteStep::Double, Value::Double(value)) => write_double(value, out),
        (WriteStep::String, Value::String(text)) => quote(text, out),
        (WriteStep::Bytes, Value::Bytes(bytes)) => latin(bytes, out),
        (WriteStep::Decimal, Value::Decimal(Unscaled(unscaled))) => {
            latin(twos_complement(&unscaled.to_be_bytes()), out);
        }
        (WriteStep::Enum(symbols), Value::String(text)) => {
            symbol(symbols, text)?;
            quote(text, out);
        }
        (_, value) => return Err(misfit(value)),
    }
    Ok(())
}

/// Bytes as a text of the characters with their numbers.
fn latin(bytes: &[u8], out: &mut Vec<u8>) {
    let text: String = bytes.iter().copied().map(char::from).collect();
    quote(&text, out);
}

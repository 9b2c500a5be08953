//! Rows to Avro's binary encoding.

use super::json_writer::write_json;
use super::node::{AvroNode, NodeId};
use super::scalar::{count, int, misfit, symbol, text_of, twos_complement};
use super::schema::AvroSchema;
use super::wire::{write_bytes, write_long};
use super::write_step::{WriteField, WriteStep};
use crate::format::{EncodeError, FormatError};
use crate::row::{Row, Unscaled, Value};
use crate::types::Field;

/// Writes a table's rows by its schema.
pub(in crate::format) struct DatumWriter {
    step: WriteStep,
}

impl DatumWriter {
    /// Of these columns, which stand in those slots of a row.
    pub(in crate::format) fn of_columns(
        schema: &AvroSchema,
        columns: &[Field],
        slots: &[usize],
    ) -> Result<Self, FormatError> {
        let step = whole(schema, |node| WriteStep::record(schema, node, columns, slots))?;
        Ok(Self { step })
    }

    /// Of events: a row of two such rows and a text.
    pub(in crate::format) fn of_envelope(
        schema: &AvroSchema,
        columns: &[Field],
        slots: &[usize],
    ) -> Result<Self, FormatError> {
        let step = whole(schema, |node| WriteStep::envelope(schema, node, columns, slots))?;
        Ok(Self { step })
    }

    /// Appends a row.
    #[inline]
    pub(in crate::format) fn write(&self, row: Row<'_>, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        write(&self.step, Value::Row(row), out)
    }

    /// Appends a row in Avro's JSON.
    pub(in crate::format) fn write_json(&self, row: Row<'_>, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        write_json(&self.step, Value::Row(row), out)
    }
}

/// A schema that may be a union with `null` as a whole.
fn whole(
    schema: &AvroSchema,
    step: impl FnOnce(NodeId) -> Result<WriteStep, FormatError>,
) -> Result<WriteStep, FormatError> {
    match schema.node(schema.root()) {
        AvroNode::Union(branches) => WriteStep::optional_of(schema, branches, step),
        _ => step(schema.root()),
    }
}

/// Appends a value.
fn write(step: &WriteStep, value: Value<'_>, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    match (step, value) {
        (WriteStep::Optional { null, .. }, Value::Null) => write_long(*null, out),
        (WriteStep::Optional { other, step, .. }, value) => {
            write_long(*other, out);
            write(step, value, out)?;
        }
        (WriteStep::String, Value::String(text)) => write_bytes(text.as_bytes(), out),
        (WriteStep::Long, Value::BigInt(value)) => write_long(value, out),
        (WriteStep::Double, Value::Double(value)) => out.extend_from_slice(&value.to_le_bytes()),
        (WriteStep::Record(fields), Value::Row(row)) => record(fields, row, out)?,
        (WriteStep::Array(item), Value::Array(items)) => array(item, items, out)?,
        (WriteStep::Map(item), Value::Map(entries)) => map(item, entries, out)?,
        (step, value) => scalar(step, value, out)?,
    }
    Ok(())
}

fn scalar(step: &WriteStep, value: Value<'_>, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    match (step, value) {
        (WriteStep::Int, value) => write_long(int(value)?.into(), out),
        (WriteStep::Boolean, Value::Boolean(value)) => out.push(value.into()),
        (WriteStep::TimestampMillis | WriteStep::TimestampMicros, Value::Timestamp(moment)) => {
            write_long(count(step, moment)?, out);
        }
        (WriteStep::Float, Value::Float(value)) => out.extend_from_slice(&value.to_le_bytes()),
        (WriteStep::Bytes, Value::Bytes(bytes)) => write_bytes(bytes, out),
        (WriteStep::Decimal, Value::Decimal(Unscaled(unscaled))) => {
            write_bytes(twos_complement(&unscaled.to_be_bytes()), out);
        }
        (WriteStep::Enum(symbols), Value::String(text)) => write_long(symbol(symbols, text)?, out),
        (_, value) => return Err(misfit(value)),
    }
    Ok(())
}

fn record(fields: &[WriteField], row: Row<'_>, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    for WriteField { slot, name, step } in fields {
        let value = row.get(*slot).copied().unwrap_or(Value::Null);
        write(step, value, out).map_err(|error| error.within(name))?;
    }
    Ok(())
}

fn array(item: &WriteStep, items: &[Value<'_>], out: &mut Vec<u8>) -> Result<(), EncodeError> {
    block(items.len(), out);
    for (at, &value) in items.iter().enumerate() {
        write(item, value, out).map_err(|error| error.within(&format!("[{at}]")))?;
    }
    out.push(0);
    Ok(())
}

fn map(item: &WriteStep, entries: &[(Value<'_>, Value<'_>)], out: &mut Vec<u8>) -> Result<(), EncodeError> {
    block(entries.len(), out);
    for &(key, value) in entries {
        let key = text_of(key)?;
        write_bytes(key.as_bytes(), out);
        write(item, value, out).map_err(|error| error.within(&format!("[{key}]")))?;
    }
    out.push(0);
    Ok(())
}

/// What stands before items; an array or map without any is only its end.
fn block(count: usize, out: &mut Vec<u8>) {
    if count > 0 {
        write_long(count as i64, out);
    }
}

//! Rows to protobuf messages, in the order of the fields' numbers as Java writes them.

use super::message_reader::layout;
use super::proto_wire::{WireType, write_tag, write_varint};
use super::shape::{EnumColumn, EnumShape, FieldShape, ItemShape, MessageShape, Repeats, Wire, WireWidth};
use crate::format::EncodeError;
use crate::row::{Row, Value};

/// Appends a row. `null_text` stands for a NULL string in a list or a map.
pub(super) fn write(
    shape: &MessageShape,
    row: Row<'_>,
    null_text: &str,
    out: &mut Vec<u8>,
) -> Result<(), EncodeError> {
    for field in &shape.fields {
        let Some(slot) = field.column else { continue };
        let value = row.get(slot).copied().unwrap_or(Value::Null);
        // Of a oneof the later column wins.
        let is_set =
            |&sibling: &usize| sibling > slot && !matches!(row.get(sibling), None | Some(Value::Null));
        if value != Value::Null && !field.siblings.iter().any(is_set) {
            write_field(field, value, null_text, out).map_err(|error| error.within(&field.name))?;
        }
    }
    Ok(())
}

fn write_field(
    field: &FieldShape,
    value: Value<'_>,
    null_text: &str,
    out: &mut Vec<u8>,
) -> Result<(), EncodeError> {
    let FieldShape { number, item, .. } = field;
    match (&field.repeats, value) {
        (Repeats::Once, value) => {
            if field.has_presence || !is_default(item, value) {
                write_tag(*number, layout(item), out);
                write_item(item, value, null_text, out)?;
            }
        }
        (Repeats::List { packed: true }, Value::Array(items)) if !items.is_empty() => {
            write_tag(*number, WireType::Length, out);
            with_length(out, |out| {
                items.iter().try_for_each(|&value| write_item(item, value, null_text, out))
            })?;
        }
        (Repeats::List { .. }, Value::Array(items)) => {
            for &value in items {
                write_tag(*number, layout(item), out);
                write_item(item, value, null_text, out)?;
            }
        }
        (Repeats::Map(key), Value::Map(entries)) => {
            for &(name, value) in entries {
                write_tag(*number, WireType::Length, out);
                with_length(out, |out| {
                    write_tag(1, layout(key), out);
                    write_item(key, name, null_text, out)?;
                    write_tag(2, layout(item), out);
                    write_item(item, value, null_text, out)
                })?;
            }
        }
        _ => return Err(EncodeError::new("the value is not of the column's type")),
    }
    Ok(())
}

/// A value without its tag; NULL is the type's default.
fn write_item(
    item: &ItemShape,
    value: Value<'_>,
    null_text: &str,
    out: &mut Vec<u8>,
) -> Result<(), EncodeError> {
    match (item, value) {
        (ItemShape::Boolean, Value::Boolean(value)) => out.push(value.into()),
        (ItemShape::Integer(wire, _), Value::Int(value)) => int(*wire, value, out),
        (ItemShape::Integer(wire, _), Value::BigInt(value)) => long(*wire, value, out),
        (ItemShape::Float, Value::Float(value)) => out.extend_from_slice(&value.to_le_bytes()),
        (ItemShape::Double, Value::Double(value)) => out.extend_from_slice(&value.to_le_bytes()),
        (ItemShape::String { .. }, Value::String(text)) => bytes(text.as_bytes(), out),
        (ItemShape::Bytes, Value::Bytes(value)) => bytes(value, out),
        (ItemShape::Enum(values, column), value) => {
            // A negative number has ten bytes, as an int32 has.
            write_varint(i64::from(number(values, *column, value)) as u64, out);
        }
        (ItemShape::Message(shape), Value::Row(row)) => {
            with_length(out, |out| write(shape, row, null_text, out))?;
        }
        (ItemShape::Float, Value::Null) => out.extend_from_slice(&[0; 4]),
        (ItemShape::Double, Value::Null) => out.extend_from_slice(&[0; 8]),
        (ItemShape::Integer(wire, WireWidth::Int), Value::Null) => int(*wire, 0, out),
        (ItemShape::Integer(wire, WireWidth::BigInt), Value::Null) => long(*wire, 0, out),
        (ItemShape::String { .. }, Value::Null) => bytes(null_text.as_bytes(), out),
        // False, and what has no bytes.
        (_, Value::Null) => out.push(0),
        _ => return Err(EncodeError::new("the value is not of the column's type")),
    }
    Ok(())
}

/// An enum's number; one that there is not, and NULL, is the first.
fn number(values: &EnumShape, column: EnumColumn, value: Value<'_>) -> i32 {
    let wanted = |(number, name): &(i32, Box<str>)| match (column, value) {
        (EnumColumn::Name, Value::String(text)) => **name == *text,
        (EnumColumn::Int, Value::Int(value)) => *number == value,
        (EnumColumn::BigInt, Value::BigInt(value)) => i64::from(*number) == value,
        _ => false,
    };
    let found = values.values.iter().find(|it| wanted(it)).or(values.values.first());
    found.map_or(0, |(number, _)| *number)
}

/// Whether a field without presence is left out: zero by its bits, so that −0.0 is not.
fn is_default(item: &ItemShape, value: Value<'_>) -> bool {
    match (item, value) {
        (ItemShape::Enum(values, column), value) => number(values, *column, value) == 0,
        (_, Value::Boolean(value)) => !value,
        (_, Value::Int(value)) => value == 0,
        (_, Value::BigInt(value)) => value == 0,
        (_, Value::Float(value)) => value.to_bits() == 0,
        (_, Value::Double(value)) => value.to_bits() == 0,
        (_, Value::String(text)) => text.is_empty(),
        (_, Value::Bytes(bytes)) => bytes.is_empty(),
        _ => false,
    }
}

fn int(wire: Wire, value: i32, out: &mut Vec<u8>) {
    match wire {
        Wire::Fixed => out.extend_from_slice(&value.to_le_bytes()),
        Wire::Unsigned => write_varint((value as u32).into(), out),
        Wire::Zigzag => write_varint((((value << 1) ^ (value >> 31)) as u32).into(), out),
        Wire::Varint => write_varint(i64::from(value) as u64, out),
    }
}

fn long(wire: Wire, value: i64, out: &mut Vec<u8>) {
    match wire {
        Wire::Fixed => out.extend_from_slice(&value.to_le_bytes()),
        Wire::Zigzag => write_varint(((value << 1) ^ (value >> 63)) as u64, out),
        Wire::Varint | Wire::Unsigned => write_varint(value as u64, out),
    }
}

fn bytes(bytes: &[u8], out: &mut Vec<u8>) {
    write_varint(bytes.len() as u64, out);
    out.extend_from_slice(bytes);
}

/// What is written, behind its length; most lengths are one byte, for which there is room.
fn with_length(
    out: &mut Vec<u8>,
    write: impl FnOnce(&mut Vec<u8>) -> Result<(), EncodeError>,
) -> Result<(), EncodeError> {
    let start = out.len();
    out.push(0);
    write(out)?;
    let length = out.len() - start - 1;
    match u8::try_from(length) {
        Ok(short @ ..=0x7F) => out[start] = short,
        _ => {
            let mut prefix = Vec::new();
            write_varint(length as u64, &mut prefix);
            out.splice(start..=start, prefix);
        }
    }
    Ok(())
}

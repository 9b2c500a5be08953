//! Avro's JSON encoding to rows: `'encoding' = 'json'`.

use serde_json::Value as Json;

use super::datum_reader::{DatumReader, decimal_of, int, long};
use super::default_value::latin;
use super::step::{FieldStep, ReadStep, RecordSteps};
use crate::format::DecodeError;
use crate::row::{Arena, Row, Value};

/// Reads a row of a message that the table's own schema wrote. What is behind the value is left alone, as in binary.
pub(super) fn row<'a>(
    reader: &DatumReader,
    message: &[u8],
    arena: &'a Arena,
) -> Result<Option<Row<'a>>, DecodeError> {
    let mut values = serde_json::Deserializer::from_slice(message).into_iter::<Json>();
    let json = match values.next() {
        Some(Ok(json)) => json,
        Some(Err(error)) => return Err(refused(&format!("is not JSON: {error}"))),
        None => return Err(refused("is empty")),
    };
    match value(reader.steps(), &json, arena)? {
        Value::Row(row) => Ok(Some(row)),
        _ => Ok(None),
    }
}

fn value<'a>(step: &ReadStep, json: &Json, arena: &'a Arena) -> Result<Value<'a>, DecodeError> {
    match step {
        ReadStep::Optional(other) if json.is_null() => {
            _ = other;
            Ok(Value::Null)
        }
        ReadStep::Optional(other) => value(&other.1, branch(&other.0, json)?, arena),
        ReadStep::Record(record) => self::record(record, json, arena),
        ReadStep::Array(item) => {
            let Some(items) = json.as_array() else { return Err(found(json, "an array")) };
            let mut values = arena.vec_with_capacity(items.len());
            for (at, json) in items.iter().enumerate() {
                let value = value(item, json, arena);
                values.push(value.map_err(|error| error.within(&format!("[{at}]"), &"an item"))?);
            }
            Ok(Value::Array(values.into_slice()))
        }
        ReadStep::Map(item) => {
            let Some(entries) = json.as_object() else { return Err(found(json, "an object")) };
            let mut values = arena.vec_with_capacity(entries.len());
            for (key, json) in entries {
                let value = value(item, json, arena);
                let value = value.map_err(|error| error.within(&format!("[{key}]"), &"a value"))?;
                values.push((Value::String(arena.alloc_str(key)), value));
            }
            Ok(Value::Map(values.into_slice()))
        }
        ReadStep::Mismatch(why) => Err(DecodeError::refused(&**why)),
        step => scalar(step, json, arena).ok_or_else(|| found(json, "a value of the column's type")),
    }
}

/// A value of a union stands behind the name of its type.
fn branch<'j>(name: &str, json: &'j Json) -> Result<&'j Json, DecodeError> {
    let named = json.as_object().filter(|object| object.len() == 1).and_then(|object| object.get(name));
    named
        .ok_or_else(|| found(json, &format!("null or {{\"{name}\":…}}, as Avro's JSON has what may be null")))
}

fn record<'a>(steps: &RecordSteps, json: &Json, arena: &'a Arena) -> Result<Value<'a>, DecodeError> {
    let Some(members) = json.as_object() else { return Err(found(json, "an object")) };
    let slots = arena.alloc_slice_fill_copy(steps.width, Value::Null);
    for field in &steps.fields {
        let FieldStep::Read { slot, name, data_type, step } = field else { continue };
        let Some(json) = members.get(&**name) else {
            return Err(refused(&format!("has no field {name}: Avro's JSON has every field")));
        };
        slots[*slot] = value(step, json, arena).map_err(|error| error.within(name, data_type))?;
    }
    Ok(Value::Row(slots))
}

fn scalar<'a>(step: &ReadStep, json: &Json, arena: &'a Arena) -> Option<Value<'a>> {
    let floating = |json: &Json| match json {
        Json::String(text) => match &**text {
            "NaN" => Some(f64::NAN),
            "Infinity" | "INF" => Some(f64::INFINITY),
            "-Infinity" | "-INF" => Some(f64::NEG_INFINITY),
            _ => None,
        },
        json => json.as_f64(),
    };
    let bytes = |json: &Json| latin(json.as_str()?);
    Some(match step {
        ReadStep::Null => json.is_null().then_some(Value::Null)?,
        ReadStep::Boolean => Value::Boolean(json.as_bool()?),
        ReadStep::Int(of) => int(*of, i32::try_from(json.as_i64()?).ok()?),
        ReadStep::Long(of) => long(*of, json.as_i64()?),
        ReadStep::Float => Value::Float(floating(json)? as f32),
        ReadStep::Double => Value::Double(floating(json)?),
        ReadStep::String => Value::String(arena.alloc_str(json.as_str()?)),
        ReadStep::Bytes => Value::Bytes(arena.alloc_slice_copy(&bytes(json)?)),
        ReadStep::Decimal { precision, .. } => decimal_of(&bytes(json)?, *precision),
        // The table's own schema has no others.
        _ => return None,
    })
}

#[cold]
fn found(json: &Json, wanted: &str) -> DecodeError {
    let text: String = json.to_string().chars().take(EXCERPT_CHARS_MAX).collect();
    refused(&format!("has {text} where {wanted} should be"))
}

#[cold]
fn refused(why: &str) -> DecodeError {
    DecodeError::refused(format!("the message of Avro's JSON {why}"))
}

const EXCERPT_CHARS_MAX: usize = 60;

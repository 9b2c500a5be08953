//! A field's default in a schema's JSON, as the bytes that would have been written.

use serde_json::Value as Json;

use super::node::{AvroNode, NodeId, Primitive};
use super::schema::AvroSchema;
use super::wire::{write_bytes, write_long};

/// The bytes, or nothing where the JSON is no value of the type. A union's default is of its first branch.
pub(super) fn default_bytes(schema: &AvroSchema, node: NodeId, json: &Json) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    write(schema, node, json, &mut out)?;
    Some(out)
}

fn write(schema: &AvroSchema, node: NodeId, json: &Json, out: &mut Vec<u8>) -> Option<()> {
    match schema.node(node) {
        AvroNode::Primitive(primitive, _) => return scalar(*primitive, json, out),
        AvroNode::Union(branches) => {
            out.push(0);
            write(schema, *branches.first()?, json, out)?;
        }
        AvroNode::Array(item) => {
            let items = json.as_array()?;
            if !items.is_empty() {
                write_long(items.len() as i64, out);
            }
            items.iter().try_for_each(|json| write(schema, *item, json, out))?;
            out.push(0);
        }
        AvroNode::Map(value) => {
            let entries = json.as_object()?;
            if !entries.is_empty() {
                write_long(entries.len() as i64, out);
            }
            for (key, json) in entries {
                write_bytes(key.as_bytes(), out);
                write(schema, *value, json, out)?;
            }
            out.push(0);
        }
        AvroNode::Record(record) => {
            for field in &record.fields {
                let json = json.get(&*field.name).or(field.default.as_ref())?;
                write(schema, field.node, json, out)?;
            }
        }
        AvroNode::Enum { symbols, .. } => {
            let symbol = json.as_str()?;
            write_long(symbols.iter().position(|it| &**it == symbol)? as i64, out);
        }
        AvroNode::Fixed { size, .. } => {
            let bytes = latin(json.as_str()?)?;
            out.extend_from_slice(&bytes);
            return (bytes.len() == *size).then_some(());
        }
    }
    Some(())
}

fn scalar(primitive: Primitive, json: &Json, out: &mut Vec<u8>) -> Option<()> {
    match primitive {
        Primitive::Null => return json.is_null().then_some(()),
        Primitive::Boolean => out.push(u8::from(json.as_bool()?)),
        Primitive::Int => write_long(i32::try_from(json.as_i64()?).ok()?.into(), out),
        Primitive::Long => write_long(json.as_i64()?, out),
        Primitive::Float => out.extend_from_slice(&(json.as_f64()? as f32).to_le_bytes()),
        Primitive::Double => out.extend_from_slice(&json.as_f64()?.to_le_bytes()),
        Primitive::Bytes => write_bytes(&latin(json.as_str()?)?, out),
        Primitive::String => write_bytes(json.as_str()?.as_bytes(), out),
    }
    Some(())
}

/// Avro's bytes in JSON: a character each.
pub(super) fn latin(text: &str) -> Option<Vec<u8>> {
    text.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect()
}

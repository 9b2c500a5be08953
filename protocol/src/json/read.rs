//! Bytes to JSON.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use serde_json::{Map, Number, Value, json};

use super::camel;
use crate::schema::Schema;
use crate::wire::{Field, Kind, Leaf, Malformed, Reader, ShortString, Struct};

/// Where a view keeps tagged fields that this build does not know: a list of `tag` and `data`, in base64. Java's view
/// drops them.
pub const UNKNOWN_TAGS: &str = "unknownTaggedFields";

/// The view of a body at a version. Each object is in the order of the wire.
///
/// # Errors
/// [`Malformed`] names the field and the byte.
pub fn decode(schema: &Schema, version: i16, body: &Bytes) -> Result<Value, Malformed> {
    let flexible = schema.is_flexible(version);
    let mut reader = Reader::new(body, version, flexible);
    if !schema.versions.contains(version) {
        return Err(reader.malformed("a version that is not of this build"));
    }
    let view = View { version, flexible }.structure(&mut reader, schema.rows)?;
    reader.finish()?;
    Ok(view)
}

struct View {
    version: i16,
    flexible: bool,
}

impl View {
    fn structure(&self, r: &mut Reader<'_>, rows: &'static Struct) -> Result<Value, Malformed> {
        let mut object = Map::new();
        for field in rows.fields {
            if field.tag.is_none() && field.versions.contains(self.version) {
                object.insert(camel(field.name), self.field(r, field)?);
            }
        }
        if self.flexible {
            self.tags(r, rows, &mut object)?;
        }
        Ok(Value::Object(object))
    }

    fn tags(
        &self,
        r: &mut Reader<'_>,
        rows: &'static Struct,
        to: &mut Map<String, Value>,
    ) -> Result<(), Malformed> {
        let mut last = None;
        let mut unknown = Vec::new();
        for _ in 0..r.tag_count()? {
            let tag = r.tag(&mut last)?;
            let mut value = r.tag_value()?;
            match value.known_tag(rows, tag)? {
                Some(field) => {
                    to.insert(camel(field.name), self.field(&mut value, field)?);
                    value.finish()?;
                }
                None => unknown.push(json!({"tag": tag, "data": STANDARD.encode(value.rest())})),
            }
        }
        if !unknown.is_empty() {
            to.insert(UNKNOWN_TAGS.into(), Value::Array(unknown));
        }
        Ok(())
    }

    fn field(&self, r: &mut Reader<'_>, field: &'static Field) -> Result<Value, Malformed> {
        let nullable = field.nullable.contains(self.version);
        let value = match field.kind {
            Kind::Struct(rows) if field.is_nullable_struct() => match r.present_struct(field, nullable) {
                Ok(true) => self.structure(r, rows),
                Ok(false) => Ok(Value::Null),
                Err(e) => Err(e),
            },
            _ => self.value(r, &field.kind, nullable),
        };
        value.map_err(|e| e.within(field.name))
    }

    fn value(&self, r: &mut Reader<'_>, kind: &'static Kind, nullable: bool) -> Result<Value, Malformed> {
        match kind {
            Kind::Struct(rows) => self.structure(r, rows),
            Kind::Array(of) => match r.element_count(nullable)? {
                None => Ok(Value::Null),
                Some(count) => (0..count).map(|_| self.value(r, of, false)).collect(),
            },
            Kind::Primitive(primitive) => Ok(shown(Leaf::read(r, *primitive, nullable)?)),
        }
    }
}

fn shown(leaf: Leaf) -> Value {
    match leaf {
        Leaf::Bool(value) => value.into(),
        Leaf::Int8(value) => value.into(),
        Leaf::Int16(value) => value.into(),
        Leaf::Uint16(value) => value.into(),
        Leaf::Int32(value) => value.into(),
        Leaf::Uint32(value) => value.into(),
        Leaf::Int64(value) => value.into(),
        Leaf::Float64(value) => shown_float(value),
        Leaf::Uuid(value) => URL_SAFE_NO_PAD.encode(value.0).into(),
        Leaf::String(text) | Leaf::ShortString(ShortString(text)) => {
            text.map_or(Value::Null, |text| Value::String(text.into()))
        }
        Leaf::Bytes(bytes) => bytes.map_or(Value::Null, |bytes| STANDARD.encode(bytes).into()),
    }
}

/// What JSON has no number for is a string, as with Java's writer.
fn shown_float(value: f64) -> Value {
    match Number::from_f64(value) {
        Some(number) => Value::Number(number),
        None if value.is_nan() => "NaN".into(),
        None if value > 0.0 => "Infinity".into(),
        None => "-Infinity".into(),
    }
}

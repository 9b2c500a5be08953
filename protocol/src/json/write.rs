//! JSON to bytes.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use serde_json::{Map, Value};

use super::{UNKNOWN_TAGS, Unfit, camel};
use crate::schema::Schema;
use crate::wire::{Field, Kind, Leaf, Primitive, Segments, ShortString, Str, Struct, Tags, Uuid, Writer};

/// The body that a view at a version shows. As with Java's reader every field of the version is wanted, but for
/// tagged ones; unlike it, a name that is no field is an error.
///
/// # Errors
/// [`Unfit`] names the field.
pub fn encode(schema: &Schema, version: i16, view: &Value) -> Result<Segments, Unfit> {
    if !schema.versions.contains(version) {
        return Err(Unfit::new(format!(
            "{} has no version {version} in this build, but {}",
            schema.name(),
            schema.versions
        )));
    }
    let flexible = schema.is_flexible(version);
    let mut writer = Writer::new(version, flexible);
    Maker { version, flexible }.structure(&mut writer, schema.rows, view)?;
    Ok(writer.finish())
}

struct Maker {
    version: i16,
    flexible: bool,
}

impl Maker {
    fn structure(&self, w: &mut Writer, rows: &Struct, view: &Value) -> Result<(), Unfit> {
        let object = view.as_object().ok_or_else(|| wanted("an object", view))?;
        self.check_names(rows, object)?;
        let mut tags = Vec::new();
        for field in rows.fields.iter().filter(|it| it.versions.contains(self.version)) {
            let name = camel(field.name);
            match (object.get(&name), field.tag) {
                (Some(value), None) => self.field(w, field, value).map_err(|e| e.within(name))?,
                (Some(value), Some(tag)) => {
                    let mut writer = Writer::new(self.version, self.flexible);
                    self.field(&mut writer, field, value).map_err(|e| e.within(name))?;
                    tags.push((tag, writer.finish().into_bytes()));
                }
                (None, Some(_)) => {}
                (None, None) => {
                    return Err(Unfit::new(format!(
                        "'{name}' is missing, and version {} has it",
                        self.version
                    )));
                }
            }
        }
        tags.extend(unknown_tags(object)?);
        tags.sort_by_key(|(tag, _)| *tag);
        if let Some(pair) = tags.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            return Err(Unfit::new(format!("tag {} is set twice", pair[0].0)));
        }
        w.end(&Tags(tags)).map_err(|e| Unfit::new(e.to_string()))
    }

    fn check_names(&self, rows: &Struct, object: &Map<String, Value>) -> Result<(), Unfit> {
        let has = |field: &&Field, name: &str| camel(field.name) == name;
        for name in object.keys().filter(|name| *name != UNKNOWN_TAGS) {
            let Some(field) = rows.fields.iter().find(|it| has(it, name)) else {
                return Err(Unfit::new(format!("{} has no field '{name}'", rows.name)));
            };
            if !field.versions.contains(self.version) {
                let why = format!("version {} has no '{name}': versions {} do", self.version, field.versions);
                return Err(Unfit::new(why));
            }
        }
        Ok(())
    }

    fn field(&self, w: &mut Writer, field: &Field, view: &Value) -> Result<(), Unfit> {
        let nullable = field.nullable.contains(self.version);
        match field.kind {
            Kind::Struct(rows) if field.is_nullable_struct() => {
                if view.is_null() && !nullable {
                    return Err(Unfit::new(format!("null at version {}, which has no null", self.version)));
                }
                w.lead_struct(field, !view.is_null());
                if view.is_null() { Ok(()) } else { self.structure(w, rows, view) }
            }
            kind => self.value(w, &kind, view, nullable),
        }
    }

    fn value(&self, w: &mut Writer, kind: &Kind, view: &Value, nullable: bool) -> Result<(), Unfit> {
        match (kind, view) {
            (Kind::Struct(rows), view) => self.structure(w, rows, view),
            (Kind::Array(_), Value::Null) if nullable => {
                w.length(None).map_err(|e| Unfit::new(e.to_string()))
            }
            (Kind::Array(of), Value::Array(elements)) => {
                w.length(Some(elements.len())).map_err(|e| Unfit::new(e.to_string()))?;
                elements.iter().enumerate().try_for_each(|(at, element)| {
                    self.value(w, of, element, false).map_err(|e| e.within(at.to_string()))
                })
            }
            (Kind::Array(_), view) => Err(wanted("an array", view)),
            (Kind::Primitive(primitive), view) => {
                leaf(*primitive, view)?.write(w, nullable).map_err(|e| Unfit::new(e.to_string()))
            }
        }
    }
}

fn leaf(primitive: Primitive, view: &Value) -> Result<Leaf, Unfit> {
    macro_rules! integer {
        ($kind:ident $text:literal) => {
            Leaf::$kind(view.as_i64().and_then(|it| it.try_into().ok()).ok_or_else(|| wanted($text, view))?)
        };
    }
    Ok(match primitive {
        Primitive::Bool => Leaf::Bool(view.as_bool().ok_or_else(|| wanted("true or false", view))?),
        Primitive::Int8 => integer!(Int8 "an int8"),
        Primitive::Int16 => integer!(Int16 "an int16"),
        Primitive::Uint16 => integer!(Uint16 "a uint16"),
        Primitive::Int32 => integer!(Int32 "an int32"),
        Primitive::Uint32 => integer!(Uint32 "a uint32"),
        Primitive::Int64 => integer!(Int64 "an int64"),
        Primitive::Float64 => Leaf::Float64(float(view).ok_or_else(|| wanted("a number", view))?),
        Primitive::Uuid => Leaf::Uuid(uuid(view).ok_or_else(|| wanted("a uuid in URL-safe base64", view))?),
        Primitive::String => Leaf::String(text(view)?),
        Primitive::ShortString => Leaf::ShortString(ShortString(text(view)?)),
        Primitive::Bytes => match view {
            Value::Null => Leaf::Bytes(None),
            view => Leaf::Bytes(Some(bytes(view)?)),
        },
    })
}

fn text(view: &Value) -> Result<Option<Str>, Unfit> {
    match view {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text.as_str().into())),
        view => Err(wanted("a string", view)),
    }
}

fn float(view: &Value) -> Option<f64> {
    match view.as_str() {
        Some("NaN") => Some(f64::NAN),
        Some("Infinity") => Some(f64::INFINITY),
        Some("-Infinity") => Some(f64::NEG_INFINITY),
        Some(_) => None,
        None => view.as_f64(),
    }
}

fn uuid(view: &Value) -> Option<Uuid> {
    let bytes = URL_SAFE_NO_PAD.decode(view.as_str()?).ok()?;
    bytes.try_into().ok().map(Uuid)
}

fn bytes(view: &Value) -> Result<Bytes, Unfit> {
    let text = view.as_str().ok_or_else(|| wanted("bytes in base64", view))?;
    STANDARD.decode(text).map(Bytes::from).map_err(|e| Unfit::new(format!("no base64: {e}")))
}

fn unknown_tags(object: &Map<String, Value>) -> Result<Vec<(u32, Bytes)>, Unfit> {
    let Some(view) = object.get(UNKNOWN_TAGS) else { return Ok(Vec::new()) };
    let tags = view.as_array().ok_or_else(|| wanted("an array", view).within(UNKNOWN_TAGS))?;
    let one = |tag: &Value| {
        let number = tag["tag"].as_u64().and_then(|tag| u32::try_from(tag).ok());
        Ok((number.ok_or_else(|| wanted("a tag's number", &tag["tag"]))?, bytes(&tag["data"])?))
    };
    tags.iter().map(|tag| one(tag).map_err(|e: Unfit| e.within(UNKNOWN_TAGS))).collect()
}

#[cold]
fn wanted(what: &str, view: &Value) -> Unfit {
    let mut shown = view.to_string();
    if let Some((cut, _)) = shown.char_indices().nth(SHOWN_CHARS_MAX) {
        shown.truncate(cut);
        shown.push('…');
    }
    Unfit::new(format!("{what} is wanted, not {shown}"))
}

/// A message in an error is not the message.
const SHOWN_CHARS_MAX: usize = 60;

//! A proxy's view: walks through a message by its table and replaces fields, every other byte kept as it was.
//!
//! Nothing is decoded into structs and no payload is copied: what is not replaced is lent from the body.
//!
//! ```
//! use upsert_kafka_protocol::messages::MetadataResponse;
//! use upsert_kafka_protocol::messages::metadata::MetadataResponseBroker;
//! use upsert_kafka_protocol::rewrite::rewrite;
//! use upsert_kafka_protocol::schema::{Direction, Schema};
//! use upsert_kafka_protocol::wire::Leaf;
//! use upsert_kafka_protocol::{Message, Str};
//!
//! let inside = MetadataResponseBroker { host: "10.0.0.7".into(), port: 9092, ..Default::default() };
//! let body = MetadataResponse { brokers: vec![inside], ..Default::default() }.encode(12).unwrap();
//!
//! let schema = Schema::of::<MetadataResponse>(Direction::Response);
//! let outside = rewrite(&schema, 12, &body.into_bytes(), |place, _| match place.path() {
//!     ["brokers", "host"] => Some(Leaf::String(Some(Str::from("kafka.example.org")))),
//!     _ => None,
//! });
//! let told = MetadataResponse::decode(&outside.unwrap().into_bytes(), 12).unwrap();
//! assert_eq!((&*told.brokers[0].host, told.brokers[0].port), ("kafka.example.org", 9092));
//! ```

use std::fmt;

use bytes::{Buf, Bytes};

use crate::schema::Schema;
use crate::wire::{Field, Kind, Leaf, Malformed, Reader, Segments, Struct, Unrepresentable, Writer};

/// Where in a message a value lies.
#[derive(Debug)]
pub struct Place {
    path: Vec<&'static str>,
    indexes: Vec<usize>,
}

/// Why a message could not be rewritten.
#[derive(Debug)]
pub enum Unrewritable {
    /// The bytes are not such a message.
    Malformed(Malformed),
    /// The new value has no place in it.
    Unrepresentable(Unrepresentable),
    /// The build does not know the version.
    Version(i16),
}

/// Goes through all values of a body in the order of its bytes, and puts what `edit` gives in their place; `None`
/// keeps the value.
///
/// # Errors
/// When the bytes are not such a message at that version, or a new value is of another type or has no place in it.
pub fn rewrite(
    schema: &Schema,
    version: i16,
    body: &Bytes,
    edit: impl FnMut(&Place, &Leaf) -> Option<Leaf>,
) -> Result<Segments, Unrewritable> {
    if !schema.versions.contains(version) {
        return Err(Unrewritable::Version(version));
    }
    let flexible = schema.is_flexible(version);
    let mut walk = Walk {
        body,
        version,
        flexible,
        place: Place { path: Vec::new(), indexes: Vec::new() },
        edit,
        out: Segments::default(),
        kept: 0,
    };
    let mut reader = Reader::new(body, version, flexible);
    walk.structure(&mut reader, schema.rows)?;
    reader.finish()?;
    walk.out.push(body.slice(walk.kept..));
    Ok(walk.out)
}

impl Place {
    /// The names of the fields from the message down, such as `["brokers", "host"]`.
    pub fn path(&self) -> &[&'static str] {
        &self.path
    }

    /// The place in each array on the way, outermost first.
    pub fn indexes(&self) -> &[usize] {
        &self.indexes
    }
}

/// `topics.partitions.leader_id`
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path.join("."))
    }
}

impl fmt::Display for Unrewritable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(e) => e.fmt(f),
            Self::Unrepresentable(e) => e.fmt(f),
            Self::Version(version) => write!(f, "version {version} is not of this build"),
        }
    }
}

impl std::error::Error for Unrewritable {}

impl Unrewritable {
    #[cold]
    fn within(self, name: &'static str) -> Self {
        match self {
            Self::Malformed(e) => Self::Malformed(e.within(name)),
            Self::Unrepresentable(e) => Self::Unrepresentable(e.within(name)),
            Self::Version(version) => Self::Version(version),
        }
    }
}

impl From<Malformed> for Unrewritable {
    fn from(error: Malformed) -> Self {
        Self::Malformed(error)
    }
}

impl From<Unrepresentable> for Unrewritable {
    fn from(error: Unrepresentable) -> Self {
        Self::Unrepresentable(error)
    }
}

struct Walk<'a, F> {
    body: &'a Bytes,
    version: i16,
    flexible: bool,
    place: Place,
    edit: F,
    out: Segments,
    /// Up to here the body is in `out`, as it was or replaced.
    kept: usize,
}

impl<F: FnMut(&Place, &Leaf) -> Option<Leaf>> Walk<'_, F> {
    fn structure(&mut self, r: &mut Reader<'_>, rows: &'static Struct) -> Result<(), Unrewritable> {
        for field in rows.fields {
            if field.tag.is_none() && field.versions.contains(self.version) {
                self.field(r, field)?;
            }
        }
        if self.flexible {
            let mut last = None;
            for _ in 0..r.tag_count()? {
                let tag = r.tag(&mut last)?;
                self.tag(r, rows, tag)?;
            }
        }
        Ok(())
    }

    fn field(&mut self, r: &mut Reader<'_>, field: &'static Field) -> Result<(), Unrewritable> {
        self.place.path.push(field.name);
        let nullable = field.nullable.contains(self.version);
        let outcome = match field.kind {
            Kind::Struct(rows) if field.is_nullable_struct() => match r.present_struct(field, nullable) {
                Ok(true) => self.structure(r, rows),
                Ok(false) => Ok(()),
                Err(e) => Err(e.into()),
            },
            _ => self.value(r, &field.kind, nullable),
        };
        self.place.path.pop();
        outcome.map_err(|e| e.within(field.name))
    }

    fn value(&mut self, r: &mut Reader<'_>, kind: &'static Kind, nullable: bool) -> Result<(), Unrewritable> {
        match kind {
            Kind::Struct(rows) => self.structure(r, rows),
            Kind::Array(of) => {
                for index in 0..r.element_count(nullable)?.unwrap_or(0) {
                    self.place.indexes.push(index);
                    self.value(r, of, false)?;
                    self.place.indexes.pop();
                }
                Ok(())
            }
            Kind::Primitive(primitive) => {
                let from = r.position();
                let value = Leaf::read(r, *primitive, nullable)?;
                match (self.edit)(&self.place, &value) {
                    Some(new) => self.replace(from..r.position(), &value, &new, nullable),
                    None => Ok(()),
                }
            }
        }
    }

    fn replace(
        &mut self,
        span: std::ops::Range<usize>,
        old: &Leaf,
        new: &Leaf,
        nullable: bool,
    ) -> Result<(), Unrewritable> {
        if old.primitive() != new.primitive() {
            return Err(Unrepresentable::new("replaced by a value of another type").into());
        }
        let mut writer = Writer::new(self.version, self.flexible);
        new.write(&mut writer, nullable)?;
        self.out.push(self.body.slice(self.kept..span.start));
        self.out.append(writer.finish());
        self.kept = span.end;
        Ok(())
    }

    /// A tag's size counts the bytes of its value: it changes with them.
    fn tag(&mut self, r: &mut Reader<'_>, rows: &'static Struct, tag: u32) -> Result<(), Unrewritable> {
        let size_at = r.position();
        let mut value = r.tag_value()?;
        let (from, to) = (value.position(), r.position());
        let Some(field) = value.known_tag(rows, tag)? else { return Ok(()) };
        let (out, kept) = (std::mem::take(&mut self.out), std::mem::replace(&mut self.kept, from));
        self.field(&mut value, field)?;
        value.finish()?;
        let mut inner = std::mem::replace(&mut self.out, out);
        let edited = std::mem::replace(&mut self.kept, kept);
        if edited == from {
            return Ok(());
        }
        inner.push(self.body.slice(edited..to));
        let mut size = Writer::new(self.version, self.flexible);
        size.uvarint(inner.remaining() as u32);
        self.out.push(self.body.slice(kept..size_at));
        self.out.append(size.finish());
        self.out.append(inner);
        self.kept = to;
        Ok(())
    }
}

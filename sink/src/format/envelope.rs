//! A JSON change event: rows, what happened to them, and metadata beside; read through one tree, written around a row.

use super::json::options::{IGNORE_NULL_FIELDS, IGNORE_PARSE_ERRORS};
use super::json::{self, JsonEncoder, JsonTreeDecoder, Node};
use super::{
    DecodeError, Decoder, DecodingFormat, EncodeError, Encoded, Encoder, FormatError, FormatMetadata, Ready,
};
use crate::option::OptionSet;
use crate::row::{Arena, Row, RowKind, Timestamp, Value};
use crate::types::{DataType, Field, LogicalType};

/// Reads the fields of an event that its format asks for, and those that metadata columns do.
pub(super) struct Envelope {
    tree: JsonTreeDecoder,
    metadata: Vec<(FieldSource, Convert)>,
    /// Whether the event lies in a field `payload`.
    has_payload: bool,
    format: &'static str,
}

/// One piece of metadata: what the table sees, and where it stands in the event.
#[derive(Clone, Copy)]
pub(super) struct EnvelopeMetadata {
    pub(super) metadata: FormatMetadata,
    pub(super) place: Place,
    /// As the field is read.
    pub(super) field_type: fn() -> DataType,
    /// From the field's value to the metadata's.
    pub(super) convert: Convert,
}

/// Where a field of metadata stands.
#[derive(Clone, Copy)]
pub(super) enum Place {
    /// Beside the rows.
    Event(&'static str),
    /// Beside the payload; where there is none, it is NULL.
    Root(&'static str),
}

impl EnvelopeMetadata {
    /// A field of the event, as it is.
    pub(super) const fn of_event(
        key: &'static str,
        field: &'static str,
        data_type: fn() -> DataType,
    ) -> Self {
        let metadata = FormatMetadata { key, data_type };
        Self { metadata, place: Place::Event(field), field_type: data_type, convert: as_it_is }
    }

    /// The same of a field that is a number, as the instant that it says.
    pub(super) const fn instant_of_event(key: &'static str, field: &'static str, convert: Convert) -> Self {
        let metadata = FormatMetadata { key, data_type: instant };
        Self { metadata, place: Place::Event(field), field_type: long, convert }
    }
}

type Convert = for<'a> fn(Value<'a>, &'a Arena) -> Value<'a>;

#[derive(Clone, Copy)]
enum FieldSource {
    /// The event's field with this index.
    Event(usize),
    /// The root's.
    Root(usize),
    Nowhere,
}

/// An event that was read.
pub(super) struct Event<'a> {
    /// The format's own fields, in its order; those of metadata stand behind.
    pub(super) fields: Row<'a>,
    node: Node<'a>,
    metadata: &'a [Value<'a>],
    arena: &'a Arena,
}

impl Envelope {
    /// Reads the format's `own` fields, and the metadata of these keys.
    ///
    /// # Errors
    /// The options contradict each other, or a type of the fields has no JSON.
    pub(super) fn new(
        format: &'static str,
        options: &OptionSet,
        own: Vec<Field>,
        (known, keys): (&[EnvelopeMetadata], &[&str]),
        has_payload: bool,
    ) -> Result<Self, FormatError> {
        let (mut event, mut root) = (own, Vec::new());
        let mut metadata = Vec::new();
        for key in keys {
            let Some(it) = known.iter().find(|it| it.metadata.key == *key) else {
                return Err(FormatError::new(format!("{format} has no metadata '{key}'")));
            };
            let source = match it.place {
                Place::Event(name) => FieldSource::Event(place(&mut event, name, it.field_type)),
                // The payload is the first of the root's fields.
                Place::Root(name) if has_payload => {
                    FieldSource::Root(1 + place(&mut root, name, it.field_type))
                }
                Place::Root(_) => FieldSource::Nowhere,
            };
            metadata.push((source, it.convert));
        }
        if has_payload {
            root.insert(0, Field::new("payload", LogicalType::Row(event.into()).nullable()));
            event = root;
        }
        Ok(Self { tree: json::tree(options, &event)?, metadata, has_payload, format })
    }

    /// The event of a message; `None` where there is none: null, or no bytes.
    ///
    /// # Errors
    /// The message is not one JSON object, or a field has no value of its type.
    pub(super) fn read<'a>(
        &self,
        message: Option<&'a [u8]>,
        arena: &'a Arena,
    ) -> Result<Option<Event<'a>>, DecodeError> {
        // No bytes are a tombstone that follows a delete in a compacted topic.
        let Some(message) = message.filter(|message| !message.is_empty()) else { return Ok(None) };
        let node = match self.tree.tree(message, arena)? {
            None | Some(Node::Null) => return Err(self.refused("holds no event")),
            Some(Node::Array(&[node])) => node,
            Some(Node::Array(&[])) => return Err(self.refused("holds no event")),
            Some(Node::Array(_)) => return Err(self.refused("holds more than one event")),
            Some(node) => node,
        };
        let root = self.tree.row_of(node, arena)?;
        let (fields, node) = match root.first() {
            _ if !self.has_payload => (root, node),
            Some(&Value::Row(payload)) => (payload, node.member("payload").unwrap_or(node)),
            _ => {
                return Err(
                    self.refused("has no payload: 'schema-include' expects {\"schema\":…,\"payload\":…}")
                );
            }
        };
        let of = |source| match source {
            FieldSource::Event(at) => fields.get(at).copied().unwrap_or(Value::Null),
            FieldSource::Root(at) => root.get(at).copied().unwrap_or(Value::Null),
            FieldSource::Nowhere => Value::Null,
        };
        let metadata = self.metadata.iter().map(|(source, convert)| match of(*source) {
            Value::Null => Value::Null,
            value => convert(value, arena),
        });
        Ok(Some(Event { fields, node, metadata: arena.alloc_slice_fill_iter(metadata), arena }))
    }

    /// The message is to blame, and why.
    #[cold]
    pub(super) fn refused(&self, why: &str) -> DecodeError {
        DecodeError::refused(format!("the {} message {why}", self.format))
    }

    /// The event says that something happened which is none of these.
    #[cold]
    pub(super) fn unknown(&self, field: &str, found: Value<'_>, known: &str) -> DecodeError {
        match found {
            Value::String(found) => {
                let found: String = found.chars().take(OPERATION_CHARS_MAX).collect();
                self.refused(&format!("has the {field} {found:?}, not one of {known}"))
            }
            _ => self.refused(&format!("has no {field}, which would be one of {known}")),
        }
    }
}

/// How much of an unknown operation an error shows.
const OPERATION_CHARS_MAX: usize = 20;

/// Where a field of that name is, or comes to be.
fn place(fields: &mut Vec<Field>, name: &str, data_type: fn() -> DataType) -> usize {
    fields.iter().position(|it| *it.name == *name).unwrap_or_else(|| {
        fields.push(Field::new(name, data_type()));
        fields.len() - 1
    })
}

impl<'a> Event<'a> {
    /// The row with the metadata behind it.
    pub(super) fn row(&self, columns: Row<'a>) -> Row<'a> {
        if self.metadata.is_empty() {
            return columns;
        }
        let row = self.arena.alloc_slice_fill_copy(columns.len() + self.metadata.len(), Value::Null);
        row[..columns.len()].copy_from_slice(columns);
        row[columns.len()..].copy_from_slice(self.metadata);
        row
    }

    /// Whether the event's field `old` names each of the columns anywhere, be it as null: as Flink asks, of the whole
    /// field and not of one row.
    pub(super) fn named_in_old(&self, columns: &[Field]) -> &'a [bool] {
        let old = self.node.member("old").unwrap_or(Node::Null);
        self.arena.alloc_slice_fill_with(columns.len(), |at| old.names(&columns[at].name))
    }

    /// The row before an update that tells only what was changed: the old values, and for columns that were not named
    /// those of the row after.
    pub(super) fn row_before(&self, old: Row<'a>, after: Row<'a>, named: &[bool]) -> Row<'a> {
        let values = old.iter().zip(after).zip(named).map(|((old, after), named)| match old {
            Value::Null if !named => *after,
            old => *old,
        });
        self.arena.alloc_slice_fill_iter(values)
    }
}

/// What a format makes of its events.
pub(super) trait Events: Send + Sync {
    /// Hands out the rows of an event, each with its kind.
    ///
    /// # Errors
    /// The event does not say what its format has to.
    fn changes<'a>(
        &self,
        envelope: &Envelope,
        event: &Event<'a>,
        each: &mut dyn FnMut(RowKind, Option<Row<'a>>),
    ) -> Result<(), DecodeError>;
}

/// Reads events, and passes over broken ones where it is told to.
pub(super) struct EventDecoder<E> {
    envelope: Envelope,
    events: E,
    ignore_parse_errors: bool,
}

impl<E: Events + 'static> EventDecoder<E> {
    pub(super) fn describe(envelope: Envelope, events: E, options: &OptionSet) -> Box<dyn DecodingFormat> {
        let ignore_parse_errors = options.is_true(IGNORE_PARSE_ERRORS.key);
        Ready::decoding(envelope.format, Self { envelope, events, ignore_parse_errors })
    }
}

impl<E: Events> Decoder for EventDecoder<E> {
    fn decode<'a>(
        &self,
        bytes: Option<&'a [u8]>,
        arena: &'a Arena,
        each: &mut dyn FnMut(RowKind, Option<Row<'a>>),
    ) -> Result<(), DecodeError> {
        let event = self.envelope.read(bytes, arena);
        match event.and_then(|it| it.map_or(Ok(()), |it| self.events.changes(&self.envelope, &it, each))) {
            Err(_) if self.ignore_parse_errors => Ok(()),
            outcome => outcome,
        }
    }
}

/// What a format reads beside the columns, for its row in the table.
pub(super) const fn listed<const N: usize>(of: &[EnvelopeMetadata; N]) -> [FormatMetadata; N] {
    let mut list = [of[0].metadata; N];
    let mut at = 0;
    while at < N {
        list[at] = of[at].metadata;
        at += 1;
    }
    list
}

/// The value as it is.
pub(super) fn as_it_is<'a>(value: Value<'a>, _: &'a Arena) -> Value<'a> {
    value
}

/// Milliseconds since 1970 as an instant.
pub(super) fn millis<'a>(value: Value<'a>, _: &'a Arena) -> Value<'a> {
    match value {
        Value::BigInt(millis) => Value::Timestamp(Timestamp {
            seconds: millis.div_euclid(1_000),
            // Below a second's thousand.
            nanos: millis.rem_euclid(1_000) as u32 * 1_000_000,
        }),
        _ => Value::Null,
    }
}

/// Seconds since 1970 as an instant.
pub(super) fn seconds<'a>(value: Value<'a>, _: &'a Arena) -> Value<'a> {
    match value {
        Value::BigInt(seconds) => Value::Timestamp(Timestamp { seconds, nanos: 0 }),
        _ => Value::Null,
    }
}

/// `STRING`
pub(super) fn text() -> DataType {
    LogicalType::STRING.nullable()
}

/// `BIGINT`
pub(super) fn long() -> DataType {
    LogicalType::BigInt.nullable()
}

/// `ARRAY<STRING>`
pub(super) fn texts() -> DataType {
    LogicalType::Array(Box::new(text())).nullable()
}

/// `TIMESTAMP_LTZ(3)`
pub(super) fn instant() -> DataType {
    LogicalType::TimestampLtz(3).nullable()
}

/// Writes an event around each row.
pub(super) struct EnvelopeEncoder {
    row: JsonEncoder,
    /// Around a row that is there from now on.
    insert: Frame,
    /// Around a row that is there no more.
    delete: Frame,
}

/// What stands before and behind a row.
struct Frame(Box<str>, Box<str>);

impl EnvelopeEncoder {
    /// Writes the row between two texts.
    pub(super) fn new(row: JsonEncoder, insert: [&str; 2], delete: [&str; 2]) -> Self {
        let frame = |[before, behind]: [&str; 2]| Frame(before.into(), behind.into());
        Self { row, insert: frame(insert), delete: frame(delete) }
    }

    /// Writes the row as what is there before the change or after it, and behind both what the change is.
    pub(super) fn of_sides(row: JsonEncoder, options: &OptionSet, [insert, delete]: [&str; 2]) -> Self {
        let null = |side: &str| match options.is_true(IGNORE_NULL_FIELDS.key) {
            true => String::new(),
            false => format!("\"{side}\":null,"),
        };
        let before = format!("{{{}\"after\":", null("before"));
        let behind = format!(",{}{delete}}}", null("after"));
        Self::new(row, [&before, &format!(",{insert}}}")], ["{\"before\":", &behind])
    }
}

impl Encoder for EnvelopeEncoder {
    #[inline]
    fn encode(&self, kind: RowKind, row: Row<'_>, out: &mut Vec<u8>) -> Result<Encoded, EncodeError> {
        let Frame(before, behind) = match kind {
            RowKind::Insert | RowKind::UpdateAfter => &self.insert,
            RowKind::UpdateBefore | RowKind::Delete => &self.delete,
        };
        out.extend_from_slice(before.as_bytes());
        let encoded = self.row.encode(kind, row, out)?;
        out.extend_from_slice(behind.as_bytes());
        Ok(encoded)
    }
}

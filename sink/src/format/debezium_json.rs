//! The `debezium-json` format: a change event with the row before and the row after.

use super::envelope::{
    Envelope, EnvelopeEncoder, EnvelopeMetadata, Event, EventDecoder, Events, Place, as_it_is, instant,
    listed, millis, text,
};
use super::json;
use super::json::options::with_event_options;
use super::{DecodeError, DecodingFormat, EncodingFormat, FormatError, FormatMetadata, FormatSpec, Ready};
use crate::option::{OptionKind, OptionSet, OptionSpec};
use crate::row::{Arena, Row, RowKind, Value};
use crate::types::{DataType, Field, LogicalType};

/// The row of the table.
pub(super) const DEBEZIUM_JSON: FormatSpec = FormatSpec {
    name: "debezium-json",
    about: "Debezium's change events in JSON",
    options: &with_event_options::<1, 7>([SCHEMA_INCLUDE]),
    metadata: &listed(&METADATA),
    carries_changes: true,
    decoding: Some(decoding),
    encoding: Some(encoding),
};

const SCHEMA_INCLUDE: OptionSpec = OptionSpec {
    key: "schema-include",
    kind: OptionKind::Bool,
    default: Some("false"),
    since: "1.12",
    about: "Whether events come as {\"schema\":…,\"payload\":…}",
};

const METADATA: [EnvelopeMetadata; 7] = [
    EnvelopeMetadata {
        metadata: FormatMetadata { key: "schema", data_type: text },
        place: Place::Root("schema"),
        field_type: text,
        convert: as_it_is,
    },
    EnvelopeMetadata::instant_of_event("ingestion-timestamp", "ts_ms", millis),
    of_source("source.timestamp", instant, |source, arena| {
        let millis_text = member(source, "ts_ms").map(|it| it.parse().map_or(Value::Null, Value::BigInt));
        millis_text.map_or(Value::Null, |value| millis(value, arena))
    }),
    of_source("source.database", text, |source, _| member(source, "db").map_or(Value::Null, Value::String)),
    of_source("source.schema", text, |source, _| member(source, "schema").map_or(Value::Null, Value::String)),
    of_source("source.table", text, |source, _| member(source, "table").map_or(Value::Null, Value::String)),
    of_source("source.properties", properties, as_it_is),
];

const fn of_source(
    key: &'static str,
    data_type: fn() -> DataType,
    convert: for<'a> fn(Value<'a>, &'a Arena) -> Value<'a>,
) -> EnvelopeMetadata {
    let metadata = FormatMetadata { key, data_type };
    EnvelopeMetadata { metadata, place: Place::Event("source"), field_type: properties, convert }
}

/// `MAP<STRING, STRING>`
fn properties() -> DataType {
    LogicalType::Map(Box::new(text()), Box::new(text())).nullable()
}

fn member<'a>(source: Value<'a>, name: &str) -> Option<&'a str> {
    let Value::Map(entries) = source else { return None };
    entries.iter().find_map(|entry| match entry {
        (Value::String(key), Value::String(value)) if *key == name => Some(*value),
        _ => None,
    })
}

fn decoding(
    options: &OptionSet,
    columns: &[Field],
    metadata: &[&str],
) -> Result<Box<dyn DecodingFormat>, FormatError> {
    let row = LogicalType::Row(columns.into());
    let own = vec![
        Field::new("before", row.clone().nullable()),
        Field::new("after", row.nullable()),
        Field::new("op", text()),
    ];
    let has_payload = options.is_true(SCHEMA_INCLUDE.key);
    let name = DEBEZIUM_JSON.name;
    let envelope = Envelope::new(name, options, own, (&METADATA, metadata), has_payload)?;
    Ok(EventDecoder::describe(envelope, DebeziumEvents, options))
}

fn encoding(
    options: &OptionSet,
    columns: &[Field],
    slots: &[usize],
) -> Result<Box<dyn EncodingFormat>, FormatError> {
    if options.is_true(SCHEMA_INCLUDE.key) {
        let key = SCHEMA_INCLUDE.key;
        return Err(FormatError::new(format!("'{key}' = 'true' is for reading alone: it writes no schema")));
    }
    let row = json::encoder(options, columns, slots)?;
    let changes = ["\"op\":\"c\"", "\"op\":\"d\""];
    Ok(Ready::encoding(DEBEZIUM_JSON.name, EnvelopeEncoder::of_sides(row, options, changes)))
}

/// Makes rows of its events.
struct DebeziumEvents;

impl Events for DebeziumEvents {
    fn changes<'a>(
        &self,
        envelope: &Envelope,
        event: &Event<'a>,
        each: &mut dyn FnMut(RowKind, Option<Row<'a>>),
    ) -> Result<(), DecodeError> {
        let &[before, after, op, ..] = event.fields else { return Ok(()) };
        let mut tell = |kind, row| each(kind, Some(event.row(row)));
        match op {
            Value::String("c" | "r") => tell(RowKind::Insert, after_of(envelope, after)?),
            Value::String("u") => {
                let (before, after) = (before_of(envelope, before)?, after_of(envelope, after)?);
                tell(RowKind::UpdateBefore, before);
                tell(RowKind::UpdateAfter, after);
            }
            Value::String("d") => tell(RowKind::Delete, before_of(envelope, before)?),
            Value::String(_) => return Err(envelope.unknown("op", op, "c, r, u, d")),
            _ => return Err(envelope.refused("has no op: is the option 'schema-include' right?")),
        }
        Ok(())
    }
}

fn before_of<'a>(envelope: &Envelope, before: Value<'a>) -> Result<Row<'a>, DecodeError> {
    match before {
        Value::Row(row) => Ok(row),
        _ => Err(envelope.refused(
            "has no \"before\": a PostgreSQL table needs REPLICA IDENTITY FULL to say what was updated or deleted",
        )),
    }
}

fn after_of<'a>(envelope: &Envelope, after: Value<'a>) -> Result<Row<'a>, DecodeError> {
    match after {
        Value::Row(row) => Ok(row),
        _ => Err(envelope.refused("has no \"after\"")),
    }
}

//! The `canal-json` format: a change event with rows as they are now, and what of them was other before.

use super::envelope::{
    Envelope, EnvelopeEncoder, EnvelopeMetadata, Event, EventDecoder, Events, listed, millis, text, texts,
};
use super::json;
use super::json::options::with_event_options;
use super::{DecodeError, DecodingFormat, EncodingFormat, FormatError, FormatSpec, Ready};
use crate::java_regex::JavaPattern;
use crate::option::{OptionKind, OptionSet, OptionSpec};
use crate::row::{Row, RowKind, Value};
use crate::types::{DataType, Field, LogicalType};

/// The row of the table.
pub(super) const CANAL_JSON: FormatSpec = FormatSpec {
    name: "canal-json",
    about: "Canal's change events in JSON",
    options: &with_event_options::<2, 8>([DATABASE_INCLUDE, TABLE_INCLUDE]),
    metadata: &listed(&METADATA),
    carries_changes: true,
    decoding: Some(decoding),
    encoding: Some(encoding),
};

const DATABASE_INCLUDE: OptionSpec = OptionSpec {
    key: "database.include",
    kind: OptionKind::String,
    default: None,
    since: "1.12",
    about: "A regular expression: only events of databases whose whole name matches are read",
};
const TABLE_INCLUDE: OptionSpec = OptionSpec {
    key: "table.include",
    kind: OptionKind::String,
    default: None,
    since: "1.12",
    about: "A regular expression: only events of tables whose whole name matches are read",
};

const METADATA: [EnvelopeMetadata; 6] = [
    EnvelopeMetadata::of_event("database", "database", text),
    EnvelopeMetadata::of_event("table", "table", text),
    EnvelopeMetadata::of_event("sql-type", "sqlType", sql_types),
    EnvelopeMetadata::of_event("pk-names", "pkNames", texts),
    EnvelopeMetadata::instant_of_event("ingestion-timestamp", "ts", millis),
    EnvelopeMetadata::instant_of_event("event-timestamp", "es", millis),
];

/// `MAP<STRING, INT>`
fn sql_types() -> DataType {
    LogicalType::Map(Box::new(text()), Box::new(LogicalType::Int.nullable())).nullable()
}

fn decoding(
    options: &OptionSet,
    columns: &[Field],
    metadata: &[&str],
) -> Result<Box<dyn DecodingFormat>, FormatError> {
    let rows = LogicalType::Array(Box::new(LogicalType::Row(columns.into()).nullable()));
    let own = vec![
        Field::new("data", rows.clone().nullable()),
        Field::new("old", rows.nullable()),
        Field::new("type", text()),
        Field::new("database", text()),
        Field::new("table", text()),
    ];
    let envelope = Envelope::new(CANAL_JSON.name, options, own, (&METADATA, metadata), false)?;
    let (databases, tables) = (included(options, &DATABASE_INCLUDE)?, included(options, &TABLE_INCLUDE)?);
    let events = CanalEvents { columns: columns.into(), databases, tables };
    Ok(EventDecoder::describe(envelope, events, options))
}

/// The expression of an option, held to whole names.
fn included(options: &OptionSet, option: &OptionSpec) -> Result<Option<JavaPattern>, FormatError> {
    let Some(pattern) = options.text(option.key) else { return Ok(None) };
    let refused = |why| FormatError::new(format!("'{}': {why}", option.key));
    JavaPattern::whole(pattern).map(Some).map_err(refused)
}

fn encoding(
    options: &OptionSet,
    columns: &[Field],
    slots: &[usize],
) -> Result<Box<dyn EncodingFormat>, FormatError> {
    let row = json::encoder(options, columns, slots)?;
    let insert = ["{\"data\":[", "],\"type\":\"INSERT\"}"];
    let delete = ["{\"data\":[", "],\"type\":\"DELETE\"}"];
    Ok(Ready::encoding(CANAL_JSON.name, EnvelopeEncoder::new(row, insert, delete)))
}

/// Makes rows of its events.
struct CanalEvents {
    columns: Box<[Field]>,
    databases: Option<JavaPattern>,
    tables: Option<JavaPattern>,
}

impl Events for CanalEvents {
    fn changes<'a>(
        &self,
        envelope: &Envelope,
        event: &Event<'a>,
        each: &mut dyn FnMut(RowKind, Option<Row<'a>>),
    ) -> Result<(), DecodeError> {
        let &[data, old, operation, database, table, ..] = event.fields else { return Ok(()) };
        if !includes(envelope, &self.databases, database, "database")?
            || !includes(envelope, &self.tables, table, "table")?
        {
            return Ok(());
        }
        match operation {
            Value::String("INSERT") => rows(envelope, event, data, RowKind::Insert, each),
            Value::String("DELETE") => rows(envelope, event, data, RowKind::Delete, each),
            Value::String("UPDATE") => self.updates(envelope, event, data, old, each),
            // A table that was made has no rows yet.
            Value::String("CREATE") => Ok(()),
            other => Err(envelope.unknown("type", other, "INSERT, UPDATE, DELETE, CREATE")),
        }
    }
}

impl CanalEvents {
    fn updates<'a>(
        &self,
        envelope: &Envelope,
        event: &Event<'a>,
        data: Value<'a>,
        old: Value<'a>,
        each: &mut dyn FnMut(RowKind, Option<Row<'a>>),
    ) -> Result<(), DecodeError> {
        let (data, old) = (list(envelope, data, "data")?, list(envelope, old, "old")?);
        let named = event.named_in_old(&self.columns);
        for (at, after) in data.iter().enumerate() {
            let (after, old) =
                (row_in(envelope, Some(after), "data")?, row_in(envelope, old.get(at), "old")?);
            each(RowKind::UpdateBefore, Some(event.row(event.row_before(old, after, named))));
            each(RowKind::UpdateAfter, Some(event.row(after)));
        }
        Ok(())
    }
}

fn rows<'a>(
    envelope: &Envelope,
    event: &Event<'a>,
    data: Value<'a>,
    kind: RowKind,
    each: &mut dyn FnMut(RowKind, Option<Row<'a>>),
) -> Result<(), DecodeError> {
    list(envelope, data, "data")?.iter().try_for_each(|row| {
        each(kind, Some(event.row(row_in(envelope, Some(row), "data")?)));
        Ok(())
    })
}

/// Whether the event is of a database or table that is read.
fn includes(
    envelope: &Envelope,
    names: &Option<JavaPattern>,
    name: Value<'_>,
    field: &str,
) -> Result<bool, DecodeError> {
    match (names, name) {
        (None, _) => Ok(true),
        (Some(names), Value::String(name)) => names
            .is_match(name)
            .map_err(|why| envelope.refused(&format!("has a {field} for '{field}.include': {why}"))),
        (Some(_), _) => Err(envelope.refused(&format!("has no {field:?}, which '{field}.include' asks for"))),
    }
}

fn list<'a>(envelope: &Envelope, rows: Value<'a>, field: &str) -> Result<&'a [Value<'a>], DecodeError> {
    match rows {
        Value::Array(rows) => Ok(rows),
        _ => Err(envelope.refused(&format!("has no {field:?}"))),
    }
}

fn row_in<'a>(envelope: &Envelope, row: Option<&Value<'a>>, field: &str) -> Result<Row<'a>, DecodeError> {
    match row {
        Some(Value::Row(row)) => Ok(row),
        _ => Err(envelope.refused(&format!("has no row in {field:?} where one is due"))),
    }
}

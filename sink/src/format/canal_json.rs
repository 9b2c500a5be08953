//! The `canal-json` format: a change event with rows as they are now, and what of them was other before.

use std::sync::Arc;

use super::envelope::{
    Envelope, EnvelopeEncoder, EnvelopeMetadata, Event, EventDecoder, Events, Place, as_it_is, instant,
    listed, long, millis, text, texts,
};
use super::json;
use super::json::options::{
    DECIMAL_AS_PLAIN_NUMBER, IGNORE_NULL_FIELDS, IGNORE_PARSE_ERRORS, MAP_NULL_KEY_LITERAL,
    MAP_NULL_KEY_MODE, TIMESTAMP_FORMAT,
};
use super::{
    DecodeError, Decoder, DecodingFormat, Encoder, EncodingFormat, FormatError, FormatMetadata, FormatSpec,
    Ready,
};
use crate::java_regex::JavaPattern;
use crate::option::{OptionKind, OptionSet, OptionSpec};
use crate::row::{Row, RowKind, Value};
use crate::types::{DataType, Field, LogicalType};

/// The row of the table.
pub(super) const CANAL_JSON: FormatSpec = FormatSpec {
    name: "canal-json",
    about: "Canal's change events in JSON",
    options: &[
        DATABASE_INCLUDE,
        TABLE_INCLUDE,
        IGNORE_PARSE_ERRORS,
        TIMESTAMP_FORMAT,
        MAP_NULL_KEY_MODE,
        MAP_NULL_KEY_LITERAL,
        DECIMAL_AS_PLAIN_NUMBER,
        IGNORE_NULL_FIELDS,
    ],
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
    EnvelopeMetadata {
        metadata: FormatMetadata { key: "database", data_type: text },
        place: Place::Event("database"),
        field_type: text,
        convert: as_it_is,
    },
    EnvelopeMetadata {
        metadata: FormatMetadata { key: "table", data_type: text },
        place: Place::Event("table"),
        field_type: text,
        convert: as_it_is,
    },
    EnvelopeMetadata {
        metadata: FormatMetadata { key: "sql-type", data_type: sql_types },
        place: Place::Event("sqlType"),
        field_type: sql_types,
        convert: as_it_is,
    },
    EnvelopeMetadata {
        metadata: FormatMetadata { key: "pk-names", data_type: texts },
        place: Place::Event("pkNames"),
        field_type: texts,
        convert: as_it_is,
    },
    EnvelopeMetadata {
        metadata: FormatMetadata { key: "ingestion-timestamp", data_type: instant },
        place: Place::Event("ts"),
        field_type: long,
        convert: millis,
    },
    EnvelopeMetadata {
        metadata: FormatMetadata { key: "event-timestamp", data_type: instant },
        place: Place::Event("es"),
        field_type: long,
        convert: millis,
    },
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
    let name = CANAL_JSON.name;
    let codec: Arc<dyn Decoder> = Arc::new(EventDecoder {
        envelope: Envelope::new(name, json::tree, options, own, (&METADATA, metadata), false)?,
        events: CanalEvents {
            columns: columns.into(),
            databases: included(options, &DATABASE_INCLUDE)?,
            tables: included(options, &TABLE_INCLUDE)?,
        },
        ignore_parse_errors: options.is_true(IGNORE_PARSE_ERRORS.key),
    });
    Ok(Box::new(Ready { name, codec }))
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
    let codec: Arc<dyn Encoder> = Arc::new(EnvelopeEncoder {
        row: json::encoder(options, columns, slots)?,
        insert: ("{\"data\":[", "],\"type\":\"INSERT\"}"),
        delete: ("{\"data\":[", "],\"type\":\"DELETE\"}"),
    });
    Ok(Box::new(Ready { name: CANAL_JSON.name, codec }))
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

//! The `debezium-json` format, reading: a change event with the row before and the row after.

use std::sync::Arc;

use super::json::{
    self, DECIMAL_AS_PLAIN_NUMBER, IGNORE_NULL_FIELDS, IGNORE_PARSE_ERRORS, JsonTreeDecoder,
    MAP_NULL_KEY_LITERAL, MAP_NULL_KEY_MODE, TIMESTAMP_FORMAT,
};
use super::{DecodeError, Decoder, DecodingFormat, FormatError, FormatSpec, Ready};
use crate::option::{OptionKind, OptionSet, OptionSpec};
use crate::row::{Arena, Row, RowKind, Value};
use crate::types::{Field, LogicalType};

/// The row of the table.
pub(super) const DEBEZIUM_JSON: FormatSpec = FormatSpec {
    name: "debezium-json",
    about: "Debezium's change events in JSON",
    options: &[
        SCHEMA_INCLUDE,
        IGNORE_PARSE_ERRORS,
        TIMESTAMP_FORMAT,
        MAP_NULL_KEY_MODE,
        MAP_NULL_KEY_LITERAL,
        DECIMAL_AS_PLAIN_NUMBER,
        IGNORE_NULL_FIELDS,
    ],
    metadata: &[
        "schema",
        "ingestion-timestamp",
        "source.timestamp",
        "source.database",
        "source.schema",
        "source.table",
        "source.properties",
    ],
    carries_changes: true,
    decoding: Some(decoding),
    encoding: None,
};

const SCHEMA_INCLUDE: OptionSpec = OptionSpec {
    key: "schema-include",
    kind: OptionKind::Bool,
    default: Some("false"),
    since: "1.12",
    about: "Whether events come as {\"schema\":…,\"payload\":…}",
};

fn decoding(options: &OptionSet, columns: &[Field]) -> Result<Box<dyn DecodingFormat>, FormatError> {
    let row = LogicalType::Row(columns.into());
    let mut envelope = vec![
        Field::new("before", row.clone().nullable()),
        Field::new("after", row.nullable()),
        Field::new("op", LogicalType::STRING.nullable()),
    ];
    let schema_include = options.is_true(SCHEMA_INCLUDE.key);
    if schema_include {
        envelope = vec![Field::new("payload", LogicalType::Row(envelope.into()).nullable())];
    }
    let ignore_parse_errors = options.is_true(IGNORE_PARSE_ERRORS.key);
    let envelope = json::tree(options, &envelope)?;
    let codec: Arc<dyn Decoder> = Arc::new(DebeziumDecoder { envelope, schema_include, ignore_parse_errors });
    Ok(Box::new(Ready { name: DEBEZIUM_JSON.name, codec }))
}

struct DebeziumDecoder {
    /// Reads `before`, `after` and `op`, inside of `payload` if the schema is included.
    envelope: JsonTreeDecoder,
    schema_include: bool,
    ignore_parse_errors: bool,
}

impl Decoder for DebeziumDecoder {
    fn decode<'a>(
        &self,
        bytes: Option<&'a [u8]>,
        arena: &'a Arena,
        each: &mut dyn FnMut(RowKind, Option<Row<'a>>),
    ) -> Result<(), DecodeError> {
        // A tombstone that follows a delete in a compacted topic.
        let Some(message) = bytes.filter(|bytes| !bytes.is_empty()) else { return Ok(()) };
        match self.event(message, arena).and_then(|event| event.changes(each)) {
            Err(_) if self.ignore_parse_errors => Ok(()),
            outcome => outcome,
        }
    }
}

impl DebeziumDecoder {
    fn event<'a>(&self, message: &'a [u8], arena: &'a Arena) -> Result<Event<'a>, DecodeError> {
        let (mut envelope, mut count) = (None, 0);
        self.envelope.rows(message, arena, &mut |row| {
            envelope = Some(row);
            count += 1;
        })?;
        let payload = match envelope {
            Some(&[Value::Row(payload)]) if self.schema_include => Some(payload),
            Some(_) if self.schema_include => None,
            envelope => envelope,
        };
        match payload {
            Some(&[before, after, op]) if count == 1 => Ok(Event { before, after, op }),
            _ if count > 1 => Err(refused("holds more than one event")),
            _ if self.schema_include => {
                Err(refused("has no payload: 'schema-include' expects {\"schema\":…,\"payload\":…}"))
            }
            _ => Err(refused("holds no event")),
        }
    }
}

/// What the event says, unjudged.
struct Event<'a> {
    before: Value<'a>,
    after: Value<'a>,
    op: Value<'a>,
}

impl<'a> Event<'a> {
    fn changes(self, each: &mut dyn FnMut(RowKind, Option<Row<'a>>)) -> Result<(), DecodeError> {
        match self.op {
            Value::String("c" | "r") => each(RowKind::Insert, Some(self.after()?)),
            Value::String("u") => {
                let (before, after) = (self.before()?, self.after()?);
                each(RowKind::UpdateBefore, Some(before));
                each(RowKind::UpdateAfter, Some(after));
            }
            Value::String("d") => each(RowKind::Delete, Some(self.before()?)),
            Value::String(op) => {
                let op: String = op.chars().take(20).collect();
                return Err(refused(&format!("has the op {op:?}, not one of c, r, u, d")));
            }
            _ => return Err(refused("has no op: is the option 'schema-include' right?")),
        }
        Ok(())
    }

    fn before(&self) -> Result<Row<'a>, DecodeError> {
        match self.before {
            Value::Row(row) => Ok(row),
            _ => Err(refused(
                "has no \"before\": a PostgreSQL table needs REPLICA IDENTITY FULL to say what was updated or deleted",
            )),
        }
    }

    fn after(&self) -> Result<Row<'a>, DecodeError> {
        match self.after {
            Value::Row(row) => Ok(row),
            _ => Err(refused("has no \"after\"")),
        }
    }
}

#[cold]
fn refused(why: &str) -> DecodeError {
    DecodeError::refused(format!("the debezium-json message {why}"))
}

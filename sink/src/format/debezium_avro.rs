//! The `debezium-avro-confluent` format: change events in Avro, each behind the id of its schema in a registry.

use std::fmt;
use std::sync::Arc;

use super::avro::{DatumWriter, TableSchema, WriterSchemas, header};
use super::{
    DecodeError, Decoder, DecodingFormat, EncodeError, Encoded, Encoder, EncodingFormat, FormatError,
    FormatSpec, OpenContext, Waiting,
};
use crate::option::OptionSet;
use crate::registry::{REGISTRY_OPTIONS, RegistrySettings, SchemaRegistry};
use crate::row::{Arena, Row, RowKind, Value};
use crate::types::{Field, LogicalType};

/// The row of the table.
pub(super) const DEBEZIUM_AVRO_CONFLUENT: FormatSpec = FormatSpec {
    name: "debezium-avro-confluent",
    about: "Debezium's change events in Avro, their schema in Confluent's registry",
    options: REGISTRY_OPTIONS,
    metadata: &[],
    carries_changes: true,
    decoding: Some(decoding),
    encoding: Some(encoding),
};

fn decoding(
    options: &OptionSet,
    columns: &[Field],
    _: &[&str],
) -> Result<Box<dyn DecodingFormat>, FormatError> {
    let settings = RegistrySettings::of(options)?;
    let envelope = envelope(columns);
    let table = TableSchema::of(&settings, &envelope, true)?;
    Ok(Box::new(DebeziumAvroDecoding { settings, table, envelope: envelope.into() }))
}

fn encoding(
    options: &OptionSet,
    columns: &[Field],
    slots: &[usize],
) -> Result<Box<dyn EncodingFormat>, FormatError> {
    let settings = RegistrySettings::of(options)?;
    let written: Vec<Field> = slots.iter().map(|&slot| columns[slot].clone()).collect();
    let table = TableSchema::of(&settings, &envelope(&written), true)?;
    let writer = Arc::new(DatumWriter::of_envelope(&table.schema, &written, slots)?);
    Ok(Box::new(DebeziumAvroEncoding { settings, table, writer }))
}

/// What an event holds of its columns.
fn envelope(columns: &[Field]) -> [Field; 3] {
    let row = LogicalType::Row(columns.into());
    [
        Field::new("before", row.clone().nullable()),
        Field::new("after", row.nullable()),
        Field::new("op", LogicalType::STRING.nullable()),
    ]
}

struct DebeziumAvroDecoding {
    settings: RegistrySettings,
    table: TableSchema,
    envelope: Arc<[Field]>,
}

impl DecodingFormat for DebeziumAvroDecoding {
    fn open<'a>(&'a self, context: &'a OpenContext<'a>) -> Waiting<'a, Arc<dyn Decoder>> {
        Box::pin(async move {
            let registry = SchemaRegistry::open(&self.settings, &context.environment())?;
            let schema = Arc::clone(&self.table.schema);
            let schemas = WriterSchemas::new(registry, schema, Arc::clone(&self.envelope));
            Ok(Arc::new(DebeziumAvroDecoder { schemas }) as Arc<dyn Decoder>)
        })
    }
}

impl fmt::Debug for DebeziumAvroDecoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DebeziumAvroDecoding").field("settings", &self.settings).finish_non_exhaustive()
    }
}

struct DebeziumAvroEncoding {
    settings: RegistrySettings,
    table: TableSchema,
    writer: Arc<DatumWriter>,
}

impl EncodingFormat for DebeziumAvroEncoding {
    fn open<'a>(&'a self, context: &'a OpenContext<'a>) -> Waiting<'a, Arc<dyn Encoder>> {
        Box::pin(async move {
            let header = header(&self.settings, &self.table.text, context).await?;
            Ok(Arc::new(DebeziumAvroEncoder { header, writer: Arc::clone(&self.writer) }) as Arc<dyn Encoder>)
        })
    }
}

impl fmt::Debug for DebeziumAvroEncoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DebeziumAvroEncoding").field("settings", &self.settings).finish_non_exhaustive()
    }
}

struct DebeziumAvroDecoder {
    schemas: WriterSchemas,
}

impl Decoder for DebeziumAvroDecoder {
    fn decode<'a>(
        &self,
        bytes: Option<&'a [u8]>,
        arena: &'a Arena,
        each: &mut dyn FnMut(RowKind, Option<Row<'a>>),
    ) -> Result<(), DecodeError> {
        // A tombstone that follows a delete in a compacted topic.
        let Some(message) = bytes.filter(|bytes| !bytes.is_empty()) else { return Ok(()) };
        let (reader, body) = self.schemas.reader(message)?;
        match reader.row(body, arena)? {
            Some(&[before, after, op]) => changes(before, after, op, each),
            _ => Err(refused("holds no event")),
        }
    }

    fn fetch_schema(&self, id: u32) -> Waiting<'_, ()> {
        Box::pin(self.schemas.fetch(id))
    }
}

fn changes<'a>(
    before: Value<'a>,
    after: Value<'a>,
    op: Value<'a>,
    each: &mut dyn FnMut(RowKind, Option<Row<'a>>),
) -> Result<(), DecodeError> {
    let before = || match before {
        Value::Row(row) => Ok(row),
        _ => Err(refused(
            "has no \"before\": a PostgreSQL table needs REPLICA IDENTITY FULL to say what was updated or deleted",
        )),
    };
    let after = || match after {
        Value::Row(row) => Ok(row),
        _ => Err(refused("has no \"after\"")),
    };
    match op {
        Value::String("c" | "r") => each(RowKind::Insert, Some(after()?)),
        Value::String("u") => {
            let (before, after) = (before()?, after()?);
            each(RowKind::UpdateBefore, Some(before));
            each(RowKind::UpdateAfter, Some(after));
        }
        Value::String("d") => each(RowKind::Delete, Some(before()?)),
        Value::String(op) => {
            let op: String = op.chars().take(20).collect();
            return Err(refused(&format!("has the op {op:?}, not one of c, r, u, d")));
        }
        _ => return Err(refused("has no op: are they Debezium's change events?")),
    }
    Ok(())
}

#[cold]
fn refused(why: &str) -> DecodeError {
    DecodeError::refused(format!("the debezium-avro-confluent message {why}"))
}

struct DebeziumAvroEncoder {
    header: [u8; 5],
    writer: Arc<DatumWriter>,
}

impl Encoder for DebeziumAvroEncoder {
    fn encode(&self, kind: RowKind, row: Row<'_>, out: &mut Vec<u8>) -> Result<Encoded, EncodeError> {
        out.extend_from_slice(&self.header);
        let row = Value::Row(row);
        let event = match kind {
            RowKind::Insert | RowKind::UpdateAfter => [Value::Null, row, Value::String("c")],
            RowKind::UpdateBefore | RowKind::Delete => [row, Value::Null, Value::String("d")],
        };
        self.writer.write(&event, out)?;
        Ok(Encoded::Bytes)
    }
}

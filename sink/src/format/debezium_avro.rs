//! The `debezium-avro-confluent` format: change events in Avro, each behind the id of its schema in a registry.

use std::sync::Arc;

use super::avro::{
    DatumWriter, HEADER_BYTES, RegistryDecoding, RegistryEncoding, TableSchema, WriterSchemas,
};
use super::{
    DecodeError, Decoder, DecodingFormat, EncodeError, Encoded, Encoder, EncodingFormat, FormatError,
    FormatSpec, Waiting,
};
use crate::option::OptionSet;
use crate::registry::{REGISTRY_OPTIONS, RegistrySettings};
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
    let decoder = |schemas| Arc::new(DebeziumAvroDecoder { schemas }) as Arc<dyn Decoder>;
    let name = DEBEZIUM_AVRO_CONFLUENT.name;
    Ok(Box::new(RegistryDecoding { name, settings, table, columns: envelope.into(), decoder }))
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
    let encoder = |header, writer| Arc::new(DebeziumAvroEncoder { header, writer }) as Arc<dyn Encoder>;
    Ok(Box::new(RegistryEncoding { name: DEBEZIUM_AVRO_CONFLUENT.name, settings, table, writer, encoder }))
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
    header: [u8; HEADER_BYTES],
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

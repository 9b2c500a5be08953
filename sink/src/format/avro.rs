//! The `avro` format: bodies without a header, read and written by the schema that the columns make.

use std::sync::Arc;

use self::datum_reader::DatumReader;
pub(super) use self::datum_writer::DatumWriter;
use self::derive::TimestampMapping;
pub(super) use self::registered::{HEADER_BYTES, TableSchema, WriterSchemas};
pub(super) use self::registry_format::{RegistryDecoding, RegistryEncoding};
use self::schema::AvroSchema;
use super::{
    DecodeError, Decoder, DecodingFormat, EncodeError, Encoded, Encoder, EncodingFormat, FormatError,
    FormatSpec, Ready,
};
use crate::option::{OptionKind, OptionSet, OptionSpec};
use crate::row::{Arena, Row, RowKind};
use crate::types::Field;

mod datum_reader;
mod datum_writer;
mod default_value;
mod derive;
mod json_reader;
mod json_writer;
mod node;
mod reader_cache;
mod registered;
mod registry_format;
mod resolution;
mod scalar;
mod schema;
mod schema_parser;
mod step;
#[cfg(test)]
mod tests;
mod wire;
mod write_step;

/// The row of the table.
pub(super) const AVRO: FormatSpec = FormatSpec {
    name: "avro",
    about: "An Avro body for each row, without a header, of the schema that the columns make",
    options: &[ENCODING, LEGACY_MAPPING, CODEC, FAST_READ],
    metadata: &[],
    carries_changes: false,
    decoding: Some(decoding),
    encoding: Some(encoding),
};

const ENCODING: OptionSpec = OptionSpec {
    key: "encoding",
    kind: OptionKind::Choice(&["binary", "json"]),
    default: Some("binary"),
    since: "1.17",
    about: "Avro's binary encoding, or its JSON, in which what may be null has its type's name in front",
};
const LEGACY_MAPPING: OptionSpec = OptionSpec {
    key: "timestamp_mapping.legacy",
    kind: OptionKind::Bool,
    default: Some("true"),
    since: "1.19",
    about: "Whether TIMESTAMP is a timestamp-millis, as ever; false takes TIMESTAMP(6) and TIMESTAMP_LTZ(6), whose milliseconds are written, as Flink 2.3 does",
};
const CODEC: OptionSpec = OptionSpec {
    key: "codec",
    kind: OptionKind::String,
    default: None,
    since: "1.12",
    about: "How files are compressed; messages are not, and it says nothing of them",
};
const FAST_READ: OptionSpec = OptionSpec {
    key: "open.fastread",
    kind: OptionKind::Bool,
    default: None,
    since: "2.1",
    about: "A switch of Java's reader; ours has one way to read, and it is fast",
};

fn decoding(
    options: &OptionSet,
    columns: &[Field],
    _: &[&str],
) -> Result<Box<dyn DecodingFormat>, FormatError> {
    let schema = derived(columns, mapping(options))?;
    let reader = DatumReader::new(Arc::clone(&schema), &schema, columns);
    Ok(Ready::decoding(AVRO.name, AvroDecoder { reader, json: is_json(options) }))
}

fn encoding(
    options: &OptionSet,
    columns: &[Field],
    slots: &[usize],
) -> Result<Box<dyn EncodingFormat>, FormatError> {
    let written: Vec<Field> = slots.iter().map(|&slot| columns[slot].clone()).collect();
    let schema = derived(&written, mapping(options))?;
    let writer = DatumWriter::of_columns(&schema, &written, slots)?;
    Ok(Ready::encoding(AVRO.name, AvroEncoder { writer, json: is_json(options) }))
}

/// The schema that the columns make, as text: what the golden data has, for tests.
pub(crate) fn derived_schema(columns: &[Field], legacy: bool) -> Result<String, FormatError> {
    let mapping = if legacy { TimestampMapping::Legacy } else { TimestampMapping::Exact };
    let json = derive::record_of(columns, mapping)?;
    derived(columns, mapping).map(|_| json.to_string())
}

/// Reads a body by a writer's schema, whatever both are.
pub(crate) fn read(schema: &str, columns: &[Field], body: &[u8]) -> Result<(), String> {
    let writer = AvroSchema::parse(schema)?;
    let table = derived(columns, TimestampMapping::Exact).map_err(|error| error.to_string())?;
    let reader = DatumReader::new(Arc::new(writer), &table, columns);
    reader.row(body, &Arena::new()).map(|_| ()).map_err(|error| error.to_string())
}

fn derived(columns: &[Field], mapping: TimestampMapping) -> Result<Arc<AvroSchema>, FormatError> {
    let json = derive::record_of(columns, mapping)?;
    AvroSchema::of_json(&json).map(Arc::new).map_err(|why| FormatError::new(format!("the columns: {why}")))
}

fn mapping(options: &OptionSet) -> TimestampMapping {
    // Absent, it is at its default.
    match options.find(LEGACY_MAPPING.key) {
        Some(_) if !options.is_true(LEGACY_MAPPING.key) => TimestampMapping::Written,
        _ => TimestampMapping::Legacy,
    }
}

fn is_json(options: &OptionSet) -> bool {
    options.text(ENCODING.key) == Some("json")
}

struct AvroDecoder {
    reader: DatumReader,
    json: bool,
}

impl Decoder for AvroDecoder {
    fn decode<'a>(
        &self,
        bytes: Option<&'a [u8]>,
        arena: &'a Arena,
        each: &mut dyn FnMut(RowKind, Option<Row<'a>>),
    ) -> Result<(), DecodeError> {
        let Some(message) = bytes else { return Ok(()) };
        let row = match self.json {
            false => self.reader.row(message, arena)?,
            true => json_reader::row(&self.reader, message, arena)?,
        };
        each(RowKind::Insert, row);
        Ok(())
    }
}

struct AvroEncoder {
    writer: DatumWriter,
    json: bool,
}

impl Encoder for AvroEncoder {
    fn encode(&self, _: RowKind, row: Row<'_>, out: &mut Vec<u8>) -> Result<Encoded, EncodeError> {
        match self.json {
            false => self.writer.write(row, out)?,
            true => self.writer.write_json(row, out)?,
        }
        Ok(Encoded::Bytes)
    }
}

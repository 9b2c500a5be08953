//! The `avro-confluent` format: Avro bodies, each behind the id of its schema in a registry.

use std::fmt;
use std::sync::Arc;

use super::avro::{DatumWriter, TableSchema, WriterSchemas, header};
use super::{
    DecodeError, Decoder, DecodingFormat, EncodeError, Encoded, Encoder, EncodingFormat, FormatError,
    FormatSpec, OpenContext, Waiting,
};
use crate::option::OptionSet;
use crate::registry::{REGISTRY_OPTIONS, RegistrySettings, SchemaRegistry};
use crate::row::{Arena, Row, RowKind};
use crate::types::Field;

/// The row of the table.
pub(super) const AVRO_CONFLUENT: FormatSpec = FormatSpec {
    name: "avro-confluent",
    about: "An Avro body for each row, its schema in Confluent's registry",
    options: REGISTRY_OPTIONS,
    metadata: &[],
    carries_changes: false,
    decoding: Some(decoding),
    encoding: Some(encoding),
};

fn decoding(
    options: &OptionSet,
    columns: &[Field],
    _: &[&str],
) -> Result<Box<dyn DecodingFormat>, FormatError> {
    let settings = RegistrySettings::of(options)?;
    let table = TableSchema::of(&settings, columns, false)?;
    Ok(Box::new(ConfluentDecoding { settings, table, columns: columns.into() }))
}

fn encoding(
    options: &OptionSet,
    columns: &[Field],
    slots: &[usize],
) -> Result<Box<dyn EncodingFormat>, FormatError> {
    let settings = RegistrySettings::of(options)?;
    let written: Vec<Field> = slots.iter().map(|&slot| columns[slot].clone()).collect();
    let table = TableSchema::of(&settings, &written, false)?;
    let writer = Arc::new(DatumWriter::of_columns(&table.schema, &written, slots)?);
    Ok(Box::new(ConfluentEncoding { settings, table, writer }))
}

struct ConfluentDecoding {
    settings: RegistrySettings,
    table: TableSchema,
    columns: Arc<[Field]>,
}

impl fmt::Debug for ConfluentDecoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConfluentDecoding").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl DecodingFormat for ConfluentDecoding {
    fn open<'a>(&'a self, context: &'a OpenContext<'a>) -> Waiting<'a, Arc<dyn Decoder>> {
        Box::pin(async move {
            let registry = SchemaRegistry::open(&self.settings, &context.environment())?;
            let schema = Arc::clone(&self.table.schema);
            let schemas = WriterSchemas::new(registry, schema, Arc::clone(&self.columns));
            Ok(Arc::new(ConfluentDecoder { schemas }) as Arc<dyn Decoder>)
        })
    }
}

struct ConfluentEncoding {
    settings: RegistrySettings,
    table: TableSchema,
    writer: Arc<DatumWriter>,
}

impl fmt::Debug for ConfluentEncoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConfluentEncoding").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl EncodingFormat for ConfluentEncoding {
    fn open<'a>(&'a self, context: &'a OpenContext<'a>) -> Waiting<'a, Arc<dyn Encoder>> {
        Box::pin(async move {
            let header = header(&self.settings, &self.table.text, context).await?;
            Ok(Arc::new(ConfluentEncoder { header, writer: Arc::clone(&self.writer) }) as Arc<dyn Encoder>)
        })
    }

    fn unhashed_bytes(&self) -> usize {
        if self.settings.hashes_body { HEADER_BYTES } else { 0 }
    }
}

/// A zero and the schema's id.
const HEADER_BYTES: usize = 5;

struct ConfluentDecoder {
    schemas: WriterSchemas,
}

impl Decoder for ConfluentDecoder {
    fn decode<'a>(
        &self,
        bytes: Option<&'a [u8]>,
        arena: &'a Arena,
        each: &mut dyn FnMut(RowKind, Option<Row<'a>>),
    ) -> Result<(), DecodeError> {
        let Some(message) = bytes else { return Ok(()) };
        let (reader, body) = self.schemas.reader(message)?;
        each(RowKind::Insert, reader.row(body, arena)?);
        Ok(())
    }

    fn fetch_schema(&self, id: u32) -> Waiting<'_, ()> {
        Box::pin(self.schemas.fetch(id))
    }
}

struct ConfluentEncoder {
    header: [u8; HEADER_BYTES],
    writer: Arc<DatumWriter>,
}

impl Encoder for ConfluentEncoder {
    fn encode(&self, _: RowKind, row: Row<'_>, out: &mut Vec<u8>) -> Result<Encoded, EncodeError> {
        out.extend_from_slice(&self.header);
        self.writer.write(row, out)?;
        Ok(Encoded::Bytes)
    }
}

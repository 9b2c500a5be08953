//! The `avro-confluent` format: Avro bodies, each behind the id of its schema in a registry.

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
    let decoder = |schemas| Arc::new(ConfluentDecoder { schemas }) as Arc<dyn Decoder>;
    Ok(Box::new(RegistryDecoding {
        name: AVRO_CONFLUENT.name,
        settings,
        table,
        columns: columns.into(),
        decoder,
    }))
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
    let encoder = |header, writer| Arc::new(ConfluentEncoder { header, writer }) as Arc<dyn Encoder>;
    Ok(Box::new(RegistryEncoding { name: AVRO_CONFLUENT.name, settings, table, writer, encoder }))
}

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

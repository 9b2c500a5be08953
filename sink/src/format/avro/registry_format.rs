//! A format whose schemas a registry keeps: described by its table's schema, opened with the registry.

use std::fmt;
use std::sync::Arc;

use super::datum_writer::DatumWriter;
use super::registered::{HEADER_BYTES, TableSchema, WriterSchemas, header};
use crate::format::{Decoder, DecodingFormat, Encoder, EncodingFormat, OpenContext, Waiting};
use crate::registry::{RegistrySettings, SchemaRegistry};
use crate::types::Field;

/// Such a format as it reads.
pub(in crate::format) struct RegistryDecoding {
    pub(in crate::format) name: &'static str,
    pub(in crate::format) settings: RegistrySettings,
    pub(in crate::format) table: TableSchema,
    /// What each message is read as.
    pub(in crate::format) columns: Arc<[Field]>,
    pub(in crate::format) decoder: fn(WriterSchemas) -> Arc<dyn Decoder>,
}

/// Such a format as it writes.
pub(in crate::format) struct RegistryEncoding {
    pub(in crate::format) name: &'static str,
    pub(in crate::format) settings: RegistrySettings,
    pub(in crate::format) table: TableSchema,
    pub(in crate::format) writer: Arc<DatumWriter>,
    pub(in crate::format) encoder: fn([u8; HEADER_BYTES], Arc<DatumWriter>) -> Arc<dyn Encoder>,
}

impl DecodingFormat for RegistryDecoding {
    fn open<'a>(&'a self, context: &'a OpenContext<'a>) -> Waiting<'a, Arc<dyn Decoder>> {
        Box::pin(async move {
            let registry = SchemaRegistry::open(&self.settings, &context.environment())?;
            let schema = Arc::clone(&self.table.schema);
            Ok((self.decoder)(WriterSchemas::new(registry, schema, Arc::clone(&self.columns))))
        })
    }
}

impl EncodingFormat for RegistryEncoding {
    fn open<'a>(&'a self, context: &'a OpenContext<'a>) -> Waiting<'a, Arc<dyn Encoder>> {
        Box::pin(async move {
            let header = header(&self.settings, &self.table.text, context).await?;
            Ok((self.encoder)(header, Arc::clone(&self.writer)))
        })
    }

    fn unhashed_bytes(&self) -> usize {
        if self.settings.hashes_body { HEADER_BYTES } else { 0 }
    }
}

impl fmt::Debug for RegistryDecoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct(self.name).field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl fmt::Debug for RegistryEncoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct(self.name).field("settings", &self.settings).finish_non_exhaustive()
    }
}

//! Avro bodies behind Confluent's header, and the registry that knows the schemas in it.

use std::sync::Arc;

use tokio::sync::Mutex;

use super::datum_reader::DatumReader;
use super::derive::{self, TimestampMapping};
use super::reader_cache::ReaderCache;
use super::schema::{AvroSchema, anywhere_nullable};
use crate::error::{Error, ErrorKind};
use crate::format::{DecodeError, FormatError, OpenContext, Part};
use crate::registry::{RegistrySettings, SchemaRegistry};
use crate::types::{Field, LogicalType};

/// The schema of a table with a registry: the option's, or the columns' own.
pub(in crate::format) struct TableSchema {
    /// As it is registered.
    pub(in crate::format) text: String,
    pub(in crate::format) schema: Arc<AvroSchema>,
}

impl TableSchema {
    /// Of these columns; `nullable` as a whole, where it is the columns' own.
    pub(in crate::format) fn of(
        settings: &RegistrySettings,
        columns: &[Field],
        nullable: bool,
    ) -> Result<Self, FormatError> {
        if let Some(text) = &settings.schema {
            return Self::given(text, columns);
        }
        let json = derive::record_of(columns, TimestampMapping::Legacy)?;
        let json = if nullable { derive::nullable(json) } else { json };
        let schema = AvroSchema::of_json(&json);
        let schema = schema.map_err(|why| FormatError::new(format!("the columns: {why}")))?;
        Ok(Self { text: json.to_string(), schema: Arc::new(schema) })
    }

    /// The one that the table gives must say what the columns say.
    fn given(text: &str, columns: &[Field]) -> Result<Self, FormatError> {
        let schema = AvroSchema::parse(text)
            .map_err(|why| FormatError::new(format!("'schema' is no Avro schema: {why}")))?;
        let wanted = anywhere_nullable(&LogicalType::Row(columns.into()));
        let found = schema.logical_type(schema.root()).map(|logical| anywhere_nullable(&logical));
        if found.as_ref() != Some(&wanted) {
            let found = found.map_or_else(|| "no row that SQL has".to_owned(), |found| found.to_string());
            let sentence =
                format!("'schema' does not agree with the columns: it is {found}, they are {wanted}");
            return Err(FormatError::new(sentence));
        }
        Ok(Self { text: text.to_owned(), schema: Arc::new(schema) })
    }
}

/// What reads a table's messages by whatever schemas wrote them.
pub(in crate::format) struct WriterSchemas {
    registry: SchemaRegistry,
    table: Arc<AvroSchema>,
    columns: Arc<[Field]>,
    readers: ReaderCache,
    /// Tasks that need the same schema fetch it once.
    fetching: Mutex<()>,
}

impl WriterSchemas {
    /// Of that registry, as rows of these columns.
    pub(in crate::format) fn new(
        registry: SchemaRegistry,
        table: Arc<AvroSchema>,
        columns: Arc<[Field]>,
    ) -> Self {
        Self { registry, table, columns, readers: ReaderCache::new(), fetching: Mutex::default() }
    }

    /// The reader of a message and its body, or the schema that is needed first.
    #[inline]
    pub(in crate::format) fn reader<'a>(
        &self,
        message: &'a [u8],
    ) -> Result<(&DatumReader, &'a [u8]), DecodeError> {
        match message {
            [0, a, b, c, d, body @ ..] => {
                let id = u32::from_be_bytes([*a, *b, *c, *d]);
                let reader = self.readers.find(id).ok_or_else(|| DecodeError::needs_schema(id))?;
                Ok((reader, body))
            }
            [] | [0, ..] => Err(DecodeError::refused(
                "the message is shorter than a registry's header: a zero and the schema's id in four bytes",
            )),
            [first, ..] => Err(DecodeError::refused(format!(
                "the message begins with the byte {first}, not with a registry's 0: was it written without a registry?"
            ))),
        }
    }

    /// Fetches a schema, unless another task did so meanwhile.
    pub(in crate::format) async fn fetch(&self, id: u32) -> Result<(), Error> {
        let _alone = self.fetching.lock().await;
        if self.readers.find(id).is_some() {
            return Ok(());
        }
        let texts = self.registry.schemas(id).await?;
        let schema = AvroSchema::parse_all(&texts)
            .map_err(|why| Error::new(ErrorKind::Source, format!("the registry's schema {id}: {why}")))?;
        let reader = DatumReader::new(Arc::new(schema), &self.table, &self.columns);
        self.readers.insert(id, reader).map_err(|_| {
            Error::new(ErrorKind::Source, "the topic's messages were written by more schemas than are kept")
        })
    }
}

/// Registers a table's schema: the header of all that is written.
pub(in crate::format) async fn header(
    settings: &RegistrySettings,
    text: &str,
    context: &OpenContext<'_>,
) -> Result<[u8; HEADER_BYTES], Error> {
    let subject = match (&settings.subject, context.topics) {
        (Some(subject), _) => subject.clone(),
        (None, [topic]) => match context.part {
            Part::Key => format!("{topic}-key"),
            Part::Value => format!("{topic}-value"),
        },
        (None, _) => {
            let sentence =
                "the option 'subject' is missing, which follows from the topic only where there is one";
            return Err(Error::new(ErrorKind::Sink, sentence));
        }
    };
    let registry = SchemaRegistry::open(settings, &context.environment())?;
    let [a, b, c, d] = registry.id(&subject, text).await?.to_be_bytes();
    Ok([0, a, b, c, d])
}

/// A zero and the schema's id.
pub(in crate::format) const HEADER_BYTES: usize = 5;

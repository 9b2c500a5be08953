//! A changed row becomes a record: its key, its value or tombstone, its metadata.

use std::sync::Arc;

use crate::format::{EncodeError, Encoded, Encoder};
use crate::record_metadata::{MetadataColumns, MetadataSpan};
use crate::row::{Row, RowKind};

/// What a Kafka table writes of a row.
#[derive(Clone)]
pub(crate) struct Serializer {
    /// `None`: records have no key.
    key: Option<Arc<dyn Encoder>>,
    value: Arc<dyn Encoder>,
    metadata: MetadataColumns,
    changes: ChangeMode,
}

/// How a table says what becomes of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ChangeMode {
    /// By its nulls, as upsert-kafka: INSERT and UPDATE_AFTER are values, UPDATE_BEFORE and DELETE tombstones.
    Upsert,
    /// The same without tombstones: deleted rows stay.
    UpsertWithoutDeletes,
    /// By its value's format.
    Format,
}

/// The lengths of what was appended, in this order; `None` is null: no key, or a tombstone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Serialized {
    pub(crate) key: Option<usize>,
    pub(crate) value: Option<usize>,
    /// `None`: nothing beside key and value.
    pub(crate) metadata: Option<MetadataSpan>,
}

impl Serializer {
    /// The key's and the value's encoders, each made for its own columns of one row.
    pub(crate) fn new(
        key: Option<Arc<dyn Encoder>>,
        value: Arc<dyn Encoder>,
        metadata: MetadataColumns,
        changes: ChangeMode,
    ) -> Self {
        Self { key, value, metadata, changes }
    }

    /// Appends key, value and metadata to `out`; `None` where the row is not written. The key's format sees an INSERT,
    /// whatever the row's kind is, and so does the value's where kinds are in the nulls.
    ///
    /// # Errors
    /// When a format cannot hold a value.
    #[inline]
    pub(crate) fn serialize(
        &self,
        kind: RowKind,
        row: Row<'_>,
        out: &mut Vec<u8>,
    ) -> Result<Option<Serialized>, EncodeError> {
        let is_delete = matches!(kind, RowKind::UpdateBefore | RowKind::Delete);
        if is_delete && self.changes == ChangeMode::UpsertWithoutDeletes {
            return Ok(None);
        }
        let key = match &self.key {
            Some(key) => part(&**key, RowKind::Insert, row, out)?,
            None => None,
        };
        let value = match self.changes {
            ChangeMode::Format => part(&*self.value, kind, row, out)?,
            _ if is_delete => None,
            _ => part(&*self.value, RowKind::Insert, row, out)?,
        };
        let metadata = if self.metadata.is_empty() { None } else { Some(self.metadata.write(row, out)) };
        Ok(Some(Serialized { key, value, metadata }))
    }
}

/// The length of what was appended.
#[inline]
fn part(
    encoder: &dyn Encoder,
    kind: RowKind,
    row: Row<'_>,
    out: &mut Vec<u8>,
) -> Result<Option<usize>, EncodeError> {
    let start = out.len();
    Ok(match encoder.encode(kind, row, out)? {
        Encoded::Bytes => Some(out.len() - start),
        Encoded::Null => None,
    })
}

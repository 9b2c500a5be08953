//! A changed row becomes a key and a value, or a key and a tombstone.

use std::sync::Arc;

use crate::format::{EncodeError, Encoded, Encoder};
use crate::row::{Row, RowKind};

/// The upsert-kafka sink's rule: INSERT and UPDATE_AFTER are values, UPDATE_BEFORE and DELETE tombstones.
#[derive(Clone)]
pub(crate) struct Upsert {
    key: Arc<dyn Encoder>,
    value: Arc<dyn Encoder>,
}

impl Upsert {
    /// The key's and the value's encoders, each made for its own columns of one row.
    pub(crate) fn new(key: Arc<dyn Encoder>, value: Arc<dyn Encoder>) -> Self {
        Self { key, value }
    }

    /// Appends key and value to `out` and returns their lengths; `None` is null: no key, or a tombstone. Both formats
    /// see an INSERT, whatever the row's kind is: the upsert-kafka table's kinds are in its nulls.
    ///
    /// # Errors
    /// When a format cannot hold a value.
    #[inline]
    pub(crate) fn encode(
        &self,
        kind: RowKind,
        row: Row<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(Option<usize>, Option<usize>), EncodeError> {
        let key = part(&*self.key, row, out)?;
        let value = match kind {
            RowKind::Insert | RowKind::UpdateAfter => part(&*self.value, row, out)?,
            RowKind::UpdateBefore | RowKind::Delete => None,
        };
        Ok((key, value))
    }
}

/// The length of what was appended.
#[inline]
fn part(encoder: &dyn Encoder, row: Row<'_>, out: &mut Vec<u8>) -> Result<Option<usize>, EncodeError> {
    let start = out.len();
    Ok(match encoder.encode(RowKind::Insert, row, out)? {
        Encoded::Bytes => Some(out.len() - start),
        Encoded::Null => None,
    })
}

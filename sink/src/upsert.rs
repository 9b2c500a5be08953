//! A changed row becomes a key and a value, or a key and a tombstone.

use crate::format::{EncodeError, Encoder};
use crate::row::{Row, RowKind};

/// The upsert-kafka sink's rule: INSERT and UPDATE_AFTER are values, UPDATE_BEFORE and DELETE tombstones.
pub(crate) struct Upsert {
    key: Box<dyn Encoder>,
    value: Box<dyn Encoder>,
}

impl Upsert {
    /// The key's and the value's encoders, each made for its own columns of one row.
    pub(crate) fn new(key: Box<dyn Encoder>, value: Box<dyn Encoder>) -> Self {
        Self { key, value }
    }

    /// Appends key and value to `out` and returns their lengths; no length of a value means a tombstone.
    ///
    /// # Errors
    /// When a format cannot hold a value.
    #[inline]
    pub(crate) fn encode(
        &self,
        kind: RowKind,
        row: Row<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(usize, Option<usize>), EncodeError> {
        let start = out.len();
        self.key.encode(row, out)?;
        let key = out.len() - start;
        let value = match kind {
            RowKind::Insert | RowKind::UpdateAfter => {
                self.value.encode(row, out)?;
                Some(out.len() - start - key)
            }
            RowKind::UpdateBefore | RowKind::Delete => None,
        };
        Ok((key, value))
    }
}

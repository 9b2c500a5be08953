//! What a program says when it opens a table to read it.

use crate::source::Restore;

/// What a program says when it opens a table to read it.
///
/// ```
/// use upsert_kafka_sink::{Restore, SourceOptions};
///
/// let options = SourceOptions::new().with_restore(Restore::Nothing).with_old_rows(256 << 20);
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[must_use]
pub struct SourceOptions {
    pub(super) restore: Restore,
    pub(super) old_rows_bytes_max: Option<usize>,
}

impl SourceOptions {
    /// The group's checkpoint counts, and old rows are not told.
    pub fn new() -> Self {
        Self::default()
    }

    /// What the offsets that the group keeps mean. A checkpoint is one of a program that reads a table of this name.
    pub fn with_restore(self, restore: Restore) -> Self {
        Self { restore, ..self }
    }

    /// Of an upsert-kafka table, says what was there before: a row that changes is an UPDATE_BEFORE and an UPDATE_AFTER,
    /// a new one an INSERT, a deleted one has all of its columns, and equal rows are not told. The last row of each key
    /// is kept for that, in so many bytes of memory at most, and a source that goes on from a checkpoint reads the table
    /// from its beginning first. Other tables say themselves what was there before.
    pub fn with_old_rows(self, memory_bytes_max: usize) -> Self {
        Self { old_rows_bytes_max: Some(memory_bytes_max), ..self }
    }
}

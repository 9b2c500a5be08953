//! What an operator keeps between rows: bytes under keys, with their size told.
//!
//! Operators stand on the trait, so that what they keep may lie elsewhere than in memory one day. Times are arguments, in
//! milliseconds of whatever clock the caller counts by; only their distances count.

use std::fmt;
use std::time::Duration;

mod memory;
mod row_bytes;

pub(crate) use memory::MemoryState;
pub(crate) use row_bytes::{RowBytes, write_row};

/// The last value of each key.
pub(crate) trait State: Send {
    /// What was put last under the key, if it was not deleted since and is not too old.
    fn get(&self, key: &[u8]) -> Option<&[u8]>;

    /// Puts a value in the place of what was there.
    ///
    /// # Errors
    /// It would take more memory than it may; nothing has changed then.
    fn put(&mut self, key: &[u8], value: &[u8]) -> Result<(), StateFull>;

    /// Forgets the key.
    fn delete(&mut self, key: &[u8]);

    /// Hands out every key with its value, in no order.
    #[allow(
        dead_code,
        reason = "aggregates are to stand on it; ChangelogNormalize asks for one key at a time"
    )]
    fn scan(&self, each: &mut dyn FnMut(&[u8], &[u8]));

    /// Forgets every key that this does not want kept.
    fn retain(&mut self, keep: &mut dyn FnMut(&[u8], &[u8]) -> bool);

    /// How much it holds.
    fn size(&self) -> StateSize;

    /// What time it is from now on; what is too old by then is forgotten.
    fn set_time(&mut self, now_ms: i64);
}

/// How much a state holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StateSize {
    /// Keys.
    pub rows: usize,
    /// Bytes of keys and values.
    pub content_bytes: usize,
    /// Memory that it takes for them.
    pub memory_bytes: usize,
}

/// What a state may cost, and for how long it keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StateLimits {
    /// Memory at most.
    pub(crate) memory_bytes_max: usize,
    /// How long a value is kept after it was put; `None` is for ever.
    pub(crate) ttl: Option<Duration>,
}

/// A state that may not grow any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StateFull {
    /// What it holds.
    pub(crate) size: StateSize,
    /// What it may take.
    pub(crate) memory_bytes_max: usize,
}

impl std::ops::AddAssign for StateSize {
    fn add_assign(&mut self, more: Self) {
        self.rows += more.rows;
        self.content_bytes += more.content_bytes;
        self.memory_bytes += more.memory_bytes;
    }
}

impl fmt::Display for StateFull {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { size: StateSize { rows, .. }, memory_bytes_max } = self;
        write!(f, "{rows} rows fill the {memory_bytes_max} bytes of memory that they may take")
    }
}

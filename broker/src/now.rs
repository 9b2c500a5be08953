//! A moment, by two clocks.

use std::time::Instant;

/// The time by the clock that never jumps, and by the one on the wall.
#[derive(Clone, Copy, Debug)]
pub struct Now {
    /// For waiting.
    pub instant: Instant,
    /// For stamping: milliseconds since 1970.
    pub unix_ms: i64,
}

//! A batch as it leaves, and what is measured of it.

use std::time::Duration;

use bytes::Bytes;

use crate::producer::batch::BatchKey;

/// A batch on its way out.
#[derive(Clone, Debug)]
pub(crate) struct InFlightBatch {
    pub(crate) key: BatchKey,
    pub(crate) bytes: Bytes,
    pub(crate) stats: BatchStats,
}

/// What is measured of a batch that leaves.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BatchStats {
    pub(crate) records: u32,
    pub(crate) bytes: usize,
    /// Before compression.
    pub(crate) raw_bytes: usize,
    /// Since its first record came in.
    pub(crate) queued: Duration,
    /// Not the first time.
    pub(crate) again: bool,
}

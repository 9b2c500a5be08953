//! The settings that decide how positions move.

use std::time::Duration;

use crate::config::OffsetReset;
use crate::retry::Backoff;

/// The settings that decide how positions move.
#[derive(Clone, Copy, Debug)]
pub(in crate::consumer) struct FetchLimits {
    /// `fetch.max.bytes`: of all fetches together.
    pub(in crate::consumer) fetch_bytes_max: u32,
    /// `max.partition.fetch.bytes`.
    pub(in crate::consumer) partition_bytes_max: u32,
    /// `fetch.max.decompressed.bytes`: of what is prepared for the polls to come, and again of what one poll
    /// hands over.
    pub(in crate::consumer) decompressed_bytes_max: usize,
    /// The most that any answer may hold, so no fetch asks for more.
    pub(in crate::consumer) response_bytes_max: usize,
    /// `auto.offset.reset`.
    pub(in crate::consumer) reset: OffsetReset,
    /// The waits between attempts of one partition, and between empty answers of one broker.
    pub(in crate::consumer) backoff: Backoff,
    /// How long a partition may fail before the caller is told.
    pub(in crate::consumer) patience: Duration,
    /// `metadata.max.age.ms`: how long a follower is read from before the leader is asked again (KIP-392).
    pub(in crate::consumer) read_replica_age_max: Duration,
}

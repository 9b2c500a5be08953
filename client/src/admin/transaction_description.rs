//! What a cluster tells of transactions and of those who write.

use crate::{ProducerId, TopicPartition};

/// A transactional id, in short.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TransactionListing {
    /// The id.
    pub transactional_id: String,
    /// Who writes under it.
    pub producer_id: i64,
    /// Such as `Ongoing`, `CompleteCommit` or `Empty`.
    pub state: String,
    /// The broker that coordinates it.
    pub coordinator: i32,
}

/// A transactional id and the transaction that it is in.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TransactionDescription {
    /// The id.
    pub transactional_id: String,
    /// Who writes under it.
    pub producer: ProducerId,
    /// Such as `Ongoing`, `CompleteCommit` or `Empty`.
    pub state: String,
    /// After so long the coordinator aborts it.
    pub timeout_ms: i32,
    /// When it began, in milliseconds since 1970; `None` while none is open.
    pub started_ms: Option<i64>,
    /// The partitions in it; while it ends, those that still lack a marker.
    pub partitions: Vec<TopicPartition>,
    /// The broker that coordinates it.
    pub coordinator: i32,
}

impl TransactionDescription {
    /// Whether it has begun and is not ended for all to see: its records hold readers with `read_committed` back.
    pub fn is_open(&self) -> bool {
        matches!(&*self.state, "Ongoing" | "PrepareCommit" | "PrepareAbort" | "PrepareEpochFence")
    }
}

/// A producer that a partition remembers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProducerDescription {
    /// Its id and epoch.
    pub producer: ProducerId,
    /// Of the coordinator that last wrote a marker for it; `None` when none has.
    pub coordinator_epoch: Option<i32>,
    /// When it last wrote, in milliseconds since 1970.
    pub last_timestamp_ms: i64,
    /// Where its open transaction begins; `None` when none is open there.
    pub transaction_start_offset: Option<i64>,
}

//! What changed in a share partition since its snapshot (KIP-932).

use upsert_kafka_protocol_derive::message;

use crate::{Str, Uuid};

/// The key of a record of the log.
#[message(key = 1, versions = 0..=0)]
pub struct ShareUpdateKey {
    pub group_id: Str,
    pub topic_id: Uuid,
    pub partition: i32,
}

/// Its value.
#[message(key = 1, versions = 0..=0, flexible = 0..)]
pub struct ShareUpdateValue {
    /// Of the snapshot that it follows.
    pub snapshot_epoch: i32,
    /// Who leads the partition; an older epoch is refused.
    pub leader_epoch: i32,
    /// The first offset that is not yet done with; -1 when it stays.
    pub start_offset: i64,
    /// How many records from the start on are done with, so that the lag can be told; -1 when unknown
    /// (KIP-1226).
    #[versions(0.., tag = 0, default = -1)]
    pub delivery_complete_count: i32,
    pub state_batches: Vec<StateBatch>,
}

/// A run of records in one state, first and last included.
#[message]
pub struct StateBatch {
    pub first_offset: i64,
    pub last_offset: i64,
    /// 0 available, 2 acknowledged, 4 archived; an acquired record is kept as available.
    pub delivery_state: i8,
    /// How often they were handed out.
    pub delivery_count: i16,
}

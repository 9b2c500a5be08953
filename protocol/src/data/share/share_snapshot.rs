//! The whole state of a share partition (KIP-932).

use upsert_kafka_protocol_derive::message;

use crate::{Str, Uuid};

/// The key of a record of the log.
#[message(key = 0, versions = 0..=0)]
pub struct ShareSnapshotKey {
    pub group_id: Str,
    pub topic_id: Uuid,
    pub partition: i32,
}

/// Its value.
#[message(key = 0, versions = 0..=0, flexible = 0..)]
pub struct ShareSnapshotValue {
    pub snapshot_epoch: i32,
    pub state_epoch: i32,
    pub leader_epoch: i32,
    pub start_offset: i64,
    #[versions(0.., tag = 0, default = -1)]
    pub delivery_complete_count: i32,
    pub create_timestamp: i64,
    pub write_timestamp: i64,
    pub state_batches: Vec<StateBatch>,
}

#[message]
pub struct StateBatch {
    pub first_offset: i64,
    pub last_offset: i64,
    pub delivery_state: i8,
    pub delivery_count: i16,
}

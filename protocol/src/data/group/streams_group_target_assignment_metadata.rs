//! The epoch of a streams group's target assignment (KIP-1071).

use upsert_kafka_protocol_derive::message;

use crate::Str;

/// The key of a record of the log.
#[message(key = 20, versions = 0..=0)]
pub struct StreamsGroupTargetAssignmentMetadataKey {
    pub group_id: Str,
}

/// Its value.
#[message(key = 20, versions = 0..=0, flexible = 0..)]
pub struct StreamsGroupTargetAssignmentMetadataValue {
    pub assignment_epoch: i32,
    #[versions(0.., tag = 0, ignorable)]
    pub assignment_timestamp: i64,
}

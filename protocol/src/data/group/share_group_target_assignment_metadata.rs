//! The epoch of a share group's target assignment (KIP-932).

use upsert_kafka_protocol_derive::message;

use crate::Str;

/// The key of a record of the log.
#[message(key = 12, versions = 0..=0)]
pub struct ShareGroupTargetAssignmentMetadataKey {
    pub group_id: Str,
}

/// Its value.
#[message(key = 12, versions = 0..=0, flexible = 0..)]
pub struct ShareGroupTargetAssignmentMetadataValue {
    pub assignment_epoch: i32,
    #[versions(0.., tag = 0, ignorable)]
    pub assignment_timestamp: i64,
}

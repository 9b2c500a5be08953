//! The epoch of a consumer group's target assignment (KIP-848).

use upsert_kafka_protocol_derive::message;

use crate::Str;

/// The key of a record of the log.
#[message(key = 6, versions = 0..=0)]
pub struct ConsumerGroupTargetAssignmentMetadataKey {
    pub group_id: Str,
}

/// Its value.
#[message(key = 6, versions = 0..=0, flexible = 0..)]
pub struct ConsumerGroupTargetAssignmentMetadataValue {
    pub assignment_epoch: i32,
    #[versions(0.., tag = 0, ignorable)]
    pub assignment_timestamp: i64,
}

//! A share group's epoch (KIP-932).

use upsert_kafka_protocol_derive::message;

use crate::Str;

/// The key of a record of the log.
#[message(key = 11, versions = 0..=0)]
pub struct ShareGroupMetadataKey {
    pub group_id: Str,
}

/// Its value.
#[message(key = 11, versions = 0..=0, flexible = 0..)]
pub struct ShareGroupMetadataValue {
    pub epoch: i32,
    pub metadata_hash: i64,
}

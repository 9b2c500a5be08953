//! A consumer group's epoch (KIP-848).

use upsert_kafka_protocol_derive::message;

use crate::Str;

/// The key of a record of the log.
#[message(key = 3, versions = 0..=0)]
pub struct ConsumerGroupMetadataKey {
    pub group_id: Str,
}

/// Its value.
#[message(key = 3, versions = 0..=0, flexible = 0..)]
pub struct ConsumerGroupMetadataValue {
    pub epoch: i32,
    #[versions(0.., tag = 0)]
    pub metadata_hash: i64,
}

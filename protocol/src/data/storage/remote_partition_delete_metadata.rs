//! A remote partition that is deleted (KIP-405).

use upsert_kafka_protocol_derive::message;

use crate::{Str, Uuid};

#[message(key = 2, versions = 0..=0, flexible = 0..)]
pub struct RemotePartitionDeleteMetadataRecord {
    pub topic_id_partition: TopicIdPartitionEntry,
    /// Who says so.
    pub broker_id: i32,
    /// When it was said, in milliseconds since 1970.
    pub event_timestamp_ms: i64,
    /// 0 marked, 1 delete begun, 2 deleted.
    pub remote_partition_delete_state: i8,
}

/// A partition, by its topic's name and id.
#[message]
pub struct TopicIdPartitionEntry {
    pub name: Str,
    pub id: Uuid,
    pub partition: i32,
}

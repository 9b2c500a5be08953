//! A remote partition that is deleted (KIP-405).

use upsert_kafka_protocol_derive::message;

use crate::{Str, Uuid};

#[message(key = 2, versions = 0..=0, flexible = 0..)]
pub struct RemotePartitionDeleteMetadataRecord {
    pub topic_id_partition: TopicIdPartitionEntry,
    pub broker_id: i32,
    pub event_timestamp_ms: i64,
    pub remote_partition_delete_state: i8,
}

#[message]
pub struct TopicIdPartitionEntry {
    pub name: Str,
    pub id: Uuid,
    pub partition: i32,
}

//! A remote segment's new state (KIP-405).

use bytes::Bytes;
use upsert_kafka_protocol_derive::message;

use crate::{Str, Uuid};

#[message(key = 1, versions = 0..=0, flexible = 0..)]
pub struct RemoteLogSegmentMetadataUpdateRecord {
    pub remote_log_segment_id: RemoteLogSegmentIdEntry,
    pub broker_id: i32,
    pub event_timestamp_ms: i64,
    #[versions(0.., nullable = 0.., default = None)]
    pub custom_metadata: Option<Bytes>,
    pub remote_log_segment_state: i8,
}

#[message]
pub struct RemoteLogSegmentIdEntry {
    pub topic_id_partition: TopicIdPartitionEntry,
    pub id: Uuid,
}

#[message]
pub struct TopicIdPartitionEntry {
    pub name: Str,
    pub id: Uuid,
    pub partition: i32,
}

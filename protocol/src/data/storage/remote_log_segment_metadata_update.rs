//! A remote segment's new state (KIP-405).

use bytes::Bytes;
use upsert_kafka_protocol_derive::message;

use crate::{Str, Uuid};

#[message(key = 1, versions = 0..=0, flexible = 0..)]
pub struct RemoteLogSegmentMetadataUpdateRecord {
    pub remote_log_segment_id: RemoteLogSegmentIdEntry,
    /// Who says so.
    pub broker_id: i32,
    /// When it was said, in milliseconds since 1970.
    pub event_timestamp_ms: i64,
    /// What the plugin for remote storage keeps beside; null for nothing (KIP-917).
    #[versions(0.., nullable = 0.., default = None)]
    pub custom_metadata: Option<Bytes>,
    /// 0 copy begun, 1 copied, 2 delete begun, 3 deleted.
    pub remote_log_segment_state: i8,
}

/// A segment, by its partition and an id of its own.
#[message]
pub struct RemoteLogSegmentIdEntry {
    pub topic_id_partition: TopicIdPartitionEntry,
    pub id: Uuid,
}

/// A partition, by its topic's name and id.
#[message]
pub struct TopicIdPartitionEntry {
    pub name: Str,
    pub id: Uuid,
    pub partition: i32,
}

//! A segment that was copied to remote storage (KIP-405).

use bytes::Bytes;
use upsert_kafka_protocol_derive::message;

use crate::{Str, Uuid};

#[message(key = 0, versions = 0..=0, flexible = 0..)]
pub struct RemoteLogSegmentMetadataRecord {
    pub remote_log_segment_id: RemoteLogSegmentIdEntry,
    pub start_offset: i64,
    /// The last one in it.
    pub end_offset: i64,
    /// Who says so.
    pub broker_id: i32,
    /// The greatest timestamp in it, in milliseconds since 1970.
    pub max_timestamp_ms: i64,
    /// When it was said, in milliseconds since 1970.
    pub event_timestamp_ms: i64,
    pub segment_leader_epochs: Vec<SegmentLeaderEpochEntry>,
    pub segment_size_in_bytes: i32,
    /// What the plugin for remote storage keeps beside; null for nothing (KIP-917).
    #[versions(0.., nullable = 0.., default = None)]
    pub custom_metadata: Option<Bytes>,
    /// 0 copy begun, 1 copied, 2 delete begun, 3 deleted.
    pub remote_log_segment_state: i8,
    /// Has no aborted transactions, so that there is no index of them (KIP-1058).
    #[versions(0.., tag = 0)]
    pub txn_index_empty: bool,
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

/// A leader epoch in the segment, and the offset it begins at.
#[message]
pub struct SegmentLeaderEpochEntry {
    pub leader_epoch: i32,
    pub offset: i64,
}

//! A segment that was copied to remote storage (KIP-405).

use bytes::Bytes;
use upsert_kafka_protocol_derive::message;

use crate::{Str, Uuid};

#[message(key = 0, versions = 0..=0, flexible = 0..)]
pub struct RemoteLogSegmentMetadataRecord {
    pub remote_log_segment_id: RemoteLogSegmentIdEntry,
    pub start_offset: i64,
    pub end_offset: i64,
    pub broker_id: i32,
    pub max_timestamp_ms: i64,
    pub event_timestamp_ms: i64,
    pub segment_leader_epochs: Vec<SegmentLeaderEpochEntry>,
    pub segment_size_in_bytes: i32,
    #[versions(0.., nullable = 0.., default = None)]
    pub custom_metadata: Option<Bytes>,
    pub remote_log_segment_state: i8,
    #[versions(0.., tag = 0)]
    pub txn_index_empty: bool,
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

#[message]
pub struct SegmentLeaderEpochEntry {
    pub leader_epoch: i32,
    pub offset: i64,
}

//! A remote segment, as a snapshot keeps it (KIP-405).

use bytes::Bytes;
use upsert_kafka_protocol_derive::message;

use crate::Uuid;

#[message(key = 3, versions = 0..=0, flexible = 0..)]
pub struct RemoteLogSegmentMetadataSnapshotRecord {
    pub segment_id: Uuid,
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
pub struct SegmentLeaderEpochEntry {
    pub leader_epoch: i32,
    pub offset: i64,
}

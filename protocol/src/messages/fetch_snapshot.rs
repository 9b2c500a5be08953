//! FetchSnapshot: a piece of a snapshot of the metadata log (KIP-630).

use bytes::Bytes;
use upsert_kafka_protocol_derive::message;

use crate::{ErrorCode, Str, Uuid};

#[message(key = 59, versions = 0..=1, flexible = 0..)]
pub struct FetchSnapshotRequest {
    #[versions(0.., tag = 0, nullable = 0.., default = None)]
    pub cluster_id: Option<Str>,
    #[versions(0.., default = -1)]
    pub replica_id: i32,
    #[versions(0.., default = 2147483647)]
    pub max_bytes: i32,
    pub topics: Vec<RequestTopicSnapshot>,
}

#[message]
pub struct RequestTopicSnapshot {
    pub name: Str,
    pub partitions: Vec<RequestPartitionSnapshot>,
}

#[message]
pub struct RequestPartitionSnapshot {
    pub partition: i32,
    pub current_leader_epoch: i32,
    pub snapshot_id: SnapshotId,
    pub position: i64,
    #[versions(1.., tag = 0, ignorable)]
    pub replica_directory_id: Uuid,
}

#[message]
pub struct SnapshotId {
    pub end_offset: i64,
    pub epoch: i32,
}

#[message(answers = FetchSnapshotRequest)]
pub struct FetchSnapshotResponse {
    /// How long the client should pause, in milliseconds (KIP-219).
    #[versions(0.., ignorable)]
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    pub topics: Vec<ResponseTopicSnapshot>,
    #[versions(1.., tag = 0)]
    pub node_endpoints: Vec<NodeEndpoint>,
}

#[message]
pub struct ResponseTopicSnapshot {
    pub name: Str,
    pub partitions: Vec<ResponsePartitionSnapshot>,
}

#[message]
pub struct ResponsePartitionSnapshot {
    pub index: i32,
    pub error_code: ErrorCode,
    pub snapshot_id: SnapshotId,
    #[versions(0.., tag = 0)]
    pub current_leader: LeaderIdAndEpoch,
    pub size: i64,
    pub position: i64,
    pub unaligned_records: Bytes,
}

/// The leader and its epoch.
#[message]
pub struct LeaderIdAndEpoch {
    pub leader_id: i32,
    pub leader_epoch: i32,
}

/// Where a node named in this message listens.
#[message]
pub struct NodeEndpoint {
    pub node_id: i32,
    pub host: Str,
    pub port: u16,
}

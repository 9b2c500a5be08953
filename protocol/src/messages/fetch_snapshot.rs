//! FetchSnapshot: a piece of a snapshot of the metadata log (KIP-630).

use bytes::Bytes;
use upsert_kafka_protocol_derive::message;

use crate::{ErrorCode, Str, Uuid};

#[message(key = 59, versions = 0..=1, flexible = 0..)]
pub struct FetchSnapshotRequest {
    /// Null when unknown; another cluster's is refused.
    #[versions(0.., tag = 0, nullable = 0.., default = None)]
    pub cluster_id: Option<Str>,
    /// Who reads; -1 for one without a number.
    #[versions(0.., default = -1)]
    pub replica_id: i32,
    /// At most so many bytes of all snapshots together.
    #[versions(0.., default = 2147483647)]
    pub max_bytes: i32,
    pub topics: Vec<RequestTopicSnapshot>,
}

/// The partitions of one topic; always the one of the metadata log.
#[message]
pub struct RequestTopicSnapshot {
    pub name: Str,
    pub partitions: Vec<RequestPartitionSnapshot>,
}

/// Which snapshot of a partition to read, and from where.
#[message]
pub struct RequestPartitionSnapshot {
    pub partition: i32,
    /// The epoch the reader takes for the current one; -1 when unknown.
    pub current_leader_epoch: i32,
    pub snapshot_id: SnapshotId,
    /// The byte to start from.
    pub position: i64,
    /// The folder of the one who reads (KIP-853).
    #[versions(1.., tag = 0, ignorable)]
    pub replica_directory_id: Uuid,
}

/// A snapshot, by the offset and epoch it ends at.
#[message]
pub struct SnapshotId {
    /// The first offset that is not in it.
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

/// The pieces of one topic's snapshots.
#[message]
pub struct ResponseTopicSnapshot {
    pub name: Str,
    pub partitions: Vec<ResponsePartitionSnapshot>,
}

/// A piece of a partition's snapshot.
#[message]
pub struct ResponsePartitionSnapshot {
    pub index: i32,
    pub error_code: ErrorCode,
    pub snapshot_id: SnapshotId,
    /// Who leads now, when it is not this node.
    #[versions(0.., tag = 0)]
    pub current_leader: LeaderIdAndEpoch,
    /// Of the whole snapshot, in bytes.
    pub size: i64,
    /// The byte that the piece starts from.
    pub position: i64,
    /// The piece; it may begin and end within a batch.
    pub unaligned_records: Bytes,
}

/// The leader and its epoch, -1 when unknown.
#[message]
pub struct LeaderIdAndEpoch {
    pub leader_id: i32,
    pub leader_epoch: i32,
}

/// Where a leader named in this response listens.
#[message]
pub struct NodeEndpoint {
    pub node_id: i32,
    pub host: Str,
    pub port: u16,
}

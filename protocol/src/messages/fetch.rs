//! Fetch: reads record batches from the partitions a broker leads.

use bytes::Bytes;
use upsert_kafka_protocol_derive::message;

use crate::{ErrorCode, Str, Uuid};

/// Version 4 brings transactions, 7 sessions (KIP-227), 9 leader epochs, 11 racks, 12 the compact form, 13 topic ids.
#[message(key = 1, versions = 0..=18, current = 4.., flexible = 12..)]
pub struct FetchRequest {
    #[versions(12.., tag = 0, nullable = 12.., default = None, ignorable)]
    pub cluster_id: Option<Str>,
    #[versions(0..=14, default = -1)]
    pub replica_id: i32,
    #[versions(15.., tag = 1)]
    pub replica_state: ReplicaState,
    /// How long the broker may wait for `min_bytes`. Never send 0: some brokers then never answer.
    pub max_wait_ms: i32,
    pub min_bytes: i32,
    #[versions(3.., default = 2147483647, ignorable)]
    pub max_bytes: i32,
    /// 0 reads everything, 1 only what was committed.
    #[versions(4.., ignorable)]
    pub isolation_level: i8,
    /// 0 for no session.
    #[versions(7.., ignorable)]
    pub session_id: i32,
    /// -1 for a full fetch outside of any session.
    #[versions(7.., default = -1, ignorable)]
    pub session_epoch: i32,
    pub topics: Vec<FetchTopic>,
    #[versions(7..)]
    pub forgotten_topics_data: Vec<ForgottenTopic>,
    #[versions(11.., ignorable)]
    pub rack_id: Str,
}

/// Who a follower is.
#[message]
pub struct ReplicaState {
    #[versions(0.., default = -1)]
    pub replica_id: i32,
    #[versions(0.., default = -1)]
    pub replica_epoch: i64,
}

/// The partitions of one topic.
#[message]
pub struct FetchTopic {
    #[versions(0..=12, ignorable)]
    pub topic: Str,
    #[versions(13.., ignorable)]
    pub topic_id: Uuid,
    pub partitions: Vec<FetchPartition>,
}

/// Where to read one partition.
#[message]
pub struct FetchPartition {
    pub partition: i32,
    #[versions(9.., default = -1, ignorable)]
    pub current_leader_epoch: i32,
    pub fetch_offset: i64,
    #[versions(12.., default = -1)]
    pub last_fetched_epoch: i32,
    #[versions(5.., default = -1, ignorable)]
    pub log_start_offset: i64,
    pub partition_max_bytes: i32,
    #[versions(17.., tag = 0, ignorable)]
    pub replica_directory_id: Uuid,
    #[versions(18.., tag = 1, default = 9223372036854775807, ignorable)]
    pub high_watermark: i64,
}

/// Partitions that leave the session.
#[message]
pub struct ForgottenTopic {
    #[versions(0..=12, ignorable)]
    pub topic: Str,
    #[versions(13.., ignorable)]
    pub topic_id: Uuid,
    pub partitions: Vec<i32>,
}

#[message(answers = FetchRequest)]
pub struct FetchResponse {
    /// How long the client should pause, in milliseconds (KIP-219).
    #[versions(1.., ignorable)]
    pub throttle_time_ms: i32,
    #[versions(7.., ignorable)]
    pub error_code: ErrorCode,
    #[versions(7..)]
    pub session_id: i32,
    pub responses: Vec<FetchableTopicResponse>,
    #[versions(16.., tag = 0)]
    pub node_endpoints: Vec<NodeEndpoint>,
}

/// The partitions of one topic.
#[message]
pub struct FetchableTopicResponse {
    #[versions(0..=12, ignorable)]
    pub topic: Str,
    #[versions(13.., ignorable)]
    pub topic_id: Uuid,
    pub partitions: Vec<PartitionData>,
}

/// What one partition gave.
#[message]
pub struct PartitionData {
    pub partition_index: i32,
    pub error_code: ErrorCode,
    pub high_watermark: i64,
    #[versions(4.., default = -1, ignorable)]
    pub last_stable_offset: i64,
    #[versions(5.., default = -1, ignorable)]
    pub log_start_offset: i64,
    #[versions(12.., tag = 0)]
    pub diverging_epoch: EpochEndOffset,
    #[versions(12.., tag = 1)]
    pub current_leader: LeaderIdAndEpoch,
    #[versions(12.., tag = 2)]
    pub snapshot_id: SnapshotId,
    /// The transactions to leave out under read_committed, in any order.
    #[versions(4.., nullable = 4.., ignorable)]
    pub aborted_transactions: Option<Vec<AbortedTransaction>>,
    #[versions(11.., default = -1)]
    pub preferred_read_replica: i32,
    /// Batches; the last one may be cut off.
    #[versions(0.., nullable = 0..)]
    pub records: Option<Bytes>,
}

/// Where the log diverges from what the reader believes (KIP-595).
#[message]
pub struct EpochEndOffset {
    #[versions(0.., default = -1)]
    pub epoch: i32,
    #[versions(0.., default = -1)]
    pub end_offset: i64,
}

/// The leader and its epoch.
#[message]
pub struct LeaderIdAndEpoch {
    #[versions(0.., default = -1)]
    pub leader_id: i32,
    #[versions(0.., default = -1)]
    pub leader_epoch: i32,
}

/// A snapshot to read instead.
#[message]
pub struct SnapshotId {
    #[versions(0.., default = -1)]
    pub end_offset: i64,
    #[versions(0.., default = -1)]
    pub epoch: i32,
}

/// An aborted transaction's producer and first offset.
#[message]
pub struct AbortedTransaction {
    pub producer_id: i64,
    pub first_offset: i64,
}

/// Where a leader named in this response listens.
#[message]
pub struct NodeEndpoint {
    pub node_id: i32,
    pub host: Str,
    pub port: i32,
    #[versions(0.., nullable = 16.., default = None)]
    pub rack: Option<Str>,
}

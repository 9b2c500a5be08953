//! DescribeLogDirs: the folders of a broker, and what lies in them.

use upsert_kafka_protocol_derive::message;

use crate::{ErrorCode, Str};

#[message(key = 35, versions = 0..=5, current = 1.., flexible = 2..)]
pub struct DescribeLogDirsRequest {
    /// Null for all.
    #[versions(0.., nullable = 0..)]
    pub topics: Option<Vec<DescribableLogDirTopic>>,
}

/// Partitions of one topic to tell of.
#[message]
pub struct DescribableLogDirTopic {
    pub topic: Str,
    pub partitions: Vec<i32>,
}

#[message(answers = DescribeLogDirsRequest)]
pub struct DescribeLogDirsResponse {
    /// How long the client should pause, in milliseconds (KIP-219).
    pub throttle_time_ms: i32,
    #[versions(3.., ignorable)]
    pub error_code: ErrorCode,
    pub results: Vec<DescribeLogDirsResult>,
}

/// One folder, and the replicas in it.
#[message]
pub struct DescribeLogDirsResult {
    pub error_code: ErrorCode,
    /// The whole path.
    pub log_dir: Str,
    pub topics: Vec<DescribeLogDirsTopic>,
    /// Of the volume the folder is on; -1 when unknown (KIP-827).
    #[versions(4.., default = -1, ignorable)]
    pub total_bytes: i64,
    /// Free for the broker to use on that volume; -1 when unknown (KIP-827).
    #[versions(4.., default = -1, ignorable)]
    pub usable_bytes: i64,
    /// Gets no new replicas (KIP-1066).
    #[versions(5.., ignorable)]
    pub is_cordoned: bool,
}

/// The replicas of one topic in the folder.
#[message]
pub struct DescribeLogDirsTopic {
    pub name: Str,
    pub partitions: Vec<DescribeLogDirsPartition>,
}

/// One replica in the folder.
#[message]
pub struct DescribeLogDirsPartition {
    pub partition_index: i32,
    /// Of all its segments, in bytes.
    pub partition_size: i64,
    /// How many offsets it is behind: the replica behind the high watermark, a copy behind the replica.
    pub offset_lag: i64,
    /// A copy that AlterReplicaLogDirs is making, and that takes the replica's place in the end.
    pub is_future_key: bool,
}

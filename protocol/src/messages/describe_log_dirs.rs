//! DescribeLogDirs: the folders of a broker, and what lies in them.

use upsert_kafka_protocol_derive::message;

use crate::{ErrorCode, Str};

#[message(key = 35, versions = 0..=5, current = 1.., flexible = 2..)]
pub struct DescribeLogDirsRequest {
    #[versions(0.., nullable = 0..)]
    pub topics: Option<Vec<DescribableLogDirTopic>>,
}

/// One topic, and what is said of its partitions.
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

#[message]
pub struct DescribeLogDirsResult {
    pub error_code: ErrorCode,
    pub log_dir: Str,
    pub topics: Vec<DescribeLogDirsTopic>,
    #[versions(4.., default = -1, ignorable)]
    pub total_bytes: i64,
    #[versions(4.., default = -1, ignorable)]
    pub usable_bytes: i64,
    #[versions(5.., ignorable)]
    pub is_cordoned: bool,
}

/// One topic, and what is said of its partitions.
#[message]
pub struct DescribeLogDirsTopic {
    pub name: Str,
    pub partitions: Vec<DescribeLogDirsPartition>,
}

/// One partition.
#[message]
pub struct DescribeLogDirsPartition {
    pub partition_index: i32,
    pub partition_size: i64,
    pub offset_lag: i64,
    pub is_future_key: bool,
}

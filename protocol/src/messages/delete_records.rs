//! DeleteRecords: cuts the start off partitions.

use upsert_kafka_protocol_derive::message;

use crate::{ErrorCode, Str};

#[message(key = 21, versions = 0..=2, flexible = 2..)]
pub struct DeleteRecordsRequest {
    pub topics: Vec<DeleteRecordsTopic>,
    pub timeout_ms: i32,
}

/// One topic, and what is said of its partitions.
#[message]
pub struct DeleteRecordsTopic {
    pub name: Str,
    pub partitions: Vec<DeleteRecordsPartition>,
}

/// One partition.
#[message]
pub struct DeleteRecordsPartition {
    pub partition_index: i32,
    pub offset: i64,
}

/// The low watermark is the first offset left.
#[message(answers = DeleteRecordsRequest)]
pub struct DeleteRecordsResponse {
    /// How long the client should pause, in milliseconds (KIP-219).
    pub throttle_time_ms: i32,
    pub topics: Vec<DeleteRecordsTopicResult>,
}

/// One topic, and what is said of its partitions.
#[message]
pub struct DeleteRecordsTopicResult {
    pub name: Str,
    pub partitions: Vec<DeleteRecordsPartitionResult>,
}

/// One partition.
#[message]
pub struct DeleteRecordsPartitionResult {
    pub partition_index: i32,
    /// The first offset that is left; -1 on an error.
    pub low_watermark: i64,
    pub error_code: ErrorCode,
}

//! ListOffsets: the offset of a timestamp, of the start or of the end.

use upsert_kafka_protocol_derive::message;

use crate::{ErrorCode, Str};

#[message(key = 2, versions = 0..=11, current = 1.., flexible = 6..)]
pub struct ListOffsetsRequest {
    pub replica_id: i32,
    #[versions(2..)]
    pub isolation_level: i8,
    pub topics: Vec<ListOffsetsTopic>,
    #[versions(10.., ignorable)]
    pub timeout_ms: i32,
}

/// The partitions of one topic.
#[message]
pub struct ListOffsetsTopic {
    pub name: Str,
    pub partitions: Vec<ListOffsetsPartition>,
}

/// One partition and a time.
#[message]
pub struct ListOffsetsPartition {
    pub partition_index: i32,
    #[versions(4.., default = -1, ignorable)]
    pub current_leader_epoch: i32,
    /// Milliseconds, or -1 the end, -2 the start, -3 the record with the greatest timestamp, -4 the local start, -5 the tiered end.
    pub timestamp: i64,
    #[versions(0..=0, default = 1)]
    pub max_num_offsets: i32,
}

#[message(answers = ListOffsetsRequest)]
pub struct ListOffsetsResponse {
    /// How long the client should pause, in milliseconds (KIP-219).
    #[versions(2.., ignorable)]
    pub throttle_time_ms: i32,
    pub topics: Vec<ListOffsetsTopicResponse>,
}

/// The partitions of one topic.
#[message]
pub struct ListOffsetsTopicResponse {
    pub name: Str,
    pub partitions: Vec<ListOffsetsPartitionResponse>,
}

/// One partition's answer; offset -1 when there is no such record.
#[message]
pub struct ListOffsetsPartitionResponse {
    pub partition_index: i32,
    pub error_code: ErrorCode,
    #[versions(0..=0)]
    pub old_style_offsets: Vec<i64>,
    #[versions(1.., default = -1)]
    pub timestamp: i64,
    #[versions(1.., default = -1)]
    pub offset: i64,
    #[versions(4.., default = -1)]
    pub leader_epoch: i32,
}

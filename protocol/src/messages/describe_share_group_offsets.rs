//! DescribeShareGroupOffsets: where share groups start to read (KIP-932).

use upsert_kafka_protocol_derive::message;

use crate::{ErrorCode, Str, Uuid};

#[message(key = 90, versions = 0..=1, flexible = 0..)]
pub struct DescribeShareGroupOffsetsRequest {
    pub groups: Vec<DescribeShareGroupOffsetsRequestGroup>,
}

#[message]
pub struct DescribeShareGroupOffsetsRequestGroup {
    pub group_id: Str,
    #[versions(0.., nullable = 0..)]
    pub topics: Option<Vec<DescribeShareGroupOffsetsRequestTopic>>,
}

/// One topic, and what is said of its partitions.
#[message]
pub struct DescribeShareGroupOffsetsRequestTopic {
    pub topic_name: Str,
    pub partitions: Vec<i32>,
}

#[message(answers = DescribeShareGroupOffsetsRequest)]
pub struct DescribeShareGroupOffsetsResponse {
    /// How long the client should pause, in milliseconds (KIP-219).
    pub throttle_time_ms: i32,
    pub groups: Vec<DescribeShareGroupOffsetsResponseGroup>,
}

#[message]
pub struct DescribeShareGroupOffsetsResponseGroup {
    pub group_id: Str,
    pub topics: Vec<DescribeShareGroupOffsetsResponseTopic>,
    pub error_code: ErrorCode,
    /// The error in words, for people.
    #[versions(0.., nullable = 0.., default = None)]
    pub error_message: Option<Str>,
}

/// One topic, and what is said of its partitions.
#[message]
pub struct DescribeShareGroupOffsetsResponseTopic {
    pub topic_name: Str,
    pub topic_id: Uuid,
    pub partitions: Vec<DescribeShareGroupOffsetsResponsePartition>,
}

/// One partition.
#[message]
pub struct DescribeShareGroupOffsetsResponsePartition {
    pub partition_index: i32,
    pub start_offset: i64,
    pub leader_epoch: i32,
    #[versions(1.., default = -1, ignorable)]
    pub lag: i64,
    pub error_code: ErrorCode,
    /// The error in words, for people.
    #[versions(0.., nullable = 0.., default = None)]
    pub error_message: Option<Str>,
}

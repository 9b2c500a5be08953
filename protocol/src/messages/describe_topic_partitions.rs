//! DescribeTopicPartitions: topics and partitions page by page, with replicas that may lead (KIP-966).

use upsert_kafka_protocol_derive::message;

use crate::{ErrorCode, Str, Uuid};

#[message(key = 75, versions = 0..=0, flexible = 0..)]
pub struct DescribeTopicPartitionsRequest {
    pub topics: Vec<TopicRequest>,
    #[versions(0.., default = 2000)]
    pub response_partition_limit: i32,
    #[versions(0.., nullable = 0..)]
    pub cursor: Option<Box<Cursor>>,
}

#[message]
pub struct TopicRequest {
    pub name: Str,
}

/// Where to go on.
#[message]
pub struct Cursor {
    pub topic_name: Str,
    pub partition_index: i32,
}

#[message(answers = DescribeTopicPartitionsRequest)]
pub struct DescribeTopicPartitionsResponse {
    /// How long the client should pause, in milliseconds (KIP-219).
    #[versions(0.., ignorable)]
    pub throttle_time_ms: i32,
    pub topics: Vec<DescribeTopicPartitionsResponseTopic>,
    #[versions(0.., nullable = 0..)]
    pub next_cursor: Option<Box<Cursor>>,
}

/// One topic, and what is said of its partitions.
#[message]
pub struct DescribeTopicPartitionsResponseTopic {
    pub error_code: ErrorCode,
    #[versions(0.., nullable = 0..)]
    pub name: Option<Str>,
    #[versions(0.., ignorable)]
    pub topic_id: Uuid,
    #[versions(0.., ignorable)]
    pub is_internal: bool,
    pub partitions: Vec<DescribeTopicPartitionsResponsePartition>,
    /// A bit set of operations; the least int32 when it was not asked for.
    #[versions(0.., default = -2147483648)]
    pub topic_authorized_operations: i32,
}

/// One partition.
#[message]
pub struct DescribeTopicPartitionsResponsePartition {
    pub error_code: ErrorCode,
    pub partition_index: i32,
    pub leader_id: i32,
    #[versions(0.., default = -1, ignorable)]
    pub leader_epoch: i32,
    pub replica_nodes: Vec<i32>,
    pub isr_nodes: Vec<i32>,
    #[versions(0.., nullable = 0.., default = None)]
    pub eligible_leader_replicas: Option<Vec<i32>>,
    #[versions(0.., nullable = 0.., default = None)]
    pub last_known_elr: Option<Vec<i32>>,
    #[versions(0.., ignorable)]
    pub offline_replicas: Vec<i32>,
}

//! DescribeProducers: who writes to partitions, with epochs and sequences (KIP-664).

use upsert_kafka_protocol_derive::message;

use crate::{ErrorCode, Str};

#[message(key = 61, versions = 0..=0, flexible = 0..)]
pub struct DescribeProducersRequest {
    pub topics: Vec<TopicRequest>,
}

#[message]
pub struct TopicRequest {
    pub name: Str,
    pub partition_indexes: Vec<i32>,
}

#[message(answers = DescribeProducersRequest)]
pub struct DescribeProducersResponse {
    /// How long the client should pause, in milliseconds (KIP-219).
    pub throttle_time_ms: i32,
    pub topics: Vec<TopicResponse>,
}

/// One topic, and what is said of its partitions.
#[message]
pub struct TopicResponse {
    pub name: Str,
    pub partitions: Vec<PartitionResponse>,
}

/// One partition.
#[message]
pub struct PartitionResponse {
    pub partition_index: i32,
    pub error_code: ErrorCode,
    /// The error in words, for people.
    #[versions(0.., nullable = 0.., default = None)]
    pub error_message: Option<Str>,
    pub active_producers: Vec<ProducerState>,
}

#[message]
pub struct ProducerState {
    pub producer_id: i64,
    pub producer_epoch: i32,
    #[versions(0.., default = -1)]
    pub last_sequence: i32,
    #[versions(0.., default = -1)]
    pub last_timestamp: i64,
    pub coordinator_epoch: i32,
    #[versions(0.., default = -1)]
    pub current_txn_start_offset: i64,
}

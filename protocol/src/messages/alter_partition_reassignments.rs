//! AlterPartitionReassignments: moves replicas to other brokers, or stops a move (KIP-455).

use upsert_kafka_protocol_derive::message;

use crate::{ErrorCode, Str};

#[message(key = 45, versions = 0..=1, flexible = 0..)]
pub struct AlterPartitionReassignmentsRequest {
    #[versions(0.., default = 60000)]
    pub timeout_ms: i32,
    #[versions(1.., default = true)]
    pub allow_replication_factor_change: bool,
    pub topics: Vec<ReassignableTopic>,
}

/// One topic, and what is said of its partitions.
#[message]
pub struct ReassignableTopic {
    pub name: Str,
    pub partitions: Vec<ReassignablePartition>,
}

/// One partition.
#[message]
pub struct ReassignablePartition {
    pub partition_index: i32,
    #[versions(0.., nullable = 0.., default = None)]
    pub replicas: Option<Vec<i32>>,
}

#[message(answers = AlterPartitionReassignmentsRequest)]
pub struct AlterPartitionReassignmentsResponse {
    /// How long the client should pause, in milliseconds (KIP-219).
    pub throttle_time_ms: i32,
    #[versions(1.., default = true, ignorable)]
    pub allow_replication_factor_change: bool,
    pub error_code: ErrorCode,
    /// The error in words, for people.
    #[versions(0.., nullable = 0..)]
    pub error_message: Option<Str>,
    pub responses: Vec<ReassignableTopicResponse>,
}

/// One topic, and what is said of its partitions.
#[message]
pub struct ReassignableTopicResponse {
    pub name: Str,
    pub partitions: Vec<ReassignablePartitionResponse>,
}

/// One partition.
#[message]
pub struct ReassignablePartitionResponse {
    pub partition_index: i32,
    pub error_code: ErrorCode,
    /// The error in words, for people.
    #[versions(0.., nullable = 0..)]
    pub error_message: Option<Str>,
}

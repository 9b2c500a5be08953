//! ElectLeaders: has leaders chosen anew (KIP-183, KIP-460).

use upsert_kafka_protocol_derive::message;

use crate::{ErrorCode, Str};

#[message(key = 43, versions = 0..=2, flexible = 2..)]
pub struct ElectLeadersRequest {
    #[versions(1..)]
    pub election_type: i8,
    #[versions(0.., nullable = 0..)]
    pub topic_partitions: Option<Vec<TopicPartitions>>,
    #[versions(0.., default = 60000)]
    pub timeout_ms: i32,
}

/// One topic, and what is said of its partitions.
#[message]
pub struct TopicPartitions {
    pub topic: Str,
    pub partitions: Vec<i32>,
}

#[message(answers = ElectLeadersRequest)]
pub struct ElectLeadersResponse {
    /// How long the client should pause, in milliseconds (KIP-219).
    pub throttle_time_ms: i32,
    #[versions(1..)]
    pub error_code: ErrorCode,
    pub replica_election_results: Vec<ReplicaElectionResult>,
}

#[message]
pub struct ReplicaElectionResult {
    pub topic: Str,
    pub partition_result: Vec<PartitionResult>,
}

/// One partition.
#[message]
pub struct PartitionResult {
    pub partition_id: i32,
    pub error_code: ErrorCode,
    /// The error in words, for people.
    #[versions(0.., nullable = 0..)]
    pub error_message: Option<Str>,
}

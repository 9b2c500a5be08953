//! ListPartitionReassignments: the moves of replicas that go on (KIP-455).

use upsert_kafka_protocol_derive::message;

use crate::{ErrorCode, Str};

#[message(key = 46, versions = 0..=0, flexible = 0..)]
pub struct ListPartitionReassignmentsRequest {
    #[versions(0.., default = 60000)]
    pub timeout_ms: i32,
    #[versions(0.., nullable = 0.., default = None)]
    pub topics: Option<Vec<ListPartitionReassignmentsTopics>>,
}

/// One topic, and what is said of its partitions.
#[message]
pub struct ListPartitionReassignmentsTopics {
    pub name: Str,
    pub partition_indexes: Vec<i32>,
}

#[message(answers = ListPartitionReassignmentsRequest)]
pub struct ListPartitionReassignmentsResponse {
    /// How long the client should pause, in milliseconds (KIP-219).
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    /// The error in words, for people.
    #[versions(0.., nullable = 0..)]
    pub error_message: Option<Str>,
    pub topics: Vec<OngoingTopicReassignment>,
}

#[message]
pub struct OngoingTopicReassignment {
    pub name: Str,
    pub partitions: Vec<OngoingPartitionReassignment>,
}

#[message]
pub struct OngoingPartitionReassignment {
    pub partition_index: i32,
    pub replicas: Vec<i32>,
    pub adding_replicas: Vec<i32>,
    pub removing_replicas: Vec<i32>,
}

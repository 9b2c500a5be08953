//! CreatePartitions: more partitions for topics.

use upsert_kafka_protocol_derive::message;

use crate::{ErrorCode, Str};

#[message(key = 37, versions = 0..=3, flexible = 2..)]
pub struct CreatePartitionsRequest {
    pub topics: Vec<CreatePartitionsTopic>,
    pub timeout_ms: i32,
    /// Checks all, and changes nothing.
    pub validate_only: bool,
}

/// One topic, and what is said of its partitions.
#[message]
pub struct CreatePartitionsTopic {
    pub name: Str,
    pub count: i32,
    #[versions(0.., nullable = 0..)]
    pub assignments: Option<Vec<CreatePartitionsAssignment>>,
}

#[message]
pub struct CreatePartitionsAssignment {
    pub broker_ids: Vec<i32>,
}

#[message(answers = CreatePartitionsRequest)]
pub struct CreatePartitionsResponse {
    /// How long the client should pause, in milliseconds (KIP-219).
    pub throttle_time_ms: i32,
    pub results: Vec<CreatePartitionsTopicResult>,
}

/// One topic, and what is said of its partitions.
#[message]
pub struct CreatePartitionsTopicResult {
    pub name: Str,
    pub error_code: ErrorCode,
    /// The error in words, for people.
    #[versions(0.., nullable = 0.., default = None)]
    pub error_message: Option<Str>,
}

//! DeleteShareGroupOffsets: forgets where a share group starts to read (KIP-932).

use upsert_kafka_protocol_derive::message;

use crate::{ErrorCode, Str, Uuid};

#[message(key = 92, versions = 0..=0, flexible = 0..)]
pub struct DeleteShareGroupOffsetsRequest {
    pub group_id: Str,
    pub topics: Vec<DeleteShareGroupOffsetsRequestTopic>,
}

/// One topic, and what is said of its partitions.
#[message]
pub struct DeleteShareGroupOffsetsRequestTopic {
    pub topic_name: Str,
}

#[message(answers = DeleteShareGroupOffsetsRequest)]
pub struct DeleteShareGroupOffsetsResponse {
    /// How long the client should pause, in milliseconds (KIP-219).
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    /// The error in words, for people.
    #[versions(0.., nullable = 0.., default = None)]
    pub error_message: Option<Str>,
    pub responses: Vec<DeleteShareGroupOffsetsResponseTopic>,
}

/// One topic, and what is said of its partitions.
#[message]
pub struct DeleteShareGroupOffsetsResponseTopic {
    pub topic_name: Str,
    pub topic_id: Uuid,
    pub error_code: ErrorCode,
    /// The error in words, for people.
    #[versions(0.., nullable = 0.., default = None)]
    pub error_message: Option<Str>,
}

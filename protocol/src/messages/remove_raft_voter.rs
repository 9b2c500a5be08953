//! RemoveRaftVoter: a voter leaves the metadata quorum (KIP-853).

use upsert_kafka_protocol_derive::message;

use crate::{ErrorCode, Str, Uuid};

#[message(key = 81, versions = 0..=0, flexible = 0..)]
pub struct RemoveRaftVoterRequest {
    #[versions(0.., nullable = 0..)]
    pub cluster_id: Option<Str>,
    pub voter_id: i32,
    pub voter_directory_id: Uuid,
}

#[message(answers = RemoveRaftVoterRequest)]
pub struct RemoveRaftVoterResponse {
    /// How long the client should pause, in milliseconds (KIP-219).
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    /// The error in words, for people.
    #[versions(0.., nullable = 0.., ignorable)]
    pub error_message: Option<Str>,
}

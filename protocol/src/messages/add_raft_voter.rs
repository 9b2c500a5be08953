//! AddRaftVoter: a voter enters the metadata quorum (KIP-853).

use upsert_kafka_protocol_derive::message;

use crate::{ErrorCode, Str, Uuid};

#[message(key = 80, versions = 0..=1, flexible = 0..)]
pub struct AddRaftVoterRequest {
    #[versions(0.., nullable = 0..)]
    pub cluster_id: Option<Str>,
    pub timeout_ms: i32,
    pub voter_id: i32,
    pub voter_directory_id: Uuid,
    pub listeners: Vec<Listener>,
    #[versions(1.., default = true)]
    pub ack_when_committed: bool,
}

/// Where somebody listens.
#[message]
pub struct Listener {
    pub name: Str,
    pub host: Str,
    pub port: u16,
}

#[message(answers = AddRaftVoterRequest)]
pub struct AddRaftVoterResponse {
    /// How long the client should pause, in milliseconds (KIP-219).
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    /// The error in words, for people.
    #[versions(0.., nullable = 0.., ignorable)]
    pub error_message: Option<Str>,
}

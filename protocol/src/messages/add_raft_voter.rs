//! AddRaftVoter: a voter enters the metadata quorum (KIP-853).

use upsert_kafka_protocol_derive::message;

use crate::{ErrorCode, Str, Uuid};

#[message(key = 80, versions = 0..=1, flexible = 0..)]
pub struct AddRaftVoterRequest {
    /// Null when unknown; another cluster's is refused.
    #[versions(0.., nullable = 0..)]
    pub cluster_id: Option<Str>,
    pub timeout_ms: i32,
    pub voter_id: i32,
    /// The id of the folder that its log lies in.
    pub voter_directory_id: Uuid,
    pub listeners: Vec<Listener>,
    /// True answers once the new voters are committed, false as soon as the leader has them in its log.
    #[versions(1.., default = true)]
    pub ack_when_committed: bool,
}

/// Where the voter listens.
#[message]
pub struct Listener {
    /// The listener's, such as `CONTROLLER`.
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

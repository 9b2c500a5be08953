//! UpdateRaftVoter: a voter tells its addresses and versions (KIP-853).

use upsert_kafka_protocol_derive::message;

use crate::{ErrorCode, Str, Uuid};

#[message(key = 82, versions = 0..=0, flexible = 0..)]
pub struct UpdateRaftVoterRequest {
    #[versions(0.., nullable = 0..)]
    pub cluster_id: Option<Str>,
    pub current_leader_epoch: i32,
    pub voter_id: i32,
    pub voter_directory_id: Uuid,
    pub listeners: Vec<Listener>,
    pub k_raft_version_feature: KRaftVersionFeature,
}

/// Where somebody listens.
#[message]
pub struct Listener {
    pub name: Str,
    pub host: Str,
    pub port: u16,
}

#[message]
pub struct KRaftVersionFeature {
    pub min_supported_version: i16,
    pub max_supported_version: i16,
}

#[message(answers = UpdateRaftVoterRequest)]
pub struct UpdateRaftVoterResponse {
    /// How long the client should pause, in milliseconds (KIP-219).
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    #[versions(0.., tag = 0)]
    pub current_leader: CurrentLeader,
}

#[message]
pub struct CurrentLeader {
    #[versions(0.., default = -1)]
    pub leader_id: i32,
    #[versions(0.., default = -1)]
    pub leader_epoch: i32,
    pub host: Str,
    pub port: i32,
}

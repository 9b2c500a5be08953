//! Heartbeat: a member of a classic group says that it lives.

use upsert_kafka_protocol_derive::message;

use crate::{ErrorCode, Str};

#[message(key = 12, versions = 0..=4, flexible = 4..)]
pub struct HeartbeatRequest {
    pub group_id: Str,
    pub generation_id: i32,
    pub member_id: Str,
    /// The name of a static member; it comes back under it (KIP-345).
    #[versions(3.., nullable = 3.., default = None)]
    pub group_instance_id: Option<Str>,
}

/// 'REBALANCE_IN_PROGRESS' asks the member to join again.
#[message(answers = HeartbeatRequest)]
pub struct HeartbeatResponse {
    /// How long the client should pause, in milliseconds (KIP-219).
    #[versions(1.., ignorable)]
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
}

//! BrokerHeartbeat: a broker tells the controller that it lives, and what it would become (KIP-631).

use upsert_kafka_protocol_derive::message;

use crate::{ErrorCode, Uuid};

#[message(key = 63, versions = 0..=2, flexible = 0..)]
pub struct BrokerHeartbeatRequest {
    pub broker_id: i32,
    #[versions(0.., default = -1)]
    pub broker_epoch: i64,
    pub current_metadata_offset: i64,
    pub want_fence: bool,
    pub want_shut_down: bool,
    #[versions(1.., tag = 0)]
    pub offline_log_dirs: Vec<Uuid>,
    #[versions(2.., tag = 1, nullable = 2.., default = None)]
    pub cordoned_log_dirs: Option<Vec<Uuid>>,
}

#[message(answers = BrokerHeartbeatRequest)]
pub struct BrokerHeartbeatResponse {
    /// How long the client should pause, in milliseconds (KIP-219).
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    pub is_caught_up: bool,
    #[versions(0.., default = true)]
    pub is_fenced: bool,
    pub should_shut_down: bool,
}

//! BrokerHeartbeat: a broker tells the controller that it lives, and what it would become (KIP-631).

use upsert_kafka_protocol_derive::message;

use crate::{ErrorCode, Uuid};

#[message(key = 63, versions = 0..=2, flexible = 0..)]
pub struct BrokerHeartbeatRequest {
    pub broker_id: i32,
    /// The number the controller gave it as it registered; -1 for none.
    #[versions(0.., default = -1)]
    pub broker_epoch: i64,
    /// How far it has read the metadata log.
    pub current_metadata_offset: i64,
    /// It wishes to lead nothing for now.
    pub want_fence: bool,
    /// It wishes to hand over what it leads, and stop.
    pub want_shut_down: bool,
    /// The ids of log folders that have failed (KIP-858).
    #[versions(1.., tag = 0)]
    pub offline_log_dirs: Vec<Uuid>,
    /// The ids of the log folders that get no new replicas (KIP-1066); null when that is not told.
    #[versions(2.., tag = 1, nullable = 2.., default = None)]
    pub cordoned_log_dirs: Option<Vec<Uuid>>,
}

#[message(answers = BrokerHeartbeatRequest)]
pub struct BrokerHeartbeatResponse {
    /// How long the client should pause, in milliseconds (KIP-219).
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    /// Has read the metadata log nearly to the end.
    pub is_caught_up: bool,
    /// Leads nothing, and is not told to clients.
    #[versions(0.., default = true)]
    pub is_fenced: bool,
    /// All is handed over; it may stop.
    pub should_shut_down: bool,
}

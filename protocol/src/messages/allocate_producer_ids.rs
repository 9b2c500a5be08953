//! AllocateProducerIds: a broker gets a block of producer ids from the controller (KIP-730).

use upsert_kafka_protocol_derive::message;

use crate::ErrorCode;

#[message(key = 67, versions = 0..=0, flexible = 0..)]
pub struct AllocateProducerIdsRequest {
    pub broker_id: i32,
    #[versions(0.., default = -1)]
    pub broker_epoch: i64,
}

#[message(answers = AllocateProducerIdsRequest)]
pub struct AllocateProducerIdsResponse {
    /// How long the client should pause, in milliseconds (KIP-219).
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    pub producer_id_start: i64,
    pub producer_id_len: i32,
}

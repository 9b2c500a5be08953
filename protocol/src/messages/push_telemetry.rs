//! PushTelemetry: a client's metrics (KIP-714).

use bytes::Bytes;
use upsert_kafka_protocol_derive::message;

use crate::{ErrorCode, Uuid};

#[message(key = 72, versions = 0..=0, flexible = 0..)]
pub struct PushTelemetryRequest {
    pub client_instance_id: Uuid,
    pub subscription_id: i32,
    pub terminating: bool,
    pub compression_type: i8,
    pub metrics: Bytes,
}

#[message(answers = PushTelemetryRequest)]
pub struct PushTelemetryResponse {
    /// How long the client should pause, in milliseconds (KIP-219).
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
}

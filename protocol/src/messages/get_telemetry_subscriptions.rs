//! GetTelemetrySubscriptions: which metrics a broker would like to get from a client (KIP-714).

use upsert_kafka_protocol_derive::message;

use crate::{ErrorCode, Str, Uuid};

#[message(key = 71, versions = 0..=0, flexible = 0..)]
pub struct GetTelemetrySubscriptionsRequest {
    /// All zeros at first, so that the broker gives one.
    pub client_instance_id: Uuid,
}

#[message(answers = GetTelemetrySubscriptionsRequest)]
pub struct GetTelemetrySubscriptionsResponse {
    /// How long the client should pause, in milliseconds (KIP-219).
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    /// The id given, to be kept for the life of the client; all zeros when it has one.
    pub client_instance_id: Uuid,
    /// Changes when the subscriptions do; goes with each push.
    pub subscription_id: i32,
    /// 0 none, 1 gzip, 2 snappy, 3 lz4, 4 zstd; what the broker likes best first.
    pub accepted_compression_types: Vec<i8>,
    /// How often to push, in milliseconds.
    pub push_interval_ms: i32,
    /// At most so many bytes to a push, after compression.
    pub telemetry_max_bytes: i32,
    /// True for counts since the last push, false for counts since the start.
    pub delta_temporality: bool,
    /// How the names of wanted metrics begin; empty for none, one empty string for all.
    pub requested_metrics: Vec<Str>,
}

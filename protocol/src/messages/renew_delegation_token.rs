//! RenewDelegationToken: makes a delegation token last longer.

use bytes::Bytes;
use upsert_kafka_protocol_derive::message;

use crate::ErrorCode;

#[message(key = 39, versions = 0..=2, current = 1.., flexible = 2..)]
pub struct RenewDelegationTokenRequest {
    /// The token's secret: never to be shown.
    pub hmac: Bytes,
    pub renew_period_ms: i64,
}

#[message(answers = RenewDelegationTokenRequest)]
pub struct RenewDelegationTokenResponse {
    pub error_code: ErrorCode,
    pub expiry_timestamp_ms: i64,
    /// How long the client should pause, in milliseconds (KIP-219).
    pub throttle_time_ms: i32,
}

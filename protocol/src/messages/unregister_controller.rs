//! UnregisterController: a controller leaves the cluster for good.

use upsert_kafka_protocol_derive::message;

use crate::{ErrorCode, Str};

#[message(key = 94, versions = 0..=0, flexible = 0..)]
pub struct UnregisterControllerRequest {
    pub controller_id: i32,
}

#[message(answers = UnregisterControllerRequest)]
pub struct UnregisterControllerResponse {
    /// How long the client should pause, in milliseconds (KIP-219).
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    /// The error in words, for people.
    #[versions(0.., nullable = 0..)]
    pub error_message: Option<Str>,
}

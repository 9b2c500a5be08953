//! AlterConfigs: replaces all settings of topics and brokers; IncrementalAlterConfigs changes single ones.

use upsert_kafka_protocol_derive::message;

use crate::{ErrorCode, Str};

#[message(key = 33, versions = 0..=2, flexible = 2..)]
pub struct AlterConfigsRequest {
    pub resources: Vec<AlterConfigsResource>,
    /// Checks all, and changes nothing.
    pub validate_only: bool,
}

#[message]
pub struct AlterConfigsResource {
    pub resource_type: i8,
    pub resource_name: Str,
    pub configs: Vec<AlterableConfig>,
}

#[message]
pub struct AlterableConfig {
    pub name: Str,
    #[versions(0.., nullable = 0..)]
    pub value: Option<Str>,
}

#[message(answers = AlterConfigsRequest)]
pub struct AlterConfigsResponse {
    /// How long the client should pause, in milliseconds (KIP-219).
    pub throttle_time_ms: i32,
    pub responses: Vec<AlterConfigsResourceResponse>,
}

#[message]
pub struct AlterConfigsResourceResponse {
    pub error_code: ErrorCode,
    /// The error in words, for people.
    #[versions(0.., nullable = 0..)]
    pub error_message: Option<Str>,
    pub resource_type: i8,
    pub resource_name: Str,
}

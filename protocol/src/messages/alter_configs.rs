//! AlterConfigs: replaces all settings of topics and brokers; IncrementalAlterConfigs changes single ones.

use upsert_kafka_protocol_derive::message;

use crate::{ErrorCode, Str};

#[message(key = 33, versions = 0..=2, flexible = 2..)]
pub struct AlterConfigsRequest {
    pub resources: Vec<AlterConfigsResource>,
    /// Checks all, and changes nothing.
    pub validate_only: bool,
}

/// The settings of one resource; those not named go back to their defaults.
#[message]
pub struct AlterConfigsResource {
    /// 2 a topic, 4 a broker, 8 a broker's loggers, 16 client metrics, 32 a group.
    pub resource_type: i8,
    /// A topic's or group's name, a broker's number in digits; empty for all brokers.
    pub resource_name: Str,
    pub configs: Vec<AlterableConfig>,
}

/// A setting to make.
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

/// What became of one resource.
#[message]
pub struct AlterConfigsResourceResponse {
    pub error_code: ErrorCode,
    /// The error in words, for people.
    #[versions(0.., nullable = 0..)]
    pub error_message: Option<Str>,
    /// As in the request.
    pub resource_type: i8,
    pub resource_name: Str,
}

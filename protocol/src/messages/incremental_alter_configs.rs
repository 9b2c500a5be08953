//! IncrementalAlterConfigs: changes single settings of topics and brokers (KIP-339).

use upsert_kafka_protocol_derive::message;

use crate::{ErrorCode, Str};

#[message(key = 44, versions = 0..=1, flexible = 1..)]
pub struct IncrementalAlterConfigsRequest {
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
    /// 0 set, 1 delete, 2 append, 3 subtract.
    pub config_operation: i8,
    #[versions(0.., nullable = 0..)]
    pub value: Option<Str>,
}

#[message(answers = IncrementalAlterConfigsRequest)]
pub struct IncrementalAlterConfigsResponse {
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

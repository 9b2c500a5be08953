//! ListConfigResources: the names of the resources that have settings (KIP-714, KIP-1142).

use upsert_kafka_protocol_derive::message;

use crate::{ErrorCode, Str};

#[message(key = 74, versions = 0..=1, flexible = 0..)]
pub struct ListConfigResourcesRequest {
    #[versions(1..)]
    pub resource_types: Vec<i8>,
}

#[message(answers = ListConfigResourcesRequest)]
pub struct ListConfigResourcesResponse {
    /// How long the client should pause, in milliseconds (KIP-219).
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    pub config_resources: Vec<ConfigResource>,
}

#[message]
pub struct ConfigResource {
    pub resource_name: Str,
    #[versions(1.., default = 16, ignorable)]
    pub resource_type: i8,
}

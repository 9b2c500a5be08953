//! CreateAcls: new access rules.

use upsert_kafka_protocol_derive::message;

use crate::{ErrorCode, Str};

#[message(key = 30, versions = 0..=3, current = 1.., flexible = 2..)]
pub struct CreateAclsRequest {
    pub creations: Vec<AclCreation>,
}

#[message]
pub struct AclCreation {
    pub resource_type: i8,
    pub resource_name: Str,
    #[versions(1.., default = 3)]
    pub resource_pattern_type: i8,
    pub principal: Str,
    pub host: Str,
    pub operation: i8,
    pub permission_type: i8,
}

#[message(answers = CreateAclsRequest)]
pub struct CreateAclsResponse {
    /// How long the client should pause, in milliseconds (KIP-219).
    pub throttle_time_ms: i32,
    pub results: Vec<AclCreationResult>,
}

#[message]
pub struct AclCreationResult {
    pub error_code: ErrorCode,
    /// The error in words, for people.
    #[versions(0.., nullable = 0..)]
    pub error_message: Option<Str>,
}

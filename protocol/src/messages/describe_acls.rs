//! DescribeAcls: the access rules that match a filter.

use upsert_kafka_protocol_derive::message;

use crate::{ErrorCode, Str};

#[message(key = 29, versions = 0..=3, current = 1.., flexible = 2..)]
pub struct DescribeAclsRequest {
    pub resource_type_filter: i8,
    #[versions(0.., nullable = 0..)]
    pub resource_name_filter: Option<Str>,
    #[versions(1.., default = 3)]
    pub pattern_type_filter: i8,
    #[versions(0.., nullable = 0..)]
    pub principal_filter: Option<Str>,
    #[versions(0.., nullable = 0..)]
    pub host_filter: Option<Str>,
    pub operation: i8,
    pub permission_type: i8,
}

#[message(answers = DescribeAclsRequest)]
pub struct DescribeAclsResponse {
    /// How long the client should pause, in milliseconds (KIP-219).
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    /// The error in words, for people.
    #[versions(0.., nullable = 0..)]
    pub error_message: Option<Str>,
    pub resources: Vec<DescribeAclsResource>,
}

#[message]
pub struct DescribeAclsResource {
    pub resource_type: i8,
    pub resource_name: Str,
    #[versions(1.., default = 3)]
    pub pattern_type: i8,
    pub acls: Vec<AclDescription>,
}

#[message]
pub struct AclDescription {
    pub principal: Str,
    pub host: Str,
    pub operation: i8,
    pub permission_type: i8,
}

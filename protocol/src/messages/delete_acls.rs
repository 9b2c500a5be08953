//! DeleteAcls: removes the access rules that match filters.

use upsert_kafka_protocol_derive::message;

use crate::{ErrorCode, Str};

#[message(key = 31, versions = 0..=3, current = 1.., flexible = 2..)]
pub struct DeleteAclsRequest {
    pub filters: Vec<DeleteAclsFilter>,
}

#[message]
pub struct DeleteAclsFilter {
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

#[message(answers = DeleteAclsRequest)]
pub struct DeleteAclsResponse {
    /// How long the client should pause, in milliseconds (KIP-219).
    pub throttle_time_ms: i32,
    pub filter_results: Vec<DeleteAclsFilterResult>,
}

#[message]
pub struct DeleteAclsFilterResult {
    pub error_code: ErrorCode,
    /// The error in words, for people.
    #[versions(0.., nullable = 0..)]
    pub error_message: Option<Str>,
    pub matching_acls: Vec<DeleteAclsMatchingAcl>,
}

#[message]
pub struct DeleteAclsMatchingAcl {
    pub error_code: ErrorCode,
    /// The error in words, for people.
    #[versions(0.., nullable = 0..)]
    pub error_message: Option<Str>,
    pub resource_type: i8,
    pub resource_name: Str,
    #[versions(1.., default = 3)]
    pub pattern_type: i8,
    pub principal: Str,
    pub host: Str,
    pub operation: i8,
    pub permission_type: i8,
}

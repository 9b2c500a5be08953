//! DeleteGroups: groups without members, and their offsets, for good.

use upsert_kafka_protocol_derive::message;

use crate::{ErrorCode, Str};

#[message(key = 42, versions = 0..=3, flexible = 2..)]
pub struct DeleteGroupsRequest {
    pub groups_names: Vec<Str>,
}

#[message(answers = DeleteGroupsRequest)]
pub struct DeleteGroupsResponse {
    /// How long the client should pause, in milliseconds (KIP-219).
    pub throttle_time_ms: i32,
    pub results: Vec<DeletableGroupResult>,
}

#[message]
pub struct DeletableGroupResult {
    pub group_id: Str,
    pub error_code: ErrorCode,
    /// The error in words, for people.
    #[versions(3.., nullable = 3.., default = None, ignorable)]
    pub error_message: Option<Str>,
}

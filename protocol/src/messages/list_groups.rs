//! ListGroups: the groups that a broker coordinates.

use upsert_kafka_protocol_derive::message;

use crate::{ErrorCode, Str};

/// Version 4 filters by state, 5 by type.
#[message(key = 16, versions = 0..=5, flexible = 3..)]
pub struct ListGroupsRequest {
    #[versions(4..)]
    pub states_filter: Vec<Str>,
    #[versions(5..)]
    pub types_filter: Vec<Str>,
}

#[message(answers = ListGroupsRequest)]
pub struct ListGroupsResponse {
    /// How long the client should pause, in milliseconds (KIP-219).
    #[versions(1.., ignorable)]
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    pub groups: Vec<ListedGroup>,
}

#[message]
pub struct ListedGroup {
    pub group_id: Str,
    pub protocol_type: Str,
    #[versions(4.., ignorable)]
    pub group_state: Str,
    #[versions(5.., ignorable)]
    pub group_type: Str,
}

//! DescribeGroups: the state and members of classic groups.

use bytes::Bytes;
use upsert_kafka_protocol_derive::message;

use crate::{ErrorCode, Str};

#[message(key = 15, versions = 0..=6, flexible = 5..)]
pub struct DescribeGroupsRequest {
    pub groups: Vec<Str>,
    #[versions(3..)]
    pub include_authorized_operations: bool,
}

#[message(answers = DescribeGroupsRequest)]
pub struct DescribeGroupsResponse {
    /// How long the client should pause, in milliseconds (KIP-219).
    #[versions(1.., ignorable)]
    pub throttle_time_ms: i32,
    pub groups: Vec<DescribedGroup>,
}

#[message]
pub struct DescribedGroup {
    pub error_code: ErrorCode,
    /// The error in words, for people.
    #[versions(6.., nullable = 6.., default = None)]
    pub error_message: Option<Str>,
    pub group_id: Str,
    pub group_state: Str,
    pub protocol_type: Str,
    pub protocol_data: Str,
    pub members: Vec<DescribedGroupMember>,
    /// A bit set of operations; the least int32 when it was not asked for.
    #[versions(3.., default = -2147483648)]
    pub authorized_operations: i32,
}

#[message]
pub struct DescribedGroupMember {
    pub member_id: Str,
    /// The name of a static member; it comes back under it (KIP-345).
    #[versions(4.., nullable = 4.., default = None, ignorable)]
    pub group_instance_id: Option<Str>,
    pub client_id: Str,
    pub client_host: Str,
    pub member_metadata: Bytes,
    pub member_assignment: Bytes,
}

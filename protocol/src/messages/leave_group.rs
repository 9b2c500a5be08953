//! LeaveGroup: members leave a classic group.

use upsert_kafka_protocol_derive::message;

use crate::{ErrorCode, Str};

/// Up to version 2 one member, from 3 several (KIP-345).
#[message(key = 13, versions = 0..=5, flexible = 4..)]
pub struct LeaveGroupRequest {
    pub group_id: Str,
    #[versions(0..=2)]
    pub member_id: Str,
    #[versions(3..)]
    pub members: Vec<MemberIdentity>,
}

#[message]
pub struct MemberIdentity {
    pub member_id: Str,
    /// The name of a static member; it comes back under it (KIP-345).
    #[versions(0.., nullable = 3.., default = None)]
    pub group_instance_id: Option<Str>,
    #[versions(5.., nullable = 5.., default = None, ignorable)]
    pub reason: Option<Str>,
}

#[message(answers = LeaveGroupRequest)]
pub struct LeaveGroupResponse {
    /// How long the client should pause, in milliseconds (KIP-219).
    #[versions(1.., ignorable)]
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    #[versions(3..)]
    pub members: Vec<MemberResponse>,
}

#[message]
pub struct MemberResponse {
    pub member_id: Str,
    /// The name of a static member; it comes back under it (KIP-345).
    #[versions(0.., nullable = 3..)]
    pub group_instance_id: Option<Str>,
    pub error_code: ErrorCode,
}

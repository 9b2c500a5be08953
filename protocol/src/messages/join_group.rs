//! JoinGroup: a member enters a classic group, and waits for the others.

use bytes::Bytes;
use upsert_kafka_protocol_derive::message;

use crate::{ErrorCode, Str};

/// Answered once every member has joined or the rebalance timeout is over. Version 4 refuses a
/// member without an id and gives it one (KIP-394), 5 brings static members (KIP-345).
#[message(key = 11, versions = 0..=9, flexible = 6..)]
pub struct JoinGroupRequest {
    pub group_id: Str,
    /// Without a heartbeat for so long, in milliseconds, the member is out.
    pub session_timeout_ms: i32,
    /// How long a member may take to give up partitions and join again, in milliseconds.
    #[versions(1.., default = -1, ignorable)]
    pub rebalance_timeout_ms: i32,
    pub member_id: Str,
    /// The name of a static member; it comes back under it (KIP-345).
    #[versions(5.., nullable = 5.., default = None)]
    pub group_instance_id: Option<Str>,
    pub protocol_type: Str,
    pub protocols: Vec<JoinGroupRequestProtocol>,
    #[versions(8.., nullable = 8.., default = None, ignorable)]
    pub reason: Option<Str>,
}

#[message]
pub struct JoinGroupRequestProtocol {
    pub name: Str,
    pub metadata: Bytes,
}

/// The leader alone is told the members; it makes the assignment.
#[message(answers = JoinGroupRequest)]
pub struct JoinGroupResponse {
    /// How long the client should pause, in milliseconds (KIP-219).
    #[versions(2.., ignorable)]
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    #[versions(0.., default = -1)]
    pub generation_id: i32,
    #[versions(7.., nullable = 7.., default = None, ignorable)]
    pub protocol_type: Option<Str>,
    #[versions(0.., nullable = 7..)]
    pub protocol_name: Option<Str>,
    pub leader: Str,
    #[versions(9..)]
    pub skip_assignment: bool,
    pub member_id: Str,
    pub members: Vec<JoinGroupResponseMember>,
}

#[message]
pub struct JoinGroupResponseMember {
    pub member_id: Str,
    /// The name of a static member; it comes back under it (KIP-345).
    #[versions(5.., nullable = 5.., default = None, ignorable)]
    pub group_instance_id: Option<Str>,
    pub metadata: Bytes,
}

//! SyncGroup: the leader of a classic group hands out the assignment, and each member takes its own.

use bytes::Bytes;
use upsert_kafka_protocol_derive::message;

use crate::{ErrorCode, Str};

/// Assignments come from the leader alone.
#[message(key = 14, versions = 0..=5, flexible = 4..)]
pub struct SyncGroupRequest {
    pub group_id: Str,
    pub generation_id: i32,
    pub member_id: Str,
    /// The name of a static member; it comes back under it (KIP-345).
    #[versions(3.., nullable = 3.., default = None)]
    pub group_instance_id: Option<Str>,
    #[versions(5.., nullable = 5.., default = None, ignorable)]
    pub protocol_type: Option<Str>,
    #[versions(5.., nullable = 5.., default = None, ignorable)]
    pub protocol_name: Option<Str>,
    pub assignments: Vec<SyncGroupRequestAssignment>,
}

#[message]
pub struct SyncGroupRequestAssignment {
    pub member_id: Str,
    pub assignment: Bytes,
}

#[message(answers = SyncGroupRequest)]
pub struct SyncGroupResponse {
    /// How long the client should pause, in milliseconds (KIP-219).
    #[versions(1.., ignorable)]
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    #[versions(5.., nullable = 5.., default = None, ignorable)]
    pub protocol_type: Option<Str>,
    #[versions(5.., nullable = 5.., default = None, ignorable)]
    pub protocol_name: Option<Str>,
    pub assignment: Bytes,
}

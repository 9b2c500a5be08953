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

/// One group: its state and its members.
#[message]
pub struct DescribedGroup {
    pub error_code: ErrorCode,
    /// The error in words, for people.
    #[versions(6.., nullable = 6.., default = None)]
    pub error_message: Option<Str>,
    pub group_id: Str,
    /// `PreparingRebalance`, `CompletingRebalance`, `Stable`, `Empty` or `Dead`, the last for a group that is
    /// not there.
    pub group_state: Str,
    /// What kind of group it is: `consumer` for consumers, `connect` for Connect workers.
    pub protocol_type: Str,
    /// The chosen way to assign, such as `range`; empty while there is none.
    pub protocol_data: Str,
    pub members: Vec<DescribedGroupMember>,
    /// A bit set of operations; the least int32 when it was not asked for.
    #[versions(3.., default = -2147483648)]
    pub authorized_operations: i32,
}

/// A member, where it runs and what it has.
#[message]
pub struct DescribedGroupMember {
    pub member_id: Str,
    /// The name of a static member; it comes back under it (KIP-345).
    #[versions(4.., nullable = 4.., default = None, ignorable)]
    pub group_instance_id: Option<Str>,
    pub client_id: Str,
    /// The address it comes from, such as `/10.0.0.7`.
    pub client_host: Str,
    /// What it said as it joined; for consumers a ConsumerProtocolSubscription, behind its version.
    pub member_metadata: Bytes,
    /// What it was given; for consumers a ConsumerProtocolAssignment, behind its version.
    pub member_assignment: Bytes,
}

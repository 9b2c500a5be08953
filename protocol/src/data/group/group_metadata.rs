//! A classic group and its members.

use bytes::Bytes;
use upsert_kafka_protocol_derive::message;

use crate::Str;

/// The key of a record of the log.
#[message(key = 2, versions = 0..=0)]
pub struct GroupMetadataKey {
    pub group: Str,
}

/// Its value.
#[message(key = 2, versions = 0..=4, flexible = 4..)]
pub struct GroupMetadataValue {
    /// `consumer` for consumers, `connect` for Connect workers; empty for those who only commit.
    pub protocol_type: Str,
    /// Grows with each rebalance.
    pub generation: i32,
    /// The chosen way to assign, such as `range`; null while there is none.
    #[versions(0.., nullable = 0..)]
    pub protocol: Option<Str>,
    /// Its member id; null while there is none.
    #[versions(0.., nullable = 0..)]
    pub leader: Option<Str>,
    /// When it came into its state, in milliseconds since 1970; -1 when unknown.
    #[versions(2.., default = -1, ignorable)]
    pub current_state_timestamp: i64,
    pub members: Vec<MemberMetadata>,
}

/// A member, what it said and what it was given.
#[message]
pub struct MemberMetadata {
    pub member_id: Str,
    /// The name of a static member; it comes back under it (KIP-345).
    #[versions(3.., nullable = 3.., default = None, ignorable)]
    pub group_instance_id: Option<Str>,
    pub client_id: Str,
    /// The address it comes from.
    pub client_host: Str,
    /// How long it may take to join again, in milliseconds; -1 for the session timeout.
    #[versions(1.., default = -1, ignorable)]
    pub rebalance_timeout: i32,
    /// Without a heartbeat for so long, in milliseconds, the member is out.
    pub session_timeout: i32,
    /// For consumers a ConsumerProtocolSubscription, behind its version.
    pub subscription: Bytes,
    /// For consumers a ConsumerProtocolAssignment, behind its version.
    pub assignment: Bytes,
}

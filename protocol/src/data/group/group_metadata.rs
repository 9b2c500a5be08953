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
    pub protocol_type: Str,
    pub generation: i32,
    #[versions(0.., nullable = 0..)]
    pub protocol: Option<Str>,
    #[versions(0.., nullable = 0..)]
    pub leader: Option<Str>,
    #[versions(2.., default = -1, ignorable)]
    pub current_state_timestamp: i64,
    pub members: Vec<MemberMetadata>,
}

#[message]
pub struct MemberMetadata {
    pub member_id: Str,
    /// The name of a static member; it comes back under it (KIP-345).
    #[versions(3.., nullable = 3.., default = None, ignorable)]
    pub group_instance_id: Option<Str>,
    pub client_id: Str,
    pub client_host: Str,
    #[versions(1.., default = -1, ignorable)]
    pub rebalance_timeout: i32,
    pub session_timeout: i32,
    pub subscription: Bytes,
    pub assignment: Bytes,
}

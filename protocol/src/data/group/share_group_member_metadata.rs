//! What a member of a share group told of itself (KIP-932).

use upsert_kafka_protocol_derive::message;

use crate::Str;

/// The key of a record of the log.
#[message(key = 10, versions = 0..=0)]
pub struct ShareGroupMemberMetadataKey {
    pub group_id: Str,
    pub member_id: Str,
}

/// Its value.
#[message(key = 10, versions = 0..=0, flexible = 0..)]
pub struct ShareGroupMemberMetadataValue {
    #[versions(0.., nullable = 0..)]
    pub rack_id: Option<Str>,
    pub client_id: Str,
    pub client_host: Str,
    pub subscribed_topic_names: Vec<Str>,
}

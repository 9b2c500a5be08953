//! What a member of a consumer group told of itself (KIP-848).

use bytes::Bytes;
use upsert_kafka_protocol_derive::message;

use crate::Str;

/// The key of a record of the log.
#[message(key = 5, versions = 0..=0)]
pub struct ConsumerGroupMemberMetadataKey {
    pub group_id: Str,
    pub member_id: Str,
}

/// Its value.
#[message(key = 5, versions = 0..=0, flexible = 0..)]
pub struct ConsumerGroupMemberMetadataValue {
    /// The name of a static member; it comes back under it (KIP-345).
    #[versions(0.., nullable = 0..)]
    pub instance_id: Option<Str>,
    #[versions(0.., nullable = 0..)]
    pub rack_id: Option<Str>,
    pub client_id: Str,
    pub client_host: Str,
    pub subscribed_topic_names: Vec<Str>,
    /// A pattern of RE2 over topic names, matched by the broker.
    #[versions(0.., nullable = 0..)]
    pub subscribed_topic_regex: Option<Str>,
    /// How long a member may take to give up partitions and join again, in milliseconds.
    #[versions(0.., default = -1)]
    pub rebalance_timeout_ms: i32,
    #[versions(0.., nullable = 0..)]
    pub server_assignor: Option<Str>,
    #[versions(0.., tag = 0, nullable = 0.., default = Some(Box::default()))]
    pub classic_member_metadata: Option<Box<ClassicMemberMetadata>>,
}

#[message]
pub struct ClassicMemberMetadata {
    /// Without a heartbeat for so long, in milliseconds, the member is out.
    pub session_timeout_ms: i32,
    pub supported_protocols: Vec<ClassicProtocol>,
}

#[message]
pub struct ClassicProtocol {
    pub name: Str,
    pub metadata: Bytes,
}

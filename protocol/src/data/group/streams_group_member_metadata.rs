//! What a member of a streams group told of itself (KIP-1071).

use upsert_kafka_protocol_derive::message;

use crate::Str;

/// The key of a record of the log.
#[message(key = 19, versions = 0..=0)]
pub struct StreamsGroupMemberMetadataKey {
    pub group_id: Str,
    pub member_id: Str,
}

/// Its value.
#[message(key = 19, versions = 0..=0, flexible = 0..)]
pub struct StreamsGroupMemberMetadataValue {
    /// The name of a static member; it comes back under it (KIP-345).
    #[versions(0.., nullable = 0..)]
    pub instance_id: Option<Str>,
    #[versions(0.., nullable = 0..)]
    pub rack_id: Option<Str>,
    pub client_id: Str,
    pub client_host: Str,
    /// How long a member may take to give up partitions and join again, in milliseconds.
    #[versions(0.., default = -1)]
    pub rebalance_timeout_ms: i32,
    pub topology_epoch: i32,
    pub process_id: Str,
    #[versions(0.., nullable = 0..)]
    pub user_endpoint: Option<Box<Endpoint>>,
    pub client_tags: Vec<KeyValue>,
}

/// Where somebody listens.
#[message]
pub struct Endpoint {
    pub host: Str,
    pub port: u16,
}

/// A key and its value.
#[message]
pub struct KeyValue {
    pub key: Str,
    pub value: Str,
}

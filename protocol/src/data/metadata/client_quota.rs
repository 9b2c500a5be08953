//! A quota was set or removed.

use upsert_kafka_protocol_derive::message;

use crate::Str;

#[message(key = 14, versions = 0..=0, flexible = 0..)]
pub struct ClientQuotaRecord {
    /// Its parts, such as a user and a client id; the quota holds for both together.
    pub entity: Vec<EntityData>,
    /// As in AlterClientQuotas.
    pub key: Str,
    /// The limit; without meaning for a removal.
    pub value: f64,
    pub remove: bool,
}

/// One part of an entity.
#[message]
pub struct EntityData {
    /// `user`, `client-id` or `ip`.
    pub entity_type: Str,
    /// Null for the default, which holds for those without quotas of their own.
    #[versions(0.., nullable = 0..)]
    pub entity_name: Option<Str>,
}

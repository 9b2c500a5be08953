//! A quota was set or removed.

use upsert_kafka_protocol_derive::message;

use crate::Str;

#[message(key = 14, versions = 0..=0, flexible = 0..)]
pub struct ClientQuotaRecord {
    pub entity: Vec<EntityData>,
    pub key: Str,
    pub value: f64,
    pub remove: bool,
}

#[message]
pub struct EntityData {
    pub entity_type: Str,
    #[versions(0.., nullable = 0..)]
    pub entity_name: Option<Str>,
}

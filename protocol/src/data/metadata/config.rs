//! A setting was made or, without a value, removed.

use upsert_kafka_protocol_derive::message;

use crate::Str;

#[message(key = 4, versions = 0..=0, flexible = 0..)]
pub struct ConfigRecord {
    pub resource_type: i8,
    pub resource_name: Str,
    pub name: Str,
    #[versions(0.., nullable = 0..)]
    pub value: Option<Str>,
}

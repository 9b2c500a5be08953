//! A setting was made or, without a value, removed.

use upsert_kafka_protocol_derive::message;

use crate::Str;

#[message(key = 4, versions = 0..=0, flexible = 0..)]
pub struct ConfigRecord {
    /// 2 a topic, 4 a broker, 16 client metrics, 32 a group.
    pub resource_type: i8,
    /// A topic's or group's name, a broker's number in digits; empty for all brokers.
    pub resource_name: Str,
    pub name: Str,
    /// Null removes it.
    #[versions(0.., nullable = 0..)]
    pub value: Option<Str>,
}

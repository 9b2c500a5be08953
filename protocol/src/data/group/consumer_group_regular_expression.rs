//! What a subscribed pattern came to (KIP-848).

use upsert_kafka_protocol_derive::message;

use crate::Str;

/// The key of a record of the log.
#[message(key = 16, versions = 0..=0)]
pub struct ConsumerGroupRegularExpressionKey {
    pub group_id: Str,
    pub regular_expression: Str,
}

/// Its value.
#[message(key = 16, versions = 0..=0, flexible = 0..)]
pub struct ConsumerGroupRegularExpressionValue {
    pub topics: Vec<Str>,
    pub version: i64,
    pub timestamp: i64,
}

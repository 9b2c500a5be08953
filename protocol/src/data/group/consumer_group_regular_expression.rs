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
    /// Those whose names match.
    pub topics: Vec<Str>,
    /// Of the metadata it was matched against: the offset of the metadata log.
    pub version: i64,
    /// When it was matched, in milliseconds since 1970.
    pub timestamp: i64,
}

//! Nothing: the log moves on (KIP-835).

use upsert_kafka_protocol_derive::message;

#[message(key = 20, versions = 0..=0, flexible = 0..)]
pub struct NoOpRecord {}

//! What began with a BeginTransactionRecord holds (KIP-868).

use upsert_kafka_protocol_derive::message;

#[message(key = 24, versions = 0..=0, flexible = 0..)]
pub struct EndTransactionRecord {}

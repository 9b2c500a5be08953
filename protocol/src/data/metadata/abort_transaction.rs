//! What began with a BeginTransactionRecord never was (KIP-868).

use upsert_kafka_protocol_derive::message;

use crate::Str;

#[message(key = 25, versions = 0..=0, flexible = 0..)]
pub struct AbortTransactionRecord {
    #[versions(0.., tag = 0, nullable = 0.., default = None)]
    pub reason: Option<Str>,
}

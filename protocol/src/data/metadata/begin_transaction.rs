//! From here on records hold together (KIP-868).

use upsert_kafka_protocol_derive::message;

use crate::Str;

#[message(key = 23, versions = 0..=0, flexible = 0..)]
pub struct BeginTransactionRecord {
    #[versions(0.., tag = 0, nullable = 0.., default = None)]
    pub name: Option<Str>,
}

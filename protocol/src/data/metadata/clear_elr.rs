//! Forgets the replicas that may lead (KIP-966).

use upsert_kafka_protocol_derive::message;

use crate::Str;

#[message(key = 28, versions = 0..=0, flexible = 0..)]
pub struct ClearElrRecord {
    pub topic_name: Str,
}

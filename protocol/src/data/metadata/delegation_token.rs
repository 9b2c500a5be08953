//! A delegation token was made or changed.

use upsert_kafka_protocol_derive::message;

use crate::Str;

#[message(key = 10, versions = 0..=0, flexible = 0..)]
pub struct DelegationTokenRecord {
    pub owner: Str,
    pub requester: Str,
    pub renewers: Vec<Str>,
    pub issue_timestamp: i64,
    pub max_timestamp: i64,
    pub expiration_timestamp: i64,
    pub token_id: Str,
}

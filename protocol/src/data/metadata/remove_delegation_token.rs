//! A delegation token was removed.

use upsert_kafka_protocol_derive::message;

use crate::Str;

#[message(key = 26, versions = 0..=0, flexible = 0..)]
pub struct RemoveDelegationTokenRecord {
    pub token_id: Str,
}

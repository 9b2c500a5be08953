//! A user's SCRAM credential.

use bytes::Bytes;
use upsert_kafka_protocol_derive::message;

use crate::Str;

#[message(key = 11, versions = 0..=0, flexible = 0..)]
pub struct UserScramCredentialRecord {
    pub name: Str,
    pub mechanism: i8,
    pub salt: Bytes,
    pub stored_key: Bytes,
    pub server_key: Bytes,
    pub iterations: i32,
}

//! A user's SCRAM credential.

use bytes::Bytes;
use upsert_kafka_protocol_derive::message;

use crate::Str;

#[message(key = 11, versions = 0..=0, flexible = 0..)]
pub struct UserScramCredentialRecord {
    /// The user.
    pub name: Str,
    /// 1 SCRAM-SHA-256, 2 SCRAM-SHA-512.
    pub mechanism: i8,
    /// Random bytes that the password was hashed with.
    pub salt: Bytes,
    /// What a client's proof is checked by; never to be shown.
    pub stored_key: Bytes,
    /// What the broker proves itself by; never to be shown.
    pub server_key: Bytes,
    /// From 4096 to 16384.
    pub iterations: i32,
}

//! A delegation token was made or changed.

use upsert_kafka_protocol_derive::message;

use crate::Str;

#[message(key = 10, versions = 0..=0, flexible = 0..)]
pub struct DelegationTokenRecord {
    /// As in `User:alice`.
    pub owner: Str,
    /// Who asked for it, for the owner.
    pub requester: Str,
    /// Who may renew it, beside its owner.
    pub renewers: Vec<Str>,
    /// Milliseconds since 1970.
    pub issue_timestamp: i64,
    /// Up to when it can be renewed, in milliseconds since 1970.
    pub max_timestamp: i64,
    /// When it ends unless it is renewed, in milliseconds since 1970.
    pub expiration_timestamp: i64,
    pub token_id: Str,
}

//! A user's SCRAM credential was removed.

use upsert_kafka_protocol_derive::message;

use crate::Str;

#[message(key = 22, versions = 0..=0, flexible = 0..)]
pub struct RemoveUserScramCredentialRecord {
    /// The user.
    pub name: Str,
    /// 1 SCRAM-SHA-256, 2 SCRAM-SHA-512.
    pub mechanism: i8,
}

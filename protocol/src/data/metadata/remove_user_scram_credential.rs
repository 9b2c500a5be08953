//! A user's SCRAM credential was removed.

use upsert_kafka_protocol_derive::message;

use crate::Str;

#[message(key = 22, versions = 0..=0, flexible = 0..)]
pub struct RemoveUserScramCredentialRecord {
    pub name: Str,
    pub mechanism: i8,
}

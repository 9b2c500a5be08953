//! AlterUserScramCredentials: sets and removes SCRAM credentials (KIP-554).

use bytes::Bytes;
use upsert_kafka_protocol_derive::message;

use crate::{ErrorCode, Str};

#[message(key = 51, versions = 0..=0, flexible = 0..)]
pub struct AlterUserScramCredentialsRequest {
    pub deletions: Vec<ScramCredentialDeletion>,
    pub upsertions: Vec<ScramCredentialUpsertion>,
}

#[message]
pub struct ScramCredentialDeletion {
    pub name: Str,
    pub mechanism: i8,
}

#[message]
pub struct ScramCredentialUpsertion {
    pub name: Str,
    pub mechanism: i8,
    pub iterations: i32,
    pub salt: Bytes,
    /// Never to be shown.
    pub salted_password: Bytes,
}

#[message(answers = AlterUserScramCredentialsRequest)]
pub struct AlterUserScramCredentialsResponse {
    /// How long the client should pause, in milliseconds (KIP-219).
    pub throttle_time_ms: i32,
    pub results: Vec<AlterUserScramCredentialsResult>,
}

#[message]
pub struct AlterUserScramCredentialsResult {
    pub user: Str,
    pub error_code: ErrorCode,
    /// The error in words, for people.
    #[versions(0.., nullable = 0..)]
    pub error_message: Option<Str>,
}

//! AlterUserScramCredentials: sets and removes SCRAM credentials (KIP-554).

use bytes::Bytes;
use upsert_kafka_protocol_derive::message;

use crate::{ErrorCode, Str};

#[message(key = 51, versions = 0..=0, flexible = 0..)]
pub struct AlterUserScramCredentialsRequest {
    pub deletions: Vec<ScramCredentialDeletion>,
    pub upsertions: Vec<ScramCredentialUpsertion>,
}

/// A credential to remove.
#[message]
pub struct ScramCredentialDeletion {
    /// The user.
    pub name: Str,
    /// 1 SCRAM-SHA-256, 2 SCRAM-SHA-512.
    pub mechanism: i8,
}

/// A credential to set, be it new or not.
#[message]
pub struct ScramCredentialUpsertion {
    /// The user.
    pub name: Str,
    /// 1 SCRAM-SHA-256, 2 SCRAM-SHA-512.
    pub mechanism: i8,
    /// From 4096 to 16384.
    pub iterations: i32,
    /// Random bytes, made by the client.
    pub salt: Bytes,
    /// The password as hashed with salt and iterations; never to be shown.
    pub salted_password: Bytes,
}

#[message(answers = AlterUserScramCredentialsRequest)]
pub struct AlterUserScramCredentialsResponse {
    /// How long the client should pause, in milliseconds (KIP-219).
    pub throttle_time_ms: i32,
    pub results: Vec<AlterUserScramCredentialsResult>,
}

/// What became of one user's credentials.
#[message]
pub struct AlterUserScramCredentialsResult {
    pub user: Str,
    pub error_code: ErrorCode,
    /// The error in words, for people.
    #[versions(0.., nullable = 0..)]
    pub error_message: Option<Str>,
}

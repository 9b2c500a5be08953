//! DescribeUserScramCredentials: which SCRAM mechanisms users have, and their iterations (KIP-554).

use upsert_kafka_protocol_derive::message;

use crate::{ErrorCode, Str};

#[message(key = 50, versions = 0..=0, flexible = 0..)]
pub struct DescribeUserScramCredentialsRequest {
    /// Null, or none at all, for everyone.
    #[versions(0.., nullable = 0..)]
    pub users: Option<Vec<UserName>>,
}

/// A user to tell of.
#[message]
pub struct UserName {
    pub name: Str,
}

#[message(answers = DescribeUserScramCredentialsRequest)]
pub struct DescribeUserScramCredentialsResponse {
    /// How long the client should pause, in milliseconds (KIP-219).
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    /// The error in words, for people.
    #[versions(0.., nullable = 0..)]
    pub error_message: Option<Str>,
    pub results: Vec<DescribeUserScramCredentialsResult>,
}

/// One user's credentials, without their secrets.
#[message]
pub struct DescribeUserScramCredentialsResult {
    pub user: Str,
    pub error_code: ErrorCode,
    /// The error in words, for people.
    #[versions(0.., nullable = 0..)]
    pub error_message: Option<Str>,
    pub credential_infos: Vec<CredentialInfo>,
}

/// One credential: mechanism and iterations, without salt or password.
#[message]
pub struct CredentialInfo {
    /// 1 SCRAM-SHA-256, 2 SCRAM-SHA-512.
    pub mechanism: i8,
    pub iterations: i32,
}

//! DescribeUserScramCredentials: which SCRAM mechanisms users have, and their iterations (KIP-554).

use upsert_kafka_protocol_derive::message;

use crate::{ErrorCode, Str};

#[message(key = 50, versions = 0..=0, flexible = 0..)]
pub struct DescribeUserScramCredentialsRequest {
    #[versions(0.., nullable = 0..)]
    pub users: Option<Vec<UserName>>,
}

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

#[message]
pub struct DescribeUserScramCredentialsResult {
    pub user: Str,
    pub error_code: ErrorCode,
    /// The error in words, for people.
    #[versions(0.., nullable = 0..)]
    pub error_message: Option<Str>,
    pub credential_infos: Vec<CredentialInfo>,
}

#[message]
pub struct CredentialInfo {
    pub mechanism: i8,
    pub iterations: i32,
}

//! DescribeDelegationToken: the delegation tokens of owners.

use bytes::Bytes;
use upsert_kafka_protocol_derive::message;

use crate::{ErrorCode, Str};

#[message(key = 41, versions = 0..=3, current = 1.., flexible = 2..)]
pub struct DescribeDelegationTokenRequest {
    #[versions(0.., nullable = 0..)]
    pub owners: Option<Vec<DescribeDelegationTokenOwner>>,
}

#[message]
pub struct DescribeDelegationTokenOwner {
    pub principal_type: Str,
    pub principal_name: Str,
}

#[message(answers = DescribeDelegationTokenRequest)]
pub struct DescribeDelegationTokenResponse {
    pub error_code: ErrorCode,
    pub tokens: Vec<DescribedDelegationToken>,
    /// How long the client should pause, in milliseconds (KIP-219).
    pub throttle_time_ms: i32,
}

#[message]
pub struct DescribedDelegationToken {
    pub principal_type: Str,
    pub principal_name: Str,
    #[versions(3..)]
    pub token_requester_principal_type: Str,
    #[versions(3..)]
    pub token_requester_principal_name: Str,
    pub issue_timestamp: i64,
    pub expiry_timestamp: i64,
    pub max_timestamp: i64,
    pub token_id: Str,
    /// The token's secret: never to be shown.
    pub hmac: Bytes,
    pub renewers: Vec<DescribedDelegationTokenRenewer>,
}

#[message]
pub struct DescribedDelegationTokenRenewer {
    pub principal_type: Str,
    pub principal_name: Str,
}

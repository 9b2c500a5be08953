//! CreateDelegationToken: a token that stands in for its owner's credentials (KIP-48).

use bytes::Bytes;
use upsert_kafka_protocol_derive::message;

use crate::{ErrorCode, Str};

#[message(key = 38, versions = 0..=3, current = 1.., flexible = 2..)]
pub struct CreateDelegationTokenRequest {
    #[versions(3.., nullable = 3..)]
    pub owner_principal_type: Option<Str>,
    #[versions(3.., nullable = 3..)]
    pub owner_principal_name: Option<Str>,
    pub renewers: Vec<CreatableRenewers>,
    pub max_lifetime_ms: i64,
}

#[message]
pub struct CreatableRenewers {
    pub principal_type: Str,
    pub principal_name: Str,
}

#[message(answers = CreateDelegationTokenRequest)]
pub struct CreateDelegationTokenResponse {
    pub error_code: ErrorCode,
    pub principal_type: Str,
    pub principal_name: Str,
    #[versions(3..)]
    pub token_requester_principal_type: Str,
    #[versions(3..)]
    pub token_requester_principal_name: Str,
    pub issue_timestamp_ms: i64,
    pub expiry_timestamp_ms: i64,
    pub max_timestamp_ms: i64,
    pub token_id: Str,
    /// The token's secret: never to be shown.
    pub hmac: Bytes,
    /// How long the client should pause, in milliseconds (KIP-219).
    pub throttle_time_ms: i32,
}

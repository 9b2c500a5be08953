//! SaslAuthenticate: one step of a SASL mechanism.

use bytes::Bytes;
use upsert_kafka_protocol_derive::message;

use crate::{ErrorCode, Str};

#[message(key = 36, versions = 0..=2, flexible = 2..)]
pub struct SaslAuthenticateRequest {
    /// What the mechanism says; may hold a password, never to be shown.
    pub auth_bytes: Bytes,
}

/// Version 1 tells for how long the session holds (KIP-368).
#[message(answers = SaslAuthenticateRequest)]
pub struct SaslAuthenticateResponse {
    pub error_code: ErrorCode,
    /// The error in words, for people.
    #[versions(0.., nullable = 0..)]
    pub error_message: Option<Str>,
    /// What the mechanism says; may hold a password, never to be shown.
    pub auth_bytes: Bytes,
    /// After so long, in milliseconds, the client must authenticate anew; 0 for never.
    #[versions(1.., ignorable)]
    pub session_lifetime_ms: i64,
}

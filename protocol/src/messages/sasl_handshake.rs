//! SaslHandshake: names the SASL mechanism that follows.

use upsert_kafka_protocol_derive::message;

use crate::{ErrorCode, Str};

/// From version 1 on the mechanism's bytes travel in SaslAuthenticate; at version 0 they follow
/// bare.
#[message(key = 17, versions = 0..=1)]
pub struct SaslHandshakeRequest {
    pub mechanism: Str,
}

/// On a mechanism that is not enabled it tells those that are.
#[message(answers = SaslHandshakeRequest)]
pub struct SaslHandshakeResponse {
    pub error_code: ErrorCode,
    pub mechanisms: Vec<Str>,
}

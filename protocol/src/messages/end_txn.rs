//! EndTxn: commits or aborts a transaction.

use upsert_kafka_protocol_derive::message;

use crate::{ErrorCode, Str};

#[message(key = 26, versions = 0..=5, flexible = 3..)]
pub struct EndTxnRequest {
    pub transactional_id: Str,
    pub producer_id: i64,
    pub producer_epoch: i16,
    /// True writes a commit, false an abort.
    pub committed: bool,
}

/// Version 5 gives the producer id and epoch to go on with (KIP-890).
#[message(answers = EndTxnRequest)]
pub struct EndTxnResponse {
    /// How long the client should pause, in milliseconds (KIP-219).
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    #[versions(5.., default = -1, ignorable)]
    pub producer_id: i64,
    #[versions(5.., default = -1, ignorable)]
    pub producer_epoch: i16,
}

//! AddOffsetsToTxn: a group's offsets join a transaction.

use upsert_kafka_protocol_derive::message;

use crate::{ErrorCode, Str};

#[message(key = 25, versions = 0..=4, flexible = 3..)]
pub struct AddOffsetsToTxnRequest {
    pub transactional_id: Str,
    pub producer_id: i64,
    pub producer_epoch: i16,
    pub group_id: Str,
}

#[message(answers = AddOffsetsToTxnRequest)]
pub struct AddOffsetsToTxnResponse {
    /// How long the client should pause, in milliseconds (KIP-219).
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
}

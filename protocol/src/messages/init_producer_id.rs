//! InitProducerId: the number and epoch that make a producer's batches countable.

use upsert_kafka_protocol_derive::message;

use crate::{ErrorCode, Str};

/// Version 3 renews the epoch of a producer that names the one it has (KIP-360), 6 prepares for two phases (KIP-939).
#[message(key = 22, versions = 0..=6, current = 0..=5, flexible = 2..)]
pub struct InitProducerIdRequest {
    /// Null for a producer that is idempotent only.
    #[versions(0.., nullable = 0..)]
    pub transactional_id: Option<Str>,
    pub transaction_timeout_ms: i32,
    #[versions(3.., default = -1)]
    pub producer_id: i64,
    #[versions(3.., default = -1)]
    pub producer_epoch: i16,
    #[versions(6..)]
    pub enable2_pc: bool,
    #[versions(6..)]
    pub keep_prepared_txn: bool,
}

#[message(answers = InitProducerIdRequest)]
pub struct InitProducerIdResponse {
    /// How long the client should pause, in milliseconds (KIP-219).
    #[versions(0.., ignorable)]
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    #[versions(0.., default = -1)]
    pub producer_id: i64,
    pub producer_epoch: i16,
    #[versions(6.., default = -1)]
    pub ongoing_txn_producer_id: i64,
    #[versions(6.., default = -1)]
    pub ongoing_txn_producer_epoch: i16,
}

//! InitProducerId: the number and epoch that make a producer's batches countable.

use upsert_kafka_protocol_derive::message;

use crate::{ErrorCode, Str};

/// Version 3 renews the epoch of a producer that names the one it has (KIP-360), 6 prepares for two phases
/// (KIP-939).
#[message(key = 22, versions = 0..=6, current = 0..=5, flexible = 2..)]
pub struct InitProducerIdRequest {
    /// Null for a producer that is idempotent only.
    #[versions(0.., nullable = 0..)]
    pub transactional_id: Option<Str>,
    /// After so long, in milliseconds, the coordinator aborts an open transaction.
    pub transaction_timeout_ms: i32,
    /// The one the producer has; -1 for a newcomer (KIP-360).
    #[versions(3.., default = -1)]
    pub producer_id: i64,
    /// The one the producer has; -1 for a newcomer (KIP-360).
    #[versions(3.., default = -1)]
    pub producer_epoch: i16,
    /// Leaves the end of transactions to somebody outside, however long that takes (KIP-939).
    #[versions(6..)]
    pub enable2_pc: bool,
    /// Leaves a transaction that is still open as it is, to be ended later (KIP-939).
    #[versions(6..)]
    pub keep_prepared_txn: bool,
}

#[message(answers = InitProducerIdRequest)]
pub struct InitProducerIdResponse {
    /// How long the client should pause, in milliseconds (KIP-219).
    #[versions(0.., ignorable)]
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    /// -1 on an error.
    #[versions(0.., default = -1)]
    pub producer_id: i64,
    pub producer_epoch: i16,
    /// Of the transaction that was kept; -1 when there is none (KIP-939).
    #[versions(6.., default = -1)]
    pub ongoing_txn_producer_id: i64,
    /// Of the transaction that was kept; -1 when there is none (KIP-939).
    #[versions(6.., default = -1)]
    pub ongoing_txn_producer_epoch: i16,
}

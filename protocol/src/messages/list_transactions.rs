//! ListTransactions: the transactions that a broker coordinates (KIP-664).

use upsert_kafka_protocol_derive::message;

use crate::{ErrorCode, Str};

#[message(key = 66, versions = 0..=2, flexible = 0..)]
pub struct ListTransactionsRequest {
    pub state_filters: Vec<Str>,
    pub producer_id_filters: Vec<i64>,
    #[versions(1.., default = -1)]
    pub duration_filter: i64,
    #[versions(2.., nullable = 2.., default = None)]
    pub transactional_id_pattern: Option<Str>,
}

#[message(answers = ListTransactionsRequest)]
pub struct ListTransactionsResponse {
    /// How long the client should pause, in milliseconds (KIP-219).
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    pub unknown_state_filters: Vec<Str>,
    pub transaction_states: Vec<TransactionState>,
}

#[message]
pub struct TransactionState {
    pub transactional_id: Str,
    pub producer_id: i64,
    pub transaction_state: Str,
}

//! DescribeTransactions: the state of transactions, by transactional id (KIP-664).

use upsert_kafka_protocol_derive::message;

use crate::{ErrorCode, Str};

#[message(key = 65, versions = 0..=0, flexible = 0..)]
pub struct DescribeTransactionsRequest {
    pub transactional_ids: Vec<Str>,
}

#[message(answers = DescribeTransactionsRequest)]
pub struct DescribeTransactionsResponse {
    /// How long the client should pause, in milliseconds (KIP-219).
    pub throttle_time_ms: i32,
    pub transaction_states: Vec<TransactionState>,
}

#[message]
pub struct TransactionState {
    pub error_code: ErrorCode,
    pub transactional_id: Str,
    pub transaction_state: Str,
    pub transaction_timeout_ms: i32,
    pub transaction_start_time_ms: i64,
    pub producer_id: i64,
    pub producer_epoch: i16,
    pub topics: Vec<TopicData>,
}

/// One topic, and what is said of its partitions.
#[message]
pub struct TopicData {
    pub topic: Str,
    pub partitions: Vec<i32>,
}

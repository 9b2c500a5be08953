//! AddPartitionsToTxn: partitions join a transaction before they are written to.

use upsert_kafka_protocol_derive::message;

use crate::{ErrorCode, Str};

/// Up to version 3 a client's one transaction; from 4 a broker's, of several producers
/// (KIP-890).
#[message(key = 24, versions = 0..=5, flexible = 3..)]
pub struct AddPartitionsToTxnRequest {
    #[versions(4..)]
    pub transactions: Vec<AddPartitionsToTxnTransaction>,
    #[versions(0..=3)]
    pub v3_and_below_transactional_id: Str,
    #[versions(0..=3)]
    pub v3_and_below_producer_id: i64,
    #[versions(0..=3)]
    pub v3_and_below_producer_epoch: i16,
    #[versions(0..=3)]
    pub v3_and_below_topics: Vec<AddPartitionsToTxnTopic>,
}

#[message]
pub struct AddPartitionsToTxnTransaction {
    pub transactional_id: Str,
    pub producer_id: i64,
    pub producer_epoch: i16,
    pub verify_only: bool,
    pub topics: Vec<AddPartitionsToTxnTopic>,
}

/// One topic, and what is said of its partitions.
#[message]
pub struct AddPartitionsToTxnTopic {
    pub name: Str,
    pub partitions: Vec<i32>,
}

#[message(answers = AddPartitionsToTxnRequest)]
pub struct AddPartitionsToTxnResponse {
    /// How long the client should pause, in milliseconds (KIP-219).
    pub throttle_time_ms: i32,
    #[versions(4.., ignorable)]
    pub error_code: ErrorCode,
    #[versions(4..)]
    pub results_by_transaction: Vec<AddPartitionsToTxnResult>,
    #[versions(0..=3)]
    pub results_by_topic_v3_and_below: Vec<AddPartitionsToTxnTopicResult>,
}

#[message]
pub struct AddPartitionsToTxnResult {
    pub transactional_id: Str,
    pub topic_results: Vec<AddPartitionsToTxnTopicResult>,
}

/// One topic, and what is said of its partitions.
#[message]
pub struct AddPartitionsToTxnTopicResult {
    pub name: Str,
    pub results_by_partition: Vec<AddPartitionsToTxnPartitionResult>,
}

/// One partition.
#[message]
pub struct AddPartitionsToTxnPartitionResult {
    pub partition_index: i32,
    pub partition_error_code: ErrorCode,
}

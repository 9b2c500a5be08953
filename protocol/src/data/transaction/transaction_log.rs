//! A transaction, as its coordinator keeps it.

use upsert_kafka_protocol_derive::message;

use crate::Str;

/// The key of a record of the log.
#[message(key = 0, versions = 0..=0)]
pub struct TransactionLogKey {
    pub transactional_id: Str,
}

/// Its value.
#[message(key = 0, versions = 0..=1, flexible = 1..)]
pub struct TransactionLogValue {
    pub producer_id: i64,
    #[versions(1.., tag = 0, default = -1)]
    pub previous_producer_id: i64,
    #[versions(1.., tag = 1, default = -1)]
    pub next_producer_id: i64,
    pub producer_epoch: i16,
    #[versions(1.., tag = 3, default = -1)]
    pub next_producer_epoch: i16,
    pub transaction_timeout_ms: i32,
    pub transaction_status: i8,
    #[versions(0.., nullable = 0..)]
    pub transaction_partitions: Option<Vec<PartitionsSchema>>,
    pub transaction_last_update_timestamp_ms: i64,
    pub transaction_start_timestamp_ms: i64,
    #[versions(1.., tag = 2)]
    pub client_transaction_version: i16,
}

#[message]
pub struct PartitionsSchema {
    pub topic: Str,
    pub partition_ids: Vec<i32>,
}

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
    /// The one before, so that a late retry is known; -1 for none.
    #[versions(1.., tag = 0, default = -1)]
    pub previous_producer_id: i64,
    /// To go on with once this transaction has ended; -1 for none (KIP-890).
    #[versions(1.., tag = 1, default = -1)]
    pub next_producer_id: i64,
    pub producer_epoch: i16,
    /// To go on with once this transaction has ended; -1 for none.
    #[versions(1.., tag = 3, default = -1)]
    pub next_producer_epoch: i16,
    /// After so long, in milliseconds, the coordinator aborts an open transaction.
    pub transaction_timeout_ms: i32,
    /// 0 empty, 1 ongoing, 2 about to commit, 3 about to abort, 4 committed, 5 aborted, 6 dead, 7 about to be
    /// fenced.
    pub transaction_status: i8,
    /// Those in it; null when the status is 0.
    #[versions(0.., nullable = 0..)]
    pub transaction_partitions: Option<Vec<PartitionsSchema>>,
    /// Milliseconds since 1970.
    pub transaction_last_update_timestamp_ms: i64,
    /// Milliseconds since 1970; -1 when none is open.
    pub transaction_start_timestamp_ms: i64,
    /// The level of `transaction.version` the client goes by; from 2 on each transaction raises the epoch
    /// (KIP-890).
    #[versions(1.., tag = 2)]
    pub client_transaction_version: i16,
}

/// Partitions of one topic in the transaction.
#[message]
pub struct PartitionsSchema {
    pub topic: Str,
    pub partition_ids: Vec<i32>,
}

//! WriteTxnMarkers: a transaction's coordinator has its markers written; between brokers.

use upsert_kafka_protocol_derive::message;

use crate::{ErrorCode, Str};

#[message(key = 27, versions = 0..=2, current = 1.., flexible = 1..)]
pub struct WriteTxnMarkersRequest {
    pub markers: Vec<WritableTxnMarker>,
}

/// One transaction's end, and the partitions to write it to.
#[message]
pub struct WritableTxnMarker {
    pub producer_id: i64,
    pub producer_epoch: i16,
    /// True for a commit, false for an abort.
    pub transaction_result: bool,
    pub topics: Vec<WritableTxnMarkerTopic>,
    /// The leader epoch of the coordinator's partition of `__transaction_state`; an older one is refused.
    pub coordinator_epoch: i32,
    /// The level of `transaction.version` the transaction runs at; from 2 on each one raises the epoch
    /// (KIP-890).
    #[versions(2.., ignorable)]
    pub transaction_version: i8,
}

/// Partitions of one topic that get the marker.
#[message]
pub struct WritableTxnMarkerTopic {
    pub name: Str,
    pub partition_indexes: Vec<i32>,
}

#[message(answers = WriteTxnMarkersRequest)]
pub struct WriteTxnMarkersResponse {
    pub markers: Vec<WritableTxnMarkerResult>,
}

/// What became of one transaction's markers.
#[message]
pub struct WritableTxnMarkerResult {
    pub producer_id: i64,
    pub topics: Vec<WritableTxnMarkerTopicResult>,
}

/// What became of the markers in one topic.
#[message]
pub struct WritableTxnMarkerTopicResult {
    pub name: Str,
    pub partitions: Vec<WritableTxnMarkerPartitionResult>,
}

/// Whether the marker was written to one partition.
#[message]
pub struct WritableTxnMarkerPartitionResult {
    pub partition_index: i32,
    pub error_code: ErrorCode,
}

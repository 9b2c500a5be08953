//! WriteTxnMarkers: a transaction's coordinator has its markers written; between brokers.

use upsert_kafka_protocol_derive::message;

use crate::{ErrorCode, Str};

#[message(key = 27, versions = 0..=2, current = 1.., flexible = 1..)]
pub struct WriteTxnMarkersRequest {
    pub markers: Vec<WritableTxnMarker>,
}

#[message]
pub struct WritableTxnMarker {
    pub producer_id: i64,
    pub producer_epoch: i16,
    pub transaction_result: bool,
    pub topics: Vec<WritableTxnMarkerTopic>,
    pub coordinator_epoch: i32,
    #[versions(2.., ignorable)]
    pub transaction_version: i8,
}

/// One topic, and what is said of its partitions.
#[message]
pub struct WritableTxnMarkerTopic {
    pub name: Str,
    pub partition_indexes: Vec<i32>,
}

#[message(answers = WriteTxnMarkersRequest)]
pub struct WriteTxnMarkersResponse {
    pub markers: Vec<WritableTxnMarkerResult>,
}

#[message]
pub struct WritableTxnMarkerResult {
    pub producer_id: i64,
    pub topics: Vec<WritableTxnMarkerTopicResult>,
}

/// One topic, and what is said of its partitions.
#[message]
pub struct WritableTxnMarkerTopicResult {
    pub name: Str,
    pub partitions: Vec<WritableTxnMarkerPartitionResult>,
}

/// One partition.
#[message]
pub struct WritableTxnMarkerPartitionResult {
    pub partition_index: i32,
    pub error_code: ErrorCode,
}

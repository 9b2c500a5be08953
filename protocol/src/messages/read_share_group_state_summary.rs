//! ReadShareGroupStateSummary: the kept state of a share group's partitions, without its batches (KIP-932).

use upsert_kafka_protocol_derive::message;

use crate::{ErrorCode, Str, Uuid};

#[message(key = 87, versions = 0..=1, flexible = 0..)]
pub struct ReadShareGroupStateSummaryRequest {
    pub group_id: Str,
    pub topics: Vec<ReadStateSummaryData>,
}

#[message]
pub struct ReadStateSummaryData {
    pub topic_id: Uuid,
    pub partitions: Vec<PartitionData>,
}

/// One partition.
#[message]
pub struct PartitionData {
    pub partition: i32,
    pub leader_epoch: i32,
}

#[message(answers = ReadShareGroupStateSummaryRequest)]
pub struct ReadShareGroupStateSummaryResponse {
    pub results: Vec<ReadStateSummaryResult>,
}

#[message]
pub struct ReadStateSummaryResult {
    pub topic_id: Uuid,
    pub partitions: Vec<PartitionResult>,
}

/// One partition.
#[message]
pub struct PartitionResult {
    pub partition: i32,
    pub error_code: ErrorCode,
    /// The error in words, for people.
    #[versions(0.., nullable = 0.., default = None)]
    pub error_message: Option<Str>,
    pub state_epoch: i32,
    pub leader_epoch: i32,
    pub start_offset: i64,
    #[versions(1.., default = -1, ignorable)]
    pub delivery_complete_count: i32,
}

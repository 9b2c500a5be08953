//! ReadShareGroupStateSummary: the kept state of a share group's partitions, without its batches (KIP-932).

use upsert_kafka_protocol_derive::message;

use crate::{ErrorCode, Str, Uuid};

#[message(key = 87, versions = 0..=1, flexible = 0..)]
pub struct ReadShareGroupStateSummaryRequest {
    pub group_id: Str,
    pub topics: Vec<ReadStateSummaryData>,
}

/// The partitions of one topic.
#[message]
pub struct ReadStateSummaryData {
    pub topic_id: Uuid,
    pub partitions: Vec<PartitionData>,
}

/// A partition to read the state of.
#[message]
pub struct PartitionData {
    pub partition: i32,
    /// Who leads the partition, as far as the asker knows; -1 when unknown.
    pub leader_epoch: i32,
}

#[message(answers = ReadShareGroupStateSummaryRequest)]
pub struct ReadShareGroupStateSummaryResponse {
    pub results: Vec<ReadStateSummaryResult>,
}

/// The states of one topic's partitions, in short.
#[message]
pub struct ReadStateSummaryResult {
    pub topic_id: Uuid,
    pub partitions: Vec<PartitionResult>,
}

/// The state of one partition, in short.
#[message]
pub struct PartitionResult {
    pub partition: i32,
    pub error_code: ErrorCode,
    /// The error in words, for people.
    #[versions(0.., nullable = 0.., default = None)]
    pub error_message: Option<Str>,
    /// Grows each time the state is begun anew.
    pub state_epoch: i32,
    pub leader_epoch: i32,
    /// The first offset that is not yet done with; -1 when it is not set yet.
    pub start_offset: i64,
    /// How many records from the start on are done with, so that the lag can be told; -1 when unknown
    /// (KIP-1226).
    #[versions(1.., default = -1, ignorable)]
    pub delivery_complete_count: i32,
}

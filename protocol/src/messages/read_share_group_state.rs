//! ReadShareGroupState: the kept state of a share group's partitions (KIP-932).

use upsert_kafka_protocol_derive::message;

use crate::{ErrorCode, Str, Uuid};

#[message(key = 84, versions = 0..=0, flexible = 0..)]
pub struct ReadShareGroupStateRequest {
    pub group_id: Str,
    pub topics: Vec<ReadStateData>,
}

#[message]
pub struct ReadStateData {
    pub topic_id: Uuid,
    pub partitions: Vec<PartitionData>,
}

/// One partition.
#[message]
pub struct PartitionData {
    pub partition: i32,
    pub leader_epoch: i32,
}

#[message(answers = ReadShareGroupStateRequest)]
pub struct ReadShareGroupStateResponse {
    pub results: Vec<ReadStateResult>,
}

#[message]
pub struct ReadStateResult {
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
    pub start_offset: i64,
    pub state_batches: Vec<StateBatch>,
}

#[message]
pub struct StateBatch {
    pub first_offset: i64,
    pub last_offset: i64,
    pub delivery_state: i8,
    pub delivery_count: i16,
}

//! ReadShareGroupState: the kept state of a share group's partitions (KIP-932).

use upsert_kafka_protocol_derive::message;

use crate::{ErrorCode, Str, Uuid};

#[message(key = 84, versions = 0..=0, flexible = 0..)]
pub struct ReadShareGroupStateRequest {
    pub group_id: Str,
    pub topics: Vec<ReadStateData>,
}

/// The partitions of one topic.
#[message]
pub struct ReadStateData {
    pub topic_id: Uuid,
    pub partitions: Vec<PartitionData>,
}

/// A partition to read the state of.
#[message]
pub struct PartitionData {
    pub partition: i32,
    /// Who leads the partition; an older epoch is refused.
    pub leader_epoch: i32,
}

#[message(answers = ReadShareGroupStateRequest)]
pub struct ReadShareGroupStateResponse {
    pub results: Vec<ReadStateResult>,
}

/// The states of one topic's partitions.
#[message]
pub struct ReadStateResult {
    pub topic_id: Uuid,
    pub partitions: Vec<PartitionResult>,
}

/// The state of one partition.
#[message]
pub struct PartitionResult {
    pub partition: i32,
    pub error_code: ErrorCode,
    /// The error in words, for people.
    #[versions(0.., nullable = 0.., default = None)]
    pub error_message: Option<Str>,
    /// Grows each time the state is begun anew.
    pub state_epoch: i32,
    /// The first offset that is not yet done with; -1 when it is not set yet.
    pub start_offset: i64,
    pub state_batches: Vec<StateBatch>,
}

/// A run of records in one state, first and last included.
#[message]
pub struct StateBatch {
    pub first_offset: i64,
    pub last_offset: i64,
    /// 0 available, 2 acknowledged, 4 archived; an acquired record is kept as available.
    pub delivery_state: i8,
    /// How often they were handed out.
    pub delivery_count: i16,
}

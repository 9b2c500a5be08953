//! WriteShareGroupState: keeps the state of a share group's partitions (KIP-932).

use upsert_kafka_protocol_derive::message;

use crate::{ErrorCode, Str, Uuid};

#[message(key = 85, versions = 0..=1, flexible = 0..)]
pub struct WriteShareGroupStateRequest {
    pub group_id: Str,
    pub topics: Vec<WriteStateData>,
}

/// The partitions of one topic.
#[message]
pub struct WriteStateData {
    pub topic_id: Uuid,
    pub partitions: Vec<PartitionData>,
}

/// What is new in one partition's state.
#[message]
pub struct PartitionData {
    pub partition: i32,
    /// Grows each time the state is begun anew; an older one is refused.
    pub state_epoch: i32,
    /// Who leads the partition; an older epoch is refused.
    pub leader_epoch: i32,
    /// The first offset that is not yet done with; -1 when it stays.
    pub start_offset: i64,
    /// How many records from the start on are done with, so that the lag can be told; -1 when unknown
    /// (KIP-1226).
    #[versions(1.., default = -1, ignorable)]
    pub delivery_complete_count: i32,
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

#[message(answers = WriteShareGroupStateRequest)]
pub struct WriteShareGroupStateResponse {
    pub results: Vec<WriteStateResult>,
}

/// What became of the partitions of one topic.
#[message]
pub struct WriteStateResult {
    pub topic_id: Uuid,
    pub partitions: Vec<PartitionResult>,
}

/// Whether one partition's state was kept.
#[message]
pub struct PartitionResult {
    pub partition: i32,
    pub error_code: ErrorCode,
    /// The error in words, for people.
    #[versions(0.., nullable = 0.., default = None)]
    pub error_message: Option<Str>,
}

//! InitializeShareGroupState: begins the kept state of a share group's partitions (KIP-932).

use upsert_kafka_protocol_derive::message;

use crate::{ErrorCode, Str, Uuid};

#[message(key = 83, versions = 0..=0, flexible = 0..)]
pub struct InitializeShareGroupStateRequest {
    pub group_id: Str,
    pub topics: Vec<InitializeStateData>,
}

/// The partitions of one topic.
#[message]
pub struct InitializeStateData {
    pub topic_id: Uuid,
    pub partitions: Vec<PartitionData>,
}

/// One partition, and where it starts.
#[message]
pub struct PartitionData {
    pub partition: i32,
    /// Grows each time the state is begun anew; an older one is refused.
    pub state_epoch: i32,
    /// -1 leaves it open, to be set at the first read.
    pub start_offset: i64,
}

#[message(answers = InitializeShareGroupStateRequest)]
pub struct InitializeShareGroupStateResponse {
    pub results: Vec<InitializeStateResult>,
}

/// What became of the partitions of one topic.
#[message]
pub struct InitializeStateResult {
    pub topic_id: Uuid,
    pub partitions: Vec<PartitionResult>,
}

/// Whether one partition's state is begun.
#[message]
pub struct PartitionResult {
    pub partition: i32,
    pub error_code: ErrorCode,
    /// The error in words, for people.
    #[versions(0.., nullable = 0.., default = None)]
    pub error_message: Option<Str>,
}

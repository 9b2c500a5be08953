//! OffsetForLeaderEpoch: where an epoch of a leader ended, so that a reader finds out that its log was cut
//! (KIP-320).

use upsert_kafka_protocol_derive::message;

use crate::{ErrorCode, Str};

#[message(key = 23, versions = 0..=4, current = 2.., flexible = 4..)]
pub struct OffsetForLeaderEpochRequest {
    #[versions(3.., default = -2, ignorable)]
    pub replica_id: i32,
    pub topics: Vec<OffsetForLeaderTopic>,
}

/// One topic, and what is said of its partitions.
#[message]
pub struct OffsetForLeaderTopic {
    pub topic: Str,
    pub partitions: Vec<OffsetForLeaderPartition>,
}

/// One partition.
#[message]
pub struct OffsetForLeaderPartition {
    pub partition: i32,
    #[versions(2.., default = -1, ignorable)]
    pub current_leader_epoch: i32,
    pub leader_epoch: i32,
}

#[message(answers = OffsetForLeaderEpochRequest)]
pub struct OffsetForLeaderEpochResponse {
    /// How long the client should pause, in milliseconds (KIP-219).
    #[versions(2.., ignorable)]
    pub throttle_time_ms: i32,
    pub topics: Vec<OffsetForLeaderTopicResult>,
}

/// One topic, and what is said of its partitions.
#[message]
pub struct OffsetForLeaderTopicResult {
    pub topic: Str,
    pub partitions: Vec<EpochEndOffset>,
}

#[message]
pub struct EpochEndOffset {
    pub error_code: ErrorCode,
    pub partition: i32,
    #[versions(1.., default = -1, ignorable)]
    pub leader_epoch: i32,
    #[versions(0.., default = -1)]
    pub end_offset: i64,
}

//! OffsetForLeaderEpoch: where an epoch of a leader ended, so that a reader finds out that its log was cut
//! (KIP-320).

use upsert_kafka_protocol_derive::message;

use crate::{ErrorCode, Str};

#[message(key = 23, versions = 0..=4, current = 2.., flexible = 4..)]
pub struct OffsetForLeaderEpochRequest {
    /// A follower's broker id; -1 for a consumer, -2 for one that debugs.
    #[versions(3.., default = -2, ignorable)]
    pub replica_id: i32,
    pub topics: Vec<OffsetForLeaderTopic>,
}

/// The partitions of one topic.
#[message]
pub struct OffsetForLeaderTopic {
    pub topic: Str,
    pub partitions: Vec<OffsetForLeaderPartition>,
}

/// One partition, and the epoch to look up.
#[message]
pub struct OffsetForLeaderPartition {
    pub partition: i32,
    /// The epoch the asker takes for the current one; -1 goes unchecked.
    #[versions(2.., default = -1, ignorable)]
    pub current_leader_epoch: i32,
    /// The epoch whose end is asked for.
    pub leader_epoch: i32,
}

#[message(answers = OffsetForLeaderEpochRequest)]
pub struct OffsetForLeaderEpochResponse {
    /// How long the client should pause, in milliseconds (KIP-219).
    #[versions(2.., ignorable)]
    pub throttle_time_ms: i32,
    pub topics: Vec<OffsetForLeaderTopicResult>,
}

/// What the partitions of one topic said.
#[message]
pub struct OffsetForLeaderTopicResult {
    pub topic: Str,
    pub partitions: Vec<EpochEndOffset>,
}

/// Where the epoch ended in one partition.
#[message]
pub struct EpochEndOffset {
    pub error_code: ErrorCode,
    pub partition: i32,
    /// The greatest one that is not above the one asked for; -1 when there is none.
    #[versions(1.., default = -1, ignorable)]
    pub leader_epoch: i32,
    /// Where that epoch ended, the first offset that is not its own; -1 when unknown.
    #[versions(0.., default = -1)]
    pub end_offset: i64,
}

//! OffsetCommit: a group's positions, kept by its coordinator.

use upsert_kafka_protocol_derive::message;

use crate::{ErrorCode, Str, Uuid};

#[message(key = 8, versions = 0..=10, current = 2.., flexible = 8..)]
pub struct OffsetCommitRequest {
    pub group_id: Str,
    /// -1 for one who commits without being a member.
    #[versions(1.., default = -1, ignorable)]
    pub generation_id_or_member_epoch: i32,
    #[versions(1.., ignorable)]
    pub member_id: Str,
    #[versions(7.., nullable = 7.., default = None)]
    pub group_instance_id: Option<Str>,
    #[versions(2..=4, default = -1, ignorable)]
    pub retention_time_ms: i64,
    pub topics: Vec<OffsetCommitRequestTopic>,
}

/// The partitions of one topic.
#[message]
pub struct OffsetCommitRequestTopic {
    #[versions(0..=9, ignorable)]
    pub name: Str,
    #[versions(10.., ignorable)]
    pub topic_id: Uuid,
    pub partitions: Vec<OffsetCommitRequestPartition>,
}

/// A position to keep.
#[message]
pub struct OffsetCommitRequestPartition {
    pub partition_index: i32,
    pub committed_offset: i64,
    #[versions(6.., default = -1, ignorable)]
    pub committed_leader_epoch: i32,
    #[versions(1..=1, default = -1)]
    pub commit_timestamp: i64,
    /// A note that comes back with the position.
    #[versions(0.., nullable = 0..)]
    pub committed_metadata: Option<Str>,
}

#[message(answers = OffsetCommitRequest)]
pub struct OffsetCommitResponse {
    /// How long the client should pause, in milliseconds (KIP-219).
    #[versions(3.., ignorable)]
    pub throttle_time_ms: i32,
    pub topics: Vec<OffsetCommitResponseTopic>,
}

/// The partitions of one topic.
#[message]
pub struct OffsetCommitResponseTopic {
    #[versions(0..=9, ignorable)]
    pub name: Str,
    #[versions(10.., ignorable)]
    pub topic_id: Uuid,
    pub partitions: Vec<OffsetCommitResponsePartition>,
}

/// Whether the position was kept.
#[message]
pub struct OffsetCommitResponsePartition {
    pub partition_index: i32,
    pub error_code: ErrorCode,
}

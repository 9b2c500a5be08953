//! OffsetFetch: the positions that a group has committed.

use upsert_kafka_protocol_derive::message;

use crate::{ErrorCode, Str, Uuid};

/// Up to version 7 one group, from 8 several.
#[message(key = 9, versions = 0..=10, current = 1.., flexible = 6..)]
pub struct OffsetFetchRequest {
    #[versions(0..=7)]
    pub group_id: Str,
    #[versions(0..=7, nullable = 2..=7)]
    pub topics: Option<Vec<OffsetFetchRequestTopic>>,
    #[versions(8..)]
    pub groups: Vec<OffsetFetchRequestGroup>,
    #[versions(7..)]
    pub require_stable: bool,
}

/// The partitions of one topic.
#[message]
pub struct OffsetFetchRequestTopic {
    pub name: Str,
    pub partition_indexes: Vec<i32>,
}

/// One group; topics null asks for all.
#[message]
pub struct OffsetFetchRequestGroup {
    pub group_id: Str,
    #[versions(9.., nullable = 9.., default = None, ignorable)]
    pub member_id: Option<Str>,
    #[versions(9.., default = -1, ignorable)]
    pub member_epoch: i32,
    #[versions(0.., nullable = 8..)]
    pub topics: Option<Vec<OffsetFetchRequestTopics>>,
}

/// The partitions of one topic.
#[message]
pub struct OffsetFetchRequestTopics {
    #[versions(0..=9, ignorable)]
    pub name: Str,
    #[versions(10.., ignorable)]
    pub topic_id: Uuid,
    pub partition_indexes: Vec<i32>,
}

#[message(answers = OffsetFetchRequest)]
pub struct OffsetFetchResponse {
    /// How long the client should pause, in milliseconds (KIP-219).
    #[versions(3.., ignorable)]
    pub throttle_time_ms: i32,
    #[versions(0..=7)]
    pub topics: Vec<OffsetFetchResponseTopic>,
    #[versions(2..=7, ignorable)]
    pub error_code: ErrorCode,
    #[versions(8..)]
    pub groups: Vec<OffsetFetchResponseGroup>,
}

/// The partitions of one topic.
#[message]
pub struct OffsetFetchResponseTopic {
    pub name: Str,
    pub partitions: Vec<OffsetFetchResponsePartition>,
}

/// A position; offset -1 when none is kept.
#[message]
pub struct OffsetFetchResponsePartition {
    pub partition_index: i32,
    pub committed_offset: i64,
    #[versions(5.., default = -1, ignorable)]
    pub committed_leader_epoch: i32,
    #[versions(0.., nullable = 0..=7)]
    pub metadata: Option<Str>,
    pub error_code: ErrorCode,
}

/// One group's positions.
#[message]
pub struct OffsetFetchResponseGroup {
    pub group_id: Str,
    pub topics: Vec<OffsetFetchResponseTopics>,
    pub error_code: ErrorCode,
}

/// The partitions of one topic.
#[message]
pub struct OffsetFetchResponseTopics {
    #[versions(0..=9, ignorable)]
    pub name: Str,
    #[versions(10.., ignorable)]
    pub topic_id: Uuid,
    pub partitions: Vec<OffsetFetchResponsePartitions>,
}

/// A position; offset -1 when none is kept.
#[message]
pub struct OffsetFetchResponsePartitions {
    pub partition_index: i32,
    pub committed_offset: i64,
    #[versions(0.., default = -1, ignorable)]
    pub committed_leader_epoch: i32,
    #[versions(0.., nullable = 8..)]
    pub metadata: Option<Str>,
    pub error_code: ErrorCode,
}

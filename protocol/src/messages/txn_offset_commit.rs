//! TxnOffsetCommit: a group's positions, kept when the transaction is committed.

use upsert_kafka_protocol_derive::message;

use crate::{ErrorCode, Str, Uuid};

/// Version 3 names the member, so that one who was fenced is refused (KIP-447).
#[message(key = 28, versions = 0..=6, flexible = 3..)]
pub struct TxnOffsetCommitRequest {
    pub transactional_id: Str,
    pub group_id: Str,
    pub producer_id: i64,
    pub producer_epoch: i16,
    #[versions(3.., default = -1)]
    pub generation_id_or_member_epoch: i32,
    #[versions(3..)]
    pub member_id: Str,
    /// The name of a static member; it comes back under it (KIP-345).
    #[versions(3.., nullable = 3.., default = None)]
    pub group_instance_id: Option<Str>,
    pub topics: Vec<TxnOffsetCommitRequestTopic>,
}

/// One topic, and what is said of its partitions.
#[message]
pub struct TxnOffsetCommitRequestTopic {
    #[versions(0..=5, ignorable)]
    pub name: Str,
    #[versions(6.., ignorable)]
    pub topic_id: Uuid,
    pub partitions: Vec<TxnOffsetCommitRequestPartition>,
}

/// One partition.
#[message]
pub struct TxnOffsetCommitRequestPartition {
    pub partition_index: i32,
    pub committed_offset: i64,
    #[versions(2.., default = -1, ignorable)]
    pub committed_leader_epoch: i32,
    #[versions(0.., nullable = 0..)]
    pub committed_metadata: Option<Str>,
}

#[message(answers = TxnOffsetCommitRequest)]
pub struct TxnOffsetCommitResponse {
    /// How long the client should pause, in milliseconds (KIP-219).
    pub throttle_time_ms: i32,
    pub topics: Vec<TxnOffsetCommitResponseTopic>,
}

/// One topic, and what is said of its partitions.
#[message]
pub struct TxnOffsetCommitResponseTopic {
    #[versions(0..=5, ignorable)]
    pub name: Str,
    #[versions(6.., ignorable)]
    pub topic_id: Uuid,
    pub partitions: Vec<TxnOffsetCommitResponsePartition>,
}

/// One partition.
#[message]
pub struct TxnOffsetCommitResponsePartition {
    pub partition_index: i32,
    pub error_code: ErrorCode,
}

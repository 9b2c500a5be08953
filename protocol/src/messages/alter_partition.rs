//! AlterPartition: a leader tells the controller who is in sync (KIP-497).

use upsert_kafka_protocol_derive::message;

use crate::{ErrorCode, Str, Uuid};

#[message(key = 56, versions = 0..=3, current = 2.., flexible = 0..)]
pub struct AlterPartitionRequest {
    pub broker_id: i32,
    /// The number the controller gave it as it registered; -1 for none.
    #[versions(0.., default = -1)]
    pub broker_epoch: i64,
    pub topics: Vec<RequestTopicData>,
}

/// The partitions of one topic.
#[message]
pub struct RequestTopicData {
    #[versions(0..=1, ignorable)]
    pub topic_name: Str,
    #[versions(2.., ignorable)]
    pub topic_id: Uuid,
    pub partitions: Vec<RequestPartitionData>,
}

/// Who is in sync in one partition, says its leader.
#[message]
pub struct RequestPartitionData {
    pub partition_index: i32,
    pub leader_epoch: i32,
    #[versions(0..=2)]
    pub new_isr: Vec<i32>,
    /// Each with its epoch, so that one that was restarted is refused (KIP-903).
    #[versions(3..)]
    pub new_isr_with_epochs: Vec<BrokerState>,
    /// 1 while the leader recovers from an unclean election, else 0 (KIP-704).
    #[versions(1..)]
    pub leader_recovery_state: i8,
    /// The change is refused when the partition has changed since this one.
    pub partition_epoch: i32,
}

/// A broker, and the registration it is known by.
#[message]
pub struct BrokerState {
    pub broker_id: i32,
    /// -1 goes unchecked.
    #[versions(0.., default = -1)]
    pub broker_epoch: i64,
}

#[message(answers = AlterPartitionRequest)]
pub struct AlterPartitionResponse {
    /// How long the client should pause, in milliseconds (KIP-219).
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    pub topics: Vec<ResponseTopicData>,
}

/// The partitions of one topic.
#[message]
pub struct ResponseTopicData {
    #[versions(0..=1, ignorable)]
    pub topic_name: Str,
    #[versions(2.., ignorable)]
    pub topic_id: Uuid,
    pub partitions: Vec<ResponsePartitionData>,
}

/// What one partition is now.
#[message]
pub struct ResponsePartitionData {
    pub partition_index: i32,
    pub error_code: ErrorCode,
    pub leader_id: i32,
    pub leader_epoch: i32,
    /// The replicas in sync.
    pub isr: Vec<i32>,
    /// 1 while the leader recovers from an unclean election, else 0 (KIP-704).
    #[versions(1.., ignorable)]
    pub leader_recovery_state: i8,
    /// Grows with each change of the partition.
    pub partition_epoch: i32,
}

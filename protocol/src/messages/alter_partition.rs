//! AlterPartition: a leader tells the controller who is in sync (KIP-497).

use upsert_kafka_protocol_derive::message;

use crate::{ErrorCode, Str, Uuid};

#[message(key = 56, versions = 0..=3, current = 2.., flexible = 0..)]
pub struct AlterPartitionRequest {
    pub broker_id: i32,
    #[versions(0.., default = -1)]
    pub broker_epoch: i64,
    pub topics: Vec<RequestTopicData>,
}

/// One topic, and what is said of its partitions.
#[message]
pub struct RequestTopicData {
    #[versions(0..=1, ignorable)]
    pub topic_name: Str,
    #[versions(2.., ignorable)]
    pub topic_id: Uuid,
    pub partitions: Vec<RequestPartitionData>,
}

/// One partition.
#[message]
pub struct RequestPartitionData {
    pub partition_index: i32,
    pub leader_epoch: i32,
    #[versions(0..=2)]
    pub new_isr: Vec<i32>,
    #[versions(3..)]
    pub new_isr_with_epochs: Vec<BrokerState>,
    #[versions(1..)]
    pub leader_recovery_state: i8,
    pub partition_epoch: i32,
}

#[message]
pub struct BrokerState {
    pub broker_id: i32,
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

/// One topic, and what is said of its partitions.
#[message]
pub struct ResponseTopicData {
    #[versions(0..=1, ignorable)]
    pub topic_name: Str,
    #[versions(2.., ignorable)]
    pub topic_id: Uuid,
    pub partitions: Vec<ResponsePartitionData>,
}

/// One partition.
#[message]
pub struct ResponsePartitionData {
    pub partition_index: i32,
    pub error_code: ErrorCode,
    pub leader_id: i32,
    pub leader_epoch: i32,
    pub isr: Vec<i32>,
    #[versions(1.., ignorable)]
    pub leader_recovery_state: i8,
    pub partition_epoch: i32,
}

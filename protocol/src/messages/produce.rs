//! Produce: appends record batches to the partitions a broker leads.

use bytes::Bytes;
use upsert_kafka_protocol_derive::message;

use crate::{ErrorCode, Str, Uuid};

/// Version 3 brings record batches and transactions, 9 the compact form, 13 topic ids instead of names.
#[message(key = 0, versions = 0..=13, current = 3.., flexible = 9..)]
pub struct ProduceRequest {
    #[versions(3.., nullable = 3.., default = None)]
    pub transactional_id: Option<Str>,
    /// How many replicas must hold the batch before the broker answers: 0, 1, or -1 for all in sync.
    pub acks: i16,
    pub timeout_ms: i32,
    pub topic_data: Vec<TopicProduceData>,
}

/// The partitions of one topic.
#[message]
pub struct TopicProduceData {
    #[versions(0..=12, ignorable)]
    pub name: Str,
    #[versions(13.., ignorable)]
    pub topic_id: Uuid,
    pub partition_data: Vec<PartitionProduceData>,
}

/// What one partition gets.
#[message]
pub struct PartitionProduceData {
    pub index: i32,
    /// The batches as they will lie in the log.
    #[versions(0.., nullable = 0..)]
    pub records: Option<Bytes>,
}

/// An error is per partition.
#[message(answers = ProduceRequest)]
pub struct ProduceResponse {
    pub responses: Vec<TopicProduceResponse>,
    /// How long the client should pause, in milliseconds (KIP-219).
    #[versions(1.., ignorable)]
    pub throttle_time_ms: i32,
    #[versions(10.., tag = 0)]
    pub node_endpoints: Vec<NodeEndpoint>,
}

/// The partitions of one topic.
#[message]
pub struct TopicProduceResponse {
    #[versions(0..=12, ignorable)]
    pub name: Str,
    #[versions(13.., ignorable)]
    pub topic_id: Uuid,
    pub partition_responses: Vec<PartitionProduceResponse>,
}

/// What became of one partition's batch.
#[message]
pub struct PartitionProduceResponse {
    pub index: i32,
    pub error_code: ErrorCode,
    /// The offset of the batch's first record.
    pub base_offset: i64,
    /// The broker's stamp under LogAppendTime, else -1.
    #[versions(2.., default = -1, ignorable)]
    pub log_append_time_ms: i64,
    #[versions(5.., default = -1, ignorable)]
    pub log_start_offset: i64,
    /// The records for whose sake the batch was refused.
    #[versions(8.., ignorable)]
    pub record_errors: Vec<BatchIndexAndErrorMessage>,
    /// The error in words, for people.
    #[versions(8.., nullable = 8.., default = None, ignorable)]
    pub error_message: Option<Str>,
    /// Who leads now, when it is not this broker (KIP-951).
    #[versions(10.., tag = 0)]
    pub current_leader: LeaderIdAndEpoch,
}

/// A record that was refused, by its index in the batch.
#[message]
pub struct BatchIndexAndErrorMessage {
    pub batch_index: i32,
    #[versions(0.., nullable = 8.., default = None)]
    pub batch_index_error_message: Option<Str>,
}

/// The leader and its epoch.
#[message]
pub struct LeaderIdAndEpoch {
    #[versions(0.., default = -1)]
    pub leader_id: i32,
    #[versions(0.., default = -1)]
    pub leader_epoch: i32,
}

/// Where a leader named in this response listens.
#[message]
pub struct NodeEndpoint {
    pub node_id: i32,
    pub host: Str,
    pub port: i32,
    #[versions(0.., nullable = 10.., default = None)]
    pub rack: Option<Str>,
}

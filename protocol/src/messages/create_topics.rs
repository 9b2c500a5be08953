//! CreateTopics: new topics, with their partitions and settings.

use upsert_kafka_protocol_derive::message;

use crate::{ErrorCode, Str, Uuid};

#[message(key = 19, versions = 0..=7, current = 2.., flexible = 5..)]
pub struct CreateTopicsRequest {
    pub topics: Vec<CreatableTopic>,
    #[versions(0.., default = 60000)]
    pub timeout_ms: i32,
    #[versions(1..)]
    pub validate_only: bool,
}

/// A topic to make.
#[message]
pub struct CreatableTopic {
    pub name: Str,
    /// -1 for the broker's default, or when the replicas are assigned by hand.
    pub num_partitions: i32,
    /// -1 for the broker's default.
    pub replication_factor: i16,
    pub assignments: Vec<CreatableReplicaAssignment>,
    pub configs: Vec<CreatableTopicConfig>,
}

/// Who holds one partition, the preferred leader first.
#[message]
pub struct CreatableReplicaAssignment {
    pub partition_index: i32,
    pub broker_ids: Vec<i32>,
}

/// A setting of the topic.
#[message]
pub struct CreatableTopicConfig {
    pub name: Str,
    #[versions(0.., nullable = 0..)]
    pub value: Option<Str>,
}

#[message(answers = CreateTopicsRequest)]
pub struct CreateTopicsResponse {
    /// How long the client should pause, in milliseconds (KIP-219).
    #[versions(2.., ignorable)]
    pub throttle_time_ms: i32,
    pub topics: Vec<CreatableTopicResult>,
}

/// What became of one topic.
#[message]
pub struct CreatableTopicResult {
    pub name: Str,
    #[versions(7.., ignorable)]
    pub topic_id: Uuid,
    pub error_code: ErrorCode,
    /// The error in words, for people.
    #[versions(1.., nullable = 0.., ignorable)]
    pub error_message: Option<Str>,
    #[versions(5.., tag = 0, ignorable)]
    pub topic_config_error_code: ErrorCode,
    #[versions(5.., default = -1, ignorable)]
    pub num_partitions: i32,
    #[versions(5.., default = -1, ignorable)]
    pub replication_factor: i16,
    #[versions(5.., nullable = 5.., ignorable)]
    pub configs: Option<Vec<CreatableTopicConfigs>>,
}

/// A setting the topic has.
#[message]
pub struct CreatableTopicConfigs {
    pub name: Str,
    #[versions(0.., nullable = 5..)]
    pub value: Option<Str>,
    pub read_only: bool,
    /// As in DescribeConfigs.
    #[versions(0.., default = -1, ignorable)]
    pub config_source: i8,
    pub is_sensitive: bool,
}

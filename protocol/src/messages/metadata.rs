//! Metadata: which brokers there are, and who leads each partition.

use upsert_kafka_protocol_derive::message;

use crate::{ErrorCode, Str, Uuid};

#[message(key = 3, versions = 0..=13, flexible = 9..)]
pub struct MetadataRequest {
    /// The topics to describe: null asks for all of them, and so does an empty list at version 0.
    #[versions(0.., nullable = 1..)]
    pub topics: Option<Vec<MetadataRequestTopic>>,
    #[versions(4.., default = true)]
    pub allow_auto_topic_creation: bool,
    #[versions(8..=10)]
    pub include_cluster_authorized_operations: bool,
    #[versions(8..)]
    pub include_topic_authorized_operations: bool,
}

/// A topic by name, or from version 10 by id.
#[message]
pub struct MetadataRequestTopic {
    /// All zeros for a topic by name.
    #[versions(10.., ignorable)]
    pub topic_id: Uuid,
    /// Null for a topic by id.
    #[versions(0.., nullable = 10..)]
    pub name: Option<Str>,
}

#[message(answers = MetadataRequest)]
pub struct MetadataResponse {
    /// How long the client should pause, in milliseconds (KIP-219).
    #[versions(3.., ignorable)]
    pub throttle_time_ms: i32,
    pub brokers: Vec<MetadataResponseBroker>,
    #[versions(2.., nullable = 2.., default = None, ignorable)]
    pub cluster_id: Option<Str>,
    /// Where to send what the controller does; -1 when unknown.
    #[versions(1.., default = -1, ignorable)]
    pub controller_id: i32,
    pub topics: Vec<MetadataResponseTopic>,
    /// A bit set of operations; the least int32 when it was not asked for.
    #[versions(8..=10, default = -2147483648)]
    pub cluster_authorized_operations: i32,
    /// Asks the client to begin from its bootstrap servers again (KIP-1102).
    #[versions(13.., ignorable)]
    pub error_code: ErrorCode,
}

/// A broker and where it listens.
#[message]
pub struct MetadataResponseBroker {
    pub node_id: i32,
    pub host: Str,
    pub port: i32,
    #[versions(1.., nullable = 1.., default = None, ignorable)]
    pub rack: Option<Str>,
}

/// A topic and its partitions.
#[message]
pub struct MetadataResponseTopic {
    pub error_code: ErrorCode,
    /// Null for a topic id that nobody knows.
    #[versions(0.., nullable = 12..)]
    pub name: Option<Str>,
    #[versions(10.., ignorable)]
    pub topic_id: Uuid,
    #[versions(1.., ignorable)]
    pub is_internal: bool,
    pub partitions: Vec<MetadataResponsePartition>,
    /// A bit set of operations; the least int32 when it was not asked for.
    #[versions(8.., default = -2147483648)]
    pub topic_authorized_operations: i32,
}

/// Who leads a partition and who holds it.
#[message]
pub struct MetadataResponsePartition {
    pub error_code: ErrorCode,
    pub partition_index: i32,
    /// -1 when there is none.
    pub leader_id: i32,
    /// -1 when unknown.
    #[versions(7.., default = -1, ignorable)]
    pub leader_epoch: i32,
    pub replica_nodes: Vec<i32>,
    /// The replicas in sync.
    pub isr_nodes: Vec<i32>,
    #[versions(5.., ignorable)]
    pub offline_replicas: Vec<i32>,
}

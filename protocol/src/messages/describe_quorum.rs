//! DescribeQuorum: the leader, voters and observers of the metadata quorum (KIP-595).

use upsert_kafka_protocol_derive::message;

use crate::{ErrorCode, Str, Uuid};

#[message(key = 55, versions = 0..=2, flexible = 0..)]
pub struct DescribeQuorumRequest {
    pub topics: Vec<RequestTopicData>,
}

/// One topic, and what is said of its partitions.
#[message]
pub struct RequestTopicData {
    pub topic_name: Str,
    pub partitions: Vec<RequestPartitionData>,
}

/// One partition.
#[message]
pub struct RequestPartitionData {
    pub partition_index: i32,
}

#[message(answers = DescribeQuorumRequest)]
pub struct DescribeQuorumResponse {
    pub error_code: ErrorCode,
    /// The error in words, for people.
    #[versions(2.., nullable = 2.., ignorable)]
    pub error_message: Option<Str>,
    pub topics: Vec<ResponseTopicData>,
    #[versions(2..)]
    pub nodes: Vec<Node>,
}

/// One topic, and what is said of its partitions.
#[message]
pub struct ResponseTopicData {
    pub topic_name: Str,
    pub partitions: Vec<ResponsePartitionData>,
}

/// One partition.
#[message]
pub struct ResponsePartitionData {
    pub partition_index: i32,
    pub error_code: ErrorCode,
    /// The error in words, for people.
    #[versions(2.., nullable = 2.., ignorable)]
    pub error_message: Option<Str>,
    pub leader_id: i32,
    pub leader_epoch: i32,
    pub high_watermark: i64,
    pub current_voters: Vec<ReplicaState>,
    pub observers: Vec<ReplicaState>,
}

#[message]
pub struct Node {
    pub node_id: i32,
    pub listeners: Vec<Listener>,
}

/// Where somebody listens.
#[message]
pub struct Listener {
    pub name: Str,
    pub host: Str,
    pub port: u16,
}

#[message]
pub struct ReplicaState {
    pub replica_id: i32,
    #[versions(2..)]
    pub replica_directory_id: Uuid,
    pub log_end_offset: i64,
    #[versions(1.., default = -1, ignorable)]
    pub last_fetch_timestamp: i64,
    #[versions(1.., default = -1, ignorable)]
    pub last_caught_up_timestamp: i64,
}

//! DescribeQuorum: the leader, voters and observers of the metadata quorum (KIP-595).

use upsert_kafka_protocol_derive::message;

use crate::{ErrorCode, Str, Uuid};

#[message(key = 55, versions = 0..=2, flexible = 0..)]
pub struct DescribeQuorumRequest {
    pub topics: Vec<RequestTopicData>,
}

/// The partitions of one topic; always the one of the metadata log.
#[message]
pub struct RequestTopicData {
    pub topic_name: Str,
    pub partitions: Vec<RequestPartitionData>,
}

/// A partition to tell of.
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

/// The state of one topic's partitions.
#[message]
pub struct ResponseTopicData {
    pub topic_name: Str,
    pub partitions: Vec<ResponsePartitionData>,
}

/// Who leads a partition, who votes, and how far each is.
#[message]
pub struct ResponsePartitionData {
    pub partition_index: i32,
    pub error_code: ErrorCode,
    /// The error in words, for people.
    #[versions(2.., nullable = 2.., ignorable)]
    pub error_message: Option<Str>,
    /// -1 when unknown.
    pub leader_id: i32,
    pub leader_epoch: i32,
    /// Where what is committed ends.
    pub high_watermark: i64,
    pub current_voters: Vec<ReplicaState>,
    /// Those that read along without a vote, such as brokers.
    pub observers: Vec<ReplicaState>,
}

/// A voter, and where it listens.
#[message]
pub struct Node {
    pub node_id: i32,
    pub listeners: Vec<Listener>,
}

/// One of a node's addresses.
#[message]
pub struct Listener {
    /// The listener's, such as `CONTROLLER`.
    pub name: Str,
    pub host: Str,
    pub port: u16,
}

/// How far one voter or observer is.
#[message]
pub struct ReplicaState {
    pub replica_id: i32,
    /// The id of the folder that its log lies in (KIP-853); all zeros when unknown.
    #[versions(2..)]
    pub replica_directory_id: Uuid,
    /// -1 when unknown.
    pub log_end_offset: i64,
    /// When it last read from the leader, in milliseconds; -1 when unknown, and for the leader itself
    /// (KIP-836).
    #[versions(1.., default = -1, ignorable)]
    pub last_fetch_timestamp: i64,
    /// When it last had all there was, in milliseconds; -1 when unknown (KIP-836).
    #[versions(1.., default = -1, ignorable)]
    pub last_caught_up_timestamp: i64,
}

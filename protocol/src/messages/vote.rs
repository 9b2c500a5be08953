//! Vote: a candidate of the metadata quorum asks for a vote (KIP-595).

use upsert_kafka_protocol_derive::message;

use crate::{ErrorCode, Str, Uuid};

#[message(key = 52, versions = 0..=2, flexible = 0..)]
pub struct VoteRequest {
    #[versions(0.., nullable = 0.., default = None)]
    pub cluster_id: Option<Str>,
    #[versions(1.., default = -1, ignorable)]
    pub voter_id: i32,
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
    pub replica_epoch: i32,
    pub replica_id: i32,
    #[versions(1.., ignorable)]
    pub replica_directory_id: Uuid,
    #[versions(1.., ignorable)]
    pub voter_directory_id: Uuid,
    pub last_offset_epoch: i32,
    pub last_offset: i64,
    #[versions(2..)]
    pub pre_vote: bool,
}

#[message(answers = VoteRequest)]
pub struct VoteResponse {
    pub error_code: ErrorCode,
    pub topics: Vec<ResponseTopicData>,
    #[versions(1.., tag = 0)]
    pub node_endpoints: Vec<NodeEndpoint>,
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
    pub leader_id: i32,
    pub leader_epoch: i32,
    pub vote_granted: bool,
}

/// Where a node named in this message listens.
#[message]
pub struct NodeEndpoint {
    pub node_id: i32,
    pub host: Str,
    pub port: u16,
}

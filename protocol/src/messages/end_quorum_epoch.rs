//! EndQuorumEpoch: the leader of the metadata quorum steps down (KIP-595).

use upsert_kafka_protocol_derive::message;

use crate::{ErrorCode, Str, Uuid};

#[message(key = 54, versions = 0..=1, flexible = 1..)]
pub struct EndQuorumEpochRequest {
    #[versions(0.., nullable = 0.., default = None)]
    pub cluster_id: Option<Str>,
    pub topics: Vec<RequestTopicData>,
    #[versions(1.., ignorable)]
    pub leader_endpoints: Vec<LeaderEndpoint>,
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
    pub leader_id: i32,
    pub leader_epoch: i32,
    #[versions(0..=0, ignorable)]
    pub preferred_successors: Vec<i32>,
    #[versions(1.., ignorable)]
    pub preferred_candidates: Vec<ReplicaInfo>,
}

#[message]
pub struct ReplicaInfo {
    pub candidate_id: i32,
    pub candidate_directory_id: Uuid,
}

#[message]
pub struct LeaderEndpoint {
    pub name: Str,
    pub host: Str,
    pub port: u16,
}

#[message(answers = EndQuorumEpochRequest)]
pub struct EndQuorumEpochResponse {
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
}

/// Where a node named in this message listens.
#[message]
pub struct NodeEndpoint {
    pub node_id: i32,
    pub host: Str,
    pub port: u16,
}

//! BeginQuorumEpoch: the new leader of the metadata quorum makes itself known (KIP-595).

use upsert_kafka_protocol_derive::message;

use crate::{ErrorCode, Str, Uuid};

#[message(key = 53, versions = 0..=1, flexible = 1..)]
pub struct BeginQuorumEpochRequest {
    /// Null when unknown; another cluster's is refused.
    #[versions(0.., nullable = 0.., default = None)]
    pub cluster_id: Option<Str>,
    /// Who is told; -1 when unknown.
    #[versions(1.., default = -1, ignorable)]
    pub voter_id: i32,
    pub topics: Vec<RequestTopicData>,
    #[versions(1.., ignorable)]
    pub leader_endpoints: Vec<LeaderEndpoint>,
}

/// The partitions of one topic; always the one of the metadata log.
#[message]
pub struct RequestTopicData {
    pub topic_name: Str,
    pub partitions: Vec<RequestPartitionData>,
}

/// The new leader of one partition, and its epoch.
#[message]
pub struct RequestPartitionData {
    pub partition_index: i32,
    /// The folder of the one who is told.
    #[versions(1.., ignorable)]
    pub voter_directory_id: Uuid,
    pub leader_id: i32,
    pub leader_epoch: i32,
}

/// Where the new leader listens.
#[message]
pub struct LeaderEndpoint {
    /// The listener's, such as `CONTROLLER`.
    pub name: Str,
    pub host: Str,
    pub port: u16,
}

#[message(answers = BeginQuorumEpochRequest)]
pub struct BeginQuorumEpochResponse {
    pub error_code: ErrorCode,
    pub topics: Vec<ResponseTopicData>,
    #[versions(1.., tag = 0)]
    pub node_endpoints: Vec<NodeEndpoint>,
}

/// What was said for the partitions of one topic.
#[message]
pub struct ResponseTopicData {
    pub topic_name: Str,
    pub partitions: Vec<ResponsePartitionData>,
}

/// Who leads one partition, as far as the one who was told knows.
#[message]
pub struct ResponsePartitionData {
    pub partition_index: i32,
    pub error_code: ErrorCode,
    /// -1 when unknown.
    pub leader_id: i32,
    pub leader_epoch: i32,
}

/// Where a leader named in this response listens.
#[message]
pub struct NodeEndpoint {
    pub node_id: i32,
    pub host: Str,
    pub port: u16,
}

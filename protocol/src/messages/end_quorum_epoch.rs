//! EndQuorumEpoch: the leader of the metadata quorum steps down (KIP-595).

use upsert_kafka_protocol_derive::message;

use crate::{ErrorCode, Str, Uuid};

#[message(key = 54, versions = 0..=1, flexible = 1..)]
pub struct EndQuorumEpochRequest {
    /// Null when unknown; another cluster's is refused.
    #[versions(0.., nullable = 0.., default = None)]
    pub cluster_id: Option<Str>,
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

/// The leader that steps down, its epoch, and who should follow.
#[message]
pub struct RequestPartitionData {
    pub partition_index: i32,
    pub leader_id: i32,
    pub leader_epoch: i32,
    /// Who should stand first, by id.
    #[versions(0..=0, ignorable)]
    pub preferred_successors: Vec<i32>,
    /// Who should stand first, by id and folder (KIP-853).
    #[versions(1.., ignorable)]
    pub preferred_candidates: Vec<ReplicaInfo>,
}

/// A voter that may follow.
#[message]
pub struct ReplicaInfo {
    pub candidate_id: i32,
    pub candidate_directory_id: Uuid,
}

/// Where the leader that steps down listens.
#[message]
pub struct LeaderEndpoint {
    /// The listener's, such as `CONTROLLER`.
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

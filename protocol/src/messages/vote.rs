//! Vote: a candidate of the metadata quorum asks for a vote (KIP-595).

use upsert_kafka_protocol_derive::message;

use crate::{ErrorCode, Str, Uuid};

#[message(key = 52, versions = 0..=2, flexible = 0..)]
pub struct VoteRequest {
    /// Null when unknown; another cluster's is refused.
    #[versions(0.., nullable = 0.., default = None)]
    pub cluster_id: Option<Str>,
    /// Who is asked; -1 when unknown.
    #[versions(1.., default = -1, ignorable)]
    pub voter_id: i32,
    pub topics: Vec<RequestTopicData>,
}

/// The partitions of one topic; always the one of the metadata log.
#[message]
pub struct RequestTopicData {
    pub topic_name: Str,
    pub partitions: Vec<RequestPartitionData>,
}

/// Who wants to lead one partition, and how far its log is.
#[message]
pub struct RequestPartitionData {
    pub partition_index: i32,
    /// The epoch that it stands for; for a pre-vote the one it is in.
    pub replica_epoch: i32,
    /// Who asks for the vote.
    pub replica_id: i32,
    /// The id of the folder that its log lies in (KIP-853); all zeros when unknown.
    #[versions(1.., ignorable)]
    pub replica_directory_id: Uuid,
    /// The folder of the one who is asked.
    #[versions(1.., ignorable)]
    pub voter_directory_id: Uuid,
    /// The epoch of the last record in its log.
    pub last_offset_epoch: i32,
    /// Where its log ends.
    pub last_offset: i64,
    /// Only asks whether it would get the vote; no epoch is raised (KIP-996).
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

/// What was said for the partitions of one topic.
#[message]
pub struct ResponseTopicData {
    pub topic_name: Str,
    pub partitions: Vec<ResponsePartitionData>,
}

/// Whether the vote was given, and who leads.
#[message]
pub struct ResponsePartitionData {
    pub partition_index: i32,
    pub error_code: ErrorCode,
    /// -1 when unknown.
    pub leader_id: i32,
    pub leader_epoch: i32,
    pub vote_granted: bool,
}

/// Where a leader named in this response listens.
#[message]
pub struct NodeEndpoint {
    pub node_id: i32,
    pub host: Str,
    pub port: u16,
}

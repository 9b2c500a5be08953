//! ShareAcknowledge: a member of a share group acknowledges, releases or rejects records (KIP-932).

use upsert_kafka_protocol_derive::message;

use crate::{ErrorCode, Str, Uuid};

#[message(key = 79, versions = 0..=2, current = 1.., flexible = 0..)]
pub struct ShareAcknowledgeRequest {
    #[versions(0.., nullable = 0.., default = None)]
    pub group_id: Option<Str>,
    #[versions(0.., nullable = 0..)]
    pub member_id: Option<Str>,
    pub share_session_epoch: i32,
    #[versions(2..)]
    pub is_renew_ack: bool,
    pub topics: Vec<AcknowledgeTopic>,
}

/// One topic, and what is said of its partitions.
#[message]
pub struct AcknowledgeTopic {
    pub topic_id: Uuid,
    pub partitions: Vec<AcknowledgePartition>,
}

/// One partition.
#[message]
pub struct AcknowledgePartition {
    pub partition_index: i32,
    pub acknowledgement_batches: Vec<AcknowledgementBatch>,
}

#[message]
pub struct AcknowledgementBatch {
    pub first_offset: i64,
    pub last_offset: i64,
    /// 0 a gap, 1 accept, 2 release, 3 reject, 4 renew.
    pub acknowledge_types: Vec<i8>,
}

#[message(answers = ShareAcknowledgeRequest)]
pub struct ShareAcknowledgeResponse {
    /// How long the client should pause, in milliseconds (KIP-219).
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    /// The error in words, for people.
    #[versions(0.., nullable = 0.., default = None)]
    pub error_message: Option<Str>,
    #[versions(2.., ignorable)]
    pub acquisition_lock_timeout_ms: i32,
    pub responses: Vec<ShareAcknowledgeTopicResponse>,
    pub node_endpoints: Vec<NodeEndpoint>,
}

/// One topic, and what is said of its partitions.
#[message]
pub struct ShareAcknowledgeTopicResponse {
    pub topic_id: Uuid,
    pub partitions: Vec<PartitionData>,
}

/// One partition.
#[message]
pub struct PartitionData {
    pub partition_index: i32,
    pub error_code: ErrorCode,
    /// The error in words, for people.
    #[versions(0.., nullable = 0.., default = None)]
    pub error_message: Option<Str>,
    pub current_leader: LeaderIdAndEpoch,
}

/// The leader and its epoch.
#[message]
pub struct LeaderIdAndEpoch {
    pub leader_id: i32,
    pub leader_epoch: i32,
}

/// Where a node named in this message listens.
#[message]
pub struct NodeEndpoint {
    pub node_id: i32,
    pub host: Str,
    pub port: i32,
    #[versions(0.., nullable = 0.., default = None)]
    pub rack: Option<Str>,
}

//! ShareAcknowledge: a member of a share group acknowledges, releases or rejects records (KIP-932).

use upsert_kafka_protocol_derive::message;

use crate::{ErrorCode, Str, Uuid};

#[message(key = 79, versions = 0..=2, current = 1.., flexible = 0..)]
pub struct ShareAcknowledgeRequest {
    #[versions(0.., nullable = 0.., default = None)]
    pub group_id: Option<Str>,
    #[versions(0.., nullable = 0..)]
    pub member_id: Option<Str>,
    /// 0 opens a session, -1 closes it; else one more than the time before.
    pub share_session_epoch: i32,
    /// Some of the acknowledgements renew the time a record is held (KIP-1222).
    #[versions(2..)]
    pub is_renew_ack: bool,
    pub topics: Vec<AcknowledgeTopic>,
}

/// The partitions of one topic.
#[message]
pub struct AcknowledgeTopic {
    pub topic_id: Uuid,
    pub partitions: Vec<AcknowledgePartition>,
}

/// What to acknowledge in one partition.
#[message]
pub struct AcknowledgePartition {
    pub partition_index: i32,
    pub acknowledgement_batches: Vec<AcknowledgementBatch>,
}

/// What the member says of a run of records, first and last included.
#[message]
pub struct AcknowledgementBatch {
    pub first_offset: i64,
    pub last_offset: i64,
    /// One for all of them or one for each: 0 a gap, 1 accept, 2 release, 3 reject, 4 renew.
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
    /// For so long, in milliseconds, acquired records are the member's alone; then others may get them.
    #[versions(2.., ignorable)]
    pub acquisition_lock_timeout_ms: i32,
    pub responses: Vec<ShareAcknowledgeTopicResponse>,
    pub node_endpoints: Vec<NodeEndpoint>,
}

/// The partitions of one topic.
#[message]
pub struct ShareAcknowledgeTopicResponse {
    pub topic_id: Uuid,
    pub partitions: Vec<PartitionData>,
}

/// How one partition's acknowledgements went.
#[message]
pub struct PartitionData {
    pub partition_index: i32,
    pub error_code: ErrorCode,
    /// The error in words, for people.
    #[versions(0.., nullable = 0.., default = None)]
    pub error_message: Option<Str>,
    /// Who leads now, when it is not this broker.
    pub current_leader: LeaderIdAndEpoch,
}

/// The leader and its epoch, -1 when unknown.
#[message]
pub struct LeaderIdAndEpoch {
    pub leader_id: i32,
    pub leader_epoch: i32,
}

/// Where a leader named in this response listens.
#[message]
pub struct NodeEndpoint {
    pub node_id: i32,
    pub host: Str,
    pub port: i32,
    #[versions(0.., nullable = 0.., default = None)]
    pub rack: Option<Str>,
}

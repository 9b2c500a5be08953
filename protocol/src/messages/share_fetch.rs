//! ShareFetch: records for a member of a share group, which it then acknowledges one by one (KIP-932).

use bytes::Bytes;
use upsert_kafka_protocol_derive::message;

use crate::{ErrorCode, Str, Uuid};

#[message(key = 78, versions = 0..=2, current = 1.., flexible = 0..)]
pub struct ShareFetchRequest {
    #[versions(0.., nullable = 0.., default = None)]
    pub group_id: Option<Str>,
    #[versions(0.., nullable = 0..)]
    pub member_id: Option<Str>,
    pub share_session_epoch: i32,
    pub max_wait_ms: i32,
    pub min_bytes: i32,
    #[versions(0.., default = 2147483647)]
    pub max_bytes: i32,
    #[versions(1..)]
    pub max_records: i32,
    #[versions(1..)]
    pub batch_size: i32,
    #[versions(2.., ignorable)]
    pub share_acquire_mode: i8,
    #[versions(2..)]
    pub is_renew_ack: bool,
    pub topics: Vec<FetchTopic>,
    pub forgotten_topics_data: Vec<ForgottenTopic>,
}

/// One topic, and what is said of its partitions.
#[message]
pub struct FetchTopic {
    pub topic_id: Uuid,
    pub partitions: Vec<FetchPartition>,
}

/// One partition.
#[message]
pub struct FetchPartition {
    pub partition_index: i32,
    #[versions(0..=0)]
    pub partition_max_bytes: i32,
    pub acknowledgement_batches: Vec<AcknowledgementBatch>,
}

#[message]
pub struct AcknowledgementBatch {
    pub first_offset: i64,
    pub last_offset: i64,
    /// 0 a gap, 1 accept, 2 release, 3 reject, 4 renew.
    pub acknowledge_types: Vec<i8>,
}

/// One topic, and what is said of its partitions.
#[message]
pub struct ForgottenTopic {
    pub topic_id: Uuid,
    pub partitions: Vec<i32>,
}

#[message(answers = ShareFetchRequest)]
pub struct ShareFetchResponse {
    /// How long the client should pause, in milliseconds (KIP-219).
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    /// The error in words, for people.
    #[versions(0.., nullable = 0.., default = None)]
    pub error_message: Option<Str>,
    #[versions(1..)]
    pub acquisition_lock_timeout_ms: i32,
    pub responses: Vec<ShareFetchableTopicResponse>,
    pub node_endpoints: Vec<NodeEndpoint>,
}

/// One topic, and what is said of its partitions.
#[message]
pub struct ShareFetchableTopicResponse {
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
    pub acknowledge_error_code: ErrorCode,
    #[versions(0.., nullable = 0.., default = None)]
    pub acknowledge_error_message: Option<Str>,
    pub current_leader: LeaderIdAndEpoch,
    /// Record batches, as they lie in a log.
    #[versions(0.., nullable = 0..=0)]
    pub records: Option<Bytes>,
    pub acquired_records: Vec<AcquiredRecords>,
}

/// The leader and its epoch.
#[message]
pub struct LeaderIdAndEpoch {
    pub leader_id: i32,
    pub leader_epoch: i32,
}

#[message]
pub struct AcquiredRecords {
    pub first_offset: i64,
    pub last_offset: i64,
    pub delivery_count: i16,
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

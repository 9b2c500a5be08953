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
    /// 0 opens a session, -1 closes it; else one more than the time before.
    pub share_session_epoch: i32,
    /// How long the broker may wait for `min_bytes`.
    pub max_wait_ms: i32,
    pub min_bytes: i32,
    #[versions(0.., default = 2147483647)]
    pub max_bytes: i32,
    /// At most so many records, rounded up to whole batches.
    #[versions(1..)]
    pub max_records: i32,
    /// How many records the member would like to a batch of acquired ones.
    #[versions(1..)]
    pub batch_size: i32,
    /// 0 whole batches, even beyond `max_records`; 1 never more than `max_records` (KIP-1206).
    #[versions(2.., ignorable)]
    pub share_acquire_mode: i8,
    /// Some of the acknowledgements renew the time a record is held (KIP-1222).
    #[versions(2..)]
    pub is_renew_ack: bool,
    pub topics: Vec<FetchTopic>,
    pub forgotten_topics_data: Vec<ForgottenTopic>,
}

/// The partitions of one topic.
#[message]
pub struct FetchTopic {
    pub topic_id: Uuid,
    pub partitions: Vec<FetchPartition>,
}

/// One partition to read, and what to acknowledge there.
#[message]
pub struct FetchPartition {
    pub partition_index: i32,
    /// 0 only acknowledges.
    #[versions(0..=0)]
    pub partition_max_bytes: i32,
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

/// Partitions of one topic that leave the session.
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
    /// For so long, in milliseconds, acquired records are the member's alone; then others may get them.
    #[versions(1..)]
    pub acquisition_lock_timeout_ms: i32,
    pub responses: Vec<ShareFetchableTopicResponse>,
    pub node_endpoints: Vec<NodeEndpoint>,
}

/// The partitions of one topic.
#[message]
pub struct ShareFetchableTopicResponse {
    pub topic_id: Uuid,
    pub partitions: Vec<PartitionData>,
}

/// What one partition gave, and how its acknowledgements went.
#[message]
pub struct PartitionData {
    pub partition_index: i32,
    /// How reading went.
    pub error_code: ErrorCode,
    /// The error in words, for people.
    #[versions(0.., nullable = 0.., default = None)]
    pub error_message: Option<Str>,
    /// How the acknowledgements went.
    pub acknowledge_error_code: ErrorCode,
    #[versions(0.., nullable = 0.., default = None)]
    pub acknowledge_error_message: Option<Str>,
    /// Who leads now, when it is not this broker.
    pub current_leader: LeaderIdAndEpoch,
    /// Record batches, as they lie in a log.
    #[versions(0.., nullable = 0..=0)]
    pub records: Option<Bytes>,
    /// Which of the records are the member's; it must leave the others alone.
    pub acquired_records: Vec<AcquiredRecords>,
}

/// The leader and its epoch, -1 when unknown.
#[message]
pub struct LeaderIdAndEpoch {
    pub leader_id: i32,
    pub leader_epoch: i32,
}

/// A run of records that are the member's for now, first and last included.
#[message]
pub struct AcquiredRecords {
    pub first_offset: i64,
    pub last_offset: i64,
    /// How often they were handed out, this time included.
    pub delivery_count: i16,
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

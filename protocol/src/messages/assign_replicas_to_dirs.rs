//! AssignReplicasToDirs: a broker tells in which folders its replicas lie (KIP-858).

use upsert_kafka_protocol_derive::message;

use crate::{ErrorCode, Uuid};

#[message(key = 73, versions = 0..=0, flexible = 0..)]
pub struct AssignReplicasToDirsRequest {
    pub broker_id: i32,
    /// The number the controller gave it as it registered; -1 for none.
    #[versions(0.., default = -1)]
    pub broker_epoch: i64,
    pub directories: Vec<RequestDirectoryData>,
}

/// A folder, and the replicas in it.
#[message]
pub struct RequestDirectoryData {
    pub id: Uuid,
    pub topics: Vec<RequestTopicData>,
}

/// Replicas of one topic in the folder.
#[message]
pub struct RequestTopicData {
    pub topic_id: Uuid,
    pub partitions: Vec<RequestPartitionData>,
}

/// A partition whose replica lies there.
#[message]
pub struct RequestPartitionData {
    pub partition_index: i32,
}

#[message(answers = AssignReplicasToDirsRequest)]
pub struct AssignReplicasToDirsResponse {
    /// How long the client should pause, in milliseconds (KIP-219).
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    pub directories: Vec<ResponseDirectoryData>,
}

/// What became of the replicas of one folder.
#[message]
pub struct ResponseDirectoryData {
    pub id: Uuid,
    pub topics: Vec<ResponseTopicData>,
}

/// What became of the replicas of one topic.
#[message]
pub struct ResponseTopicData {
    pub topic_id: Uuid,
    pub partitions: Vec<ResponsePartitionData>,
}

/// Whether one replica's folder was noted.
#[message]
pub struct ResponsePartitionData {
    pub partition_index: i32,
    pub error_code: ErrorCode,
}

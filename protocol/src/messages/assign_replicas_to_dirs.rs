//! AssignReplicasToDirs: a broker tells in which folders its replicas lie (KIP-858).

use upsert_kafka_protocol_derive::message;

use crate::{ErrorCode, Uuid};

#[message(key = 73, versions = 0..=0, flexible = 0..)]
pub struct AssignReplicasToDirsRequest {
    pub broker_id: i32,
    #[versions(0.., default = -1)]
    pub broker_epoch: i64,
    pub directories: Vec<RequestDirectoryData>,
}

#[message]
pub struct RequestDirectoryData {
    pub id: Uuid,
    pub topics: Vec<RequestTopicData>,
}

/// One topic, and what is said of its partitions.
#[message]
pub struct RequestTopicData {
    pub topic_id: Uuid,
    pub partitions: Vec<RequestPartitionData>,
}

/// One partition.
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

#[message]
pub struct ResponseDirectoryData {
    pub id: Uuid,
    pub topics: Vec<ResponseTopicData>,
}

/// One topic, and what is said of its partitions.
#[message]
pub struct ResponseTopicData {
    pub topic_id: Uuid,
    pub partitions: Vec<ResponsePartitionData>,
}

/// One partition.
#[message]
pub struct ResponsePartitionData {
    pub partition_index: i32,
    pub error_code: ErrorCode,
}

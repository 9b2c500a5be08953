//! AlterReplicaLogDirs: moves replicas to other folders of a broker.

use upsert_kafka_protocol_derive::message;

use crate::{ErrorCode, Str};

#[message(key = 34, versions = 0..=2, current = 1.., flexible = 2..)]
pub struct AlterReplicaLogDirsRequest {
    pub dirs: Vec<AlterReplicaLogDir>,
}

#[message]
pub struct AlterReplicaLogDir {
    pub path: Str,
    pub topics: Vec<AlterReplicaLogDirTopic>,
}

/// One topic, and what is said of its partitions.
#[message]
pub struct AlterReplicaLogDirTopic {
    pub name: Str,
    pub partitions: Vec<i32>,
}

#[message(answers = AlterReplicaLogDirsRequest)]
pub struct AlterReplicaLogDirsResponse {
    /// How long the client should pause, in milliseconds (KIP-219).
    pub throttle_time_ms: i32,
    pub results: Vec<AlterReplicaLogDirTopicResult>,
}

/// One topic, and what is said of its partitions.
#[message]
pub struct AlterReplicaLogDirTopicResult {
    pub topic_name: Str,
    pub partitions: Vec<AlterReplicaLogDirPartitionResult>,
}

/// One partition.
#[message]
pub struct AlterReplicaLogDirPartitionResult {
    pub partition_index: i32,
    pub error_code: ErrorCode,
}

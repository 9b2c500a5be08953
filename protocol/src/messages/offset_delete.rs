//! OffsetDelete: forgets a group's positions (KIP-496).

use upsert_kafka_protocol_derive::message;

use crate::{ErrorCode, Str};

#[message(key = 47, versions = 0..=0)]
pub struct OffsetDeleteRequest {
    pub group_id: Str,
    pub topics: Vec<OffsetDeleteRequestTopic>,
}

/// One topic, and what is said of its partitions.
#[message]
pub struct OffsetDeleteRequestTopic {
    pub name: Str,
    pub partitions: Vec<OffsetDeleteRequestPartition>,
}

/// One partition.
#[message]
pub struct OffsetDeleteRequestPartition {
    pub partition_index: i32,
}

#[message(answers = OffsetDeleteRequest)]
pub struct OffsetDeleteResponse {
    pub error_code: ErrorCode,
    /// How long the client should pause, in milliseconds (KIP-219).
    #[versions(0.., ignorable)]
    pub throttle_time_ms: i32,
    pub topics: Vec<OffsetDeleteResponseTopic>,
}

/// One topic, and what is said of its partitions.
#[message]
pub struct OffsetDeleteResponseTopic {
    pub name: Str,
    pub partitions: Vec<OffsetDeleteResponsePartition>,
}

/// One partition.
#[message]
pub struct OffsetDeleteResponsePartition {
    pub partition_index: i32,
    pub error_code: ErrorCode,
}

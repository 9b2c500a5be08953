//! What the leader of a classic group gives a member: the bytes inside SyncGroup.

use bytes::Bytes;
use upsert_kafka_protocol_derive::message;

use crate::Str;

#[message(versions = 0..=3)]
pub struct ConsumerProtocolAssignment {
    pub assigned_partitions: Vec<TopicPartition>,
    /// What the leader's assignor tells the member's beside; null for nothing.
    #[versions(0.., nullable = 0.., default = None)]
    pub user_data: Option<Bytes>,
}

/// Partitions of one topic that the member gets.
#[message]
pub struct TopicPartition {
    pub topic: Str,
    pub partitions: Vec<i32>,
}

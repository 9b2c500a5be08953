//! What the leader of a classic group gives a member: the bytes inside SyncGroup.

use bytes::Bytes;
use upsert_kafka_protocol_derive::message;

use crate::Str;

#[message(versions = 0..=3)]
pub struct ConsumerProtocolAssignment {
    pub assigned_partitions: Vec<TopicPartition>,
    #[versions(0.., nullable = 0.., default = None)]
    pub user_data: Option<Bytes>,
}

/// One topic, and what is said of its partitions.
#[message]
pub struct TopicPartition {
    pub topic: Str,
    pub partitions: Vec<i32>,
}

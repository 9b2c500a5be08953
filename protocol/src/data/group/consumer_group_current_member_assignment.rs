//! What a member of a consumer group has now (KIP-848).

use upsert_kafka_protocol_derive::message;

use crate::{Str, Uuid};

/// The key of a record of the log.
#[message(key = 8, versions = 0..=0)]
pub struct ConsumerGroupCurrentMemberAssignmentKey {
    pub group_id: Str,
    pub member_id: Str,
}

/// Its value.
#[message(key = 8, versions = 0..=0, flexible = 0..)]
pub struct ConsumerGroupCurrentMemberAssignmentValue {
    pub member_epoch: i32,
    pub previous_member_epoch: i32,
    pub state: i8,
    pub assigned_partitions: Vec<TopicPartitions>,
    pub partitions_pending_revocation: Vec<TopicPartitions>,
}

/// One topic, and what is said of its partitions.
#[message]
pub struct TopicPartitions {
    pub topic_id: Uuid,
    pub partitions: Vec<i32>,
    #[versions(0.., tag = 0, nullable = 0..)]
    pub assignment_epochs: Option<Vec<i32>>,
}

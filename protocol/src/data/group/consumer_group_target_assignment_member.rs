//! What a member of a consumer group shall have (KIP-848).

use upsert_kafka_protocol_derive::message;

use crate::{Str, Uuid};

/// The key of a record of the log.
#[message(key = 7, versions = 0..=0)]
pub struct ConsumerGroupTargetAssignmentMemberKey {
    pub group_id: Str,
    pub member_id: Str,
}

/// Its value.
#[message(key = 7, versions = 0..=0, flexible = 0..)]
pub struct ConsumerGroupTargetAssignmentMemberValue {
    pub topic_partitions: Vec<TopicPartition>,
}

/// One topic, and what is said of its partitions.
#[message]
pub struct TopicPartition {
    pub topic_id: Uuid,
    pub partitions: Vec<i32>,
}

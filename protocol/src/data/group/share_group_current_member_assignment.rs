//! What a member of a share group has now (KIP-932).

use upsert_kafka_protocol_derive::message;

use crate::{Str, Uuid};

/// The key of a record of the log.
#[message(key = 14, versions = 0..=0)]
pub struct ShareGroupCurrentMemberAssignmentKey {
    pub group_id: Str,
    pub member_id: Str,
}

/// Its value.
#[message(key = 14, versions = 0..=0, flexible = 0..)]
pub struct ShareGroupCurrentMemberAssignmentValue {
    pub member_epoch: i32,
    pub previous_member_epoch: i32,
    pub state: i8,
    pub assigned_partitions: Vec<TopicPartitions>,
}

/// One topic, and what is said of its partitions.
#[message]
pub struct TopicPartitions {
    pub topic_id: Uuid,
    pub partitions: Vec<i32>,
}

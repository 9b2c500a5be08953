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
    /// The one the next heartbeat must bring.
    pub member_epoch: i32,
    /// The one before, still taken from a member that missed the last answer.
    pub previous_member_epoch: i32,
    /// As in ConsumerGroupCurrentMemberAssignmentValue.
    pub state: i8,
    pub assigned_partitions: Vec<TopicPartitions>,
}

/// Partitions of one topic.
#[message]
pub struct TopicPartitions {
    pub topic_id: Uuid,
    pub partitions: Vec<i32>,
}

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
    /// The one the next heartbeat must bring.
    pub member_epoch: i32,
    /// The one before, still taken from a member that missed the last answer.
    pub previous_member_epoch: i32,
    /// 0 has what it shall have, 1 must give up partitions, 2 waits for partitions that others still have.
    pub state: i8,
    pub assigned_partitions: Vec<TopicPartitions>,
    /// Those it must give up.
    pub partitions_pending_revocation: Vec<TopicPartitions>,
}

/// Partitions of one topic.
#[message]
pub struct TopicPartitions {
    pub topic_id: Uuid,
    pub partitions: Vec<i32>,
    /// The epoch at which each partition came to the member, in the order of `partitions` (KIP-1251); null
    /// when unknown.
    #[versions(0.., tag = 0, nullable = 0..)]
    pub assignment_epochs: Option<Vec<i32>>,
}

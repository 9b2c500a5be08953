//! ShareGroupHeartbeat: the one request of a member of a share group, by which it joins, lives, is assigned
//! and leaves (KIP-932).

use upsert_kafka_protocol_derive::message;

use crate::{ErrorCode, Str, Uuid};

#[message(key = 76, versions = 0..=1, current = 1.., flexible = 0..)]
pub struct ShareGroupHeartbeatRequest {
    pub group_id: Str,
    /// A random id that the client makes up as it starts.
    pub member_id: Str,
    /// The last one the broker told; 0 joins, -1 leaves.
    pub member_epoch: i32,
    /// Null for none, or when it has not changed.
    #[versions(0.., nullable = 0.., default = None)]
    pub rack_id: Option<Str>,
    /// Null when they have not changed.
    #[versions(0.., nullable = 0.., default = None)]
    pub subscribed_topic_names: Option<Vec<Str>>,
}

#[message(answers = ShareGroupHeartbeatRequest)]
pub struct ShareGroupHeartbeatResponse {
    /// How long the client should pause, in milliseconds (KIP-219).
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    /// The error in words, for people.
    #[versions(0.., nullable = 0.., default = None)]
    pub error_message: Option<Str>,
    #[versions(0.., nullable = 0.., default = None)]
    pub member_id: Option<Str>,
    /// To be sent with the next heartbeat.
    pub member_epoch: i32,
    /// How often to send a heartbeat, in milliseconds.
    pub heartbeat_interval_ms: i32,
    /// What the member reads from now on; null when nothing has changed.
    #[versions(0.., nullable = 0..)]
    pub assignment: Option<Box<Assignment>>,
}

/// The partitions of a member, topic by topic.
#[message]
pub struct Assignment {
    pub topic_partitions: Vec<TopicPartitions>,
}

/// Partitions of one topic, which other members may read as well.
#[message]
pub struct TopicPartitions {
    pub topic_id: Uuid,
    pub partitions: Vec<i32>,
}

//! ShareGroupHeartbeat: the one request of a member of a share group, by which it joins, lives, is assigned
//! and leaves (KIP-932).

use upsert_kafka_protocol_derive::message;

use crate::{ErrorCode, Str, Uuid};

#[message(key = 76, versions = 0..=1, current = 1.., flexible = 0..)]
pub struct ShareGroupHeartbeatRequest {
    pub group_id: Str,
    pub member_id: Str,
    pub member_epoch: i32,
    #[versions(0.., nullable = 0.., default = None)]
    pub rack_id: Option<Str>,
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
    pub member_epoch: i32,
    /// How often to send a heartbeat, in milliseconds.
    pub heartbeat_interval_ms: i32,
    #[versions(0.., nullable = 0..)]
    pub assignment: Option<Box<Assignment>>,
}

#[message]
pub struct Assignment {
    pub topic_partitions: Vec<TopicPartitions>,
}

/// One topic, and what is said of its partitions.
#[message]
pub struct TopicPartitions {
    pub topic_id: Uuid,
    pub partitions: Vec<i32>,
}

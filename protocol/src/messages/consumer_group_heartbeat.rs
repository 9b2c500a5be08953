//! ConsumerGroupHeartbeat: the one request of a member of a consumer group, by which it joins, lives, is
//! assigned and leaves (KIP-848).

use upsert_kafka_protocol_derive::message;

use crate::{ErrorCode, Str, Uuid};

/// Epoch 0 joins, -1 leaves, -2 leaves for a while as a static member; fields that have not
/// changed may be null.
#[message(key = 68, versions = 0..=1, flexible = 0..)]
pub struct ConsumerGroupHeartbeatRequest {
    pub group_id: Str,
    pub member_id: Str,
    pub member_epoch: i32,
    /// The name of a static member; it comes back under it (KIP-345).
    #[versions(0.., nullable = 0.., default = None)]
    pub instance_id: Option<Str>,
    #[versions(0.., nullable = 0.., default = None)]
    pub rack_id: Option<Str>,
    /// How long a member may take to give up partitions and join again, in milliseconds.
    #[versions(0.., default = -1)]
    pub rebalance_timeout_ms: i32,
    #[versions(0.., nullable = 0.., default = None)]
    pub subscribed_topic_names: Option<Vec<Str>>,
    /// A pattern of RE2 over topic names, matched by the broker.
    #[versions(1.., nullable = 1.., default = None)]
    pub subscribed_topic_regex: Option<Str>,
    #[versions(0.., nullable = 0.., default = None)]
    pub server_assignor: Option<Str>,
    #[versions(0.., nullable = 0.., default = None)]
    pub topic_partitions: Option<Vec<TopicPartitions>>,
}

/// One topic, and what is said of its partitions.
#[message]
pub struct TopicPartitions {
    pub topic_id: Uuid,
    pub partitions: Vec<i32>,
}

#[message(answers = ConsumerGroupHeartbeatRequest)]
pub struct ConsumerGroupHeartbeatResponse {
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

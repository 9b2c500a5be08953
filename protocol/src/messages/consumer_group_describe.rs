//! ConsumerGroupDescribe: the state, members and assignments of consumer groups (KIP-848).

use upsert_kafka_protocol_derive::message;

use crate::{ErrorCode, Str, Uuid};

#[message(key = 69, versions = 0..=1, flexible = 0..)]
pub struct ConsumerGroupDescribeRequest {
    pub group_ids: Vec<Str>,
    pub include_authorized_operations: bool,
}

#[message(answers = ConsumerGroupDescribeRequest)]
pub struct ConsumerGroupDescribeResponse {
    /// How long the client should pause, in milliseconds (KIP-219).
    pub throttle_time_ms: i32,
    pub groups: Vec<DescribedGroup>,
}

#[message]
pub struct DescribedGroup {
    pub error_code: ErrorCode,
    /// The error in words, for people.
    #[versions(0.., nullable = 0.., default = None)]
    pub error_message: Option<Str>,
    pub group_id: Str,
    pub group_state: Str,
    pub group_epoch: i32,
    pub assignment_epoch: i32,
    pub assignor_name: Str,
    pub members: Vec<Member>,
    /// A bit set of operations; the least int32 when it was not asked for.
    #[versions(0.., default = -2147483648)]
    pub authorized_operations: i32,
}

#[message]
pub struct Member {
    pub member_id: Str,
    /// The name of a static member; it comes back under it (KIP-345).
    #[versions(0.., nullable = 0.., default = None)]
    pub instance_id: Option<Str>,
    #[versions(0.., nullable = 0.., default = None)]
    pub rack_id: Option<Str>,
    pub member_epoch: i32,
    pub client_id: Str,
    pub client_host: Str,
    pub subscribed_topic_names: Vec<Str>,
    /// A pattern of RE2 over topic names, matched by the broker.
    #[versions(0.., nullable = 0.., default = None)]
    pub subscribed_topic_regex: Option<Str>,
    pub assignment: Assignment,
    pub target_assignment: Assignment,
    #[versions(1.., default = -1, ignorable)]
    pub member_type: i8,
}

/// One topic, and what is said of its partitions.
#[message]
pub struct TopicPartitions {
    pub topic_id: Uuid,
    pub topic_name: Str,
    pub partitions: Vec<i32>,
}

#[message]
pub struct Assignment {
    pub topic_partitions: Vec<TopicPartitions>,
}

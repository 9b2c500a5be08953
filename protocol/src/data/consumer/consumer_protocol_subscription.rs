//! What a member of a classic group wants: the bytes inside JoinGroup.

use bytes::Bytes;
use upsert_kafka_protocol_derive::message;

use crate::Str;

#[message(versions = 0..=3)]
pub struct ConsumerProtocolSubscription {
    pub topics: Vec<Str>,
    #[versions(0.., nullable = 0.., default = None)]
    pub user_data: Option<Bytes>,
    #[versions(1.., ignorable)]
    pub owned_partitions: Vec<TopicPartition>,
    #[versions(2.., default = -1, ignorable)]
    pub generation_id: i32,
    #[versions(3.., nullable = 3.., default = None, ignorable)]
    pub rack_id: Option<Str>,
}

/// One topic, and what is said of its partitions.
#[message]
pub struct TopicPartition {
    pub topic: Str,
    pub partitions: Vec<i32>,
}

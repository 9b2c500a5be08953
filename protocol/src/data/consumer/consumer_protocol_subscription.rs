//! What a member of a classic group wants: the bytes inside JoinGroup.

use bytes::Bytes;
use upsert_kafka_protocol_derive::message;

use crate::Str;

#[message(versions = 0..=3)]
pub struct ConsumerProtocolSubscription {
    pub topics: Vec<Str>,
    /// What the member's assignor tells the leader's beside; null for nothing.
    #[versions(0.., nullable = 0.., default = None)]
    pub user_data: Option<Bytes>,
    /// What the member still has from before (KIP-429).
    #[versions(1.., ignorable)]
    pub owned_partitions: Vec<TopicPartition>,
    /// The generation it had them in; -1 for none (KIP-792).
    #[versions(2.., default = -1, ignorable)]
    pub generation_id: i32,
    /// Where the member is, so that it may get partitions nearby (KIP-881).
    #[versions(3.., nullable = 3.., default = None, ignorable)]
    pub rack_id: Option<Str>,
}

/// Partitions of one topic that the member still has.
#[message]
pub struct TopicPartition {
    pub topic: Str,
    pub partitions: Vec<i32>,
}

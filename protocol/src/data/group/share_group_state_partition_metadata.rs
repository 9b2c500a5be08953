//! Which partitions' state of a share group is begun (KIP-932).

use upsert_kafka_protocol_derive::message;

use crate::{Str, Uuid};

/// The key of a record of the log.
#[message(key = 15, versions = 0..=0)]
pub struct ShareGroupStatePartitionMetadataKey {
    pub group_id: Str,
}

/// Its value.
#[message(key = 15, versions = 0..=0, flexible = 0..)]
pub struct ShareGroupStatePartitionMetadataValue {
    /// Those the share coordinator was asked to begin.
    pub initializing_topics: Vec<TopicPartitionsInfo>,
    /// Those it has begun.
    pub initialized_topics: Vec<TopicPartitionsInfo>,
    /// Those it was asked to forget.
    pub deleting_topics: Vec<TopicInfo>,
}

/// Partitions of one topic.
#[message]
pub struct TopicPartitionsInfo {
    pub topic_id: Uuid,
    pub topic_name: Str,
    pub partitions: Vec<i32>,
}

/// A topic whose state is to be forgotten.
#[message]
pub struct TopicInfo {
    pub topic_id: Uuid,
    pub topic_name: Str,
}

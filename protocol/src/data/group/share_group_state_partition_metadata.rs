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
    pub initializing_topics: Vec<TopicPartitionsInfo>,
    pub initialized_topics: Vec<TopicPartitionsInfo>,
    pub deleting_topics: Vec<TopicInfo>,
}

#[message]
pub struct TopicPartitionsInfo {
    pub topic_id: Uuid,
    pub topic_name: Str,
    pub partitions: Vec<i32>,
}

/// A topic, and how it shall look.
#[message]
pub struct TopicInfo {
    pub topic_id: Uuid,
    pub topic_name: Str,
}

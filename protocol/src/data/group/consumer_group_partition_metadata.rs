//! The topics of a consumer group (KIP-848); no longer written.

use upsert_kafka_protocol_derive::message;

use crate::{Str, Uuid};

/// The key of a record of the log.
#[message(key = 4, versions = 0..=0)]
pub struct ConsumerGroupPartitionMetadataKey {
    pub group_id: Str,
}

/// Its value.
#[message(key = 4, versions = 0..=0, flexible = 0..)]
pub struct ConsumerGroupPartitionMetadataValue {
    pub topics: Vec<TopicMetadata>,
}

#[message]
pub struct TopicMetadata {
    pub topic_id: Uuid,
    pub topic_name: Str,
    pub num_partitions: i32,
    pub partition_metadata: Vec<PartitionMetadata>,
}

#[message]
pub struct PartitionMetadata {
    pub partition: i32,
    pub racks: Vec<Str>,
}

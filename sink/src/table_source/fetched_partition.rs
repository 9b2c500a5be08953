//! What a fetch brought of one partition, beside its records.

use std::sync::Arc;

use upsert_kafka_client::{OwnedRecord, PartitionRecords, TopicPartition, Uuid};

/// Where it ends.
pub(super) struct FetchedPartition {
    pub(super) of: TopicPartition,
    /// Behind its last record, and behind holes that follow it.
    pub(super) next_offset: i64,
    pub(super) leader_epoch: i32,
    /// Which topic of that name: the one that is read may have been made again since.
    pub(super) topic_id: Uuid,
}

impl FetchedPartition {
    pub(super) fn new(records: &PartitionRecords) -> Self {
        Self {
            of: TopicPartition::new(Arc::clone(records.topic()), records.partition()),
            topic_id: records.topic_id(),
            next_offset: records.next_offset(),
            leader_epoch: records.leader_epoch(),
        }
    }

    /// Whether the record is one of it.
    pub(super) fn holds(&self, record: &OwnedRecord) -> bool {
        self.of.partition == record.partition && self.of.topic == record.topic
    }
}

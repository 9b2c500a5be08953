//! What a fetch brought of one partition, beside its records.

use std::sync::Arc;

use upsert_kafka_client::{OwnedRecord, PartitionRecords, TopicPartition};

use crate::source::KafkaSource;

/// Where it ends.
pub(super) struct FetchedPartition {
    pub(super) of: TopicPartition,
    /// Behind its last record, and behind holes that follow it.
    pub(super) next_offset: i64,
    pub(super) leader_epoch: i32,
    /// Whether it is of the topic that is read: one of the same name may have been deleted meanwhile.
    pub(super) is_read: bool,
}

impl FetchedPartition {
    pub(super) fn new(records: &PartitionRecords, source: &KafkaSource) -> Self {
        let of = TopicPartition::new(Arc::clone(records.topic()), records.partition());
        Self {
            is_read: source.reads(&of, records.topic_id()),
            next_offset: records.next_offset(),
            leader_epoch: records.leader_epoch(),
            of,
        }
    }

    /// Whether the record is one of it.
    pub(super) fn holds(&self, record: &OwnedRecord) -> bool {
        self.of.partition == record.partition && self.of.topic == record.topic
    }
}

//! A topic and who leads its partitions, as metadata tells of them.

use std::sync::Arc;

use upsert_kafka_protocol::Uuid;

/// A topic and its partitions: each stands at the place of its index.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct TopicMetadata {
    pub(crate) name: Arc<str>,
    /// Zero when the broker does not know ids.
    pub(crate) topic_id: Uuid,
    pub(crate) internal: bool,
    pub(crate) partitions: Vec<PartitionMetadata>,
}

/// Who leads a partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PartitionMetadata {
    pub(crate) index: i32,
    pub(crate) leader: Option<i32>,
    /// -1 when the broker does not know epochs.
    pub(crate) leader_epoch: i32,
}

impl TopicMetadata {
    /// The partition of that index.
    pub(crate) fn partition(&self, index: i32) -> Option<&PartitionMetadata> {
        self.partitions.get(usize::try_from(index).ok()?)
    }
}

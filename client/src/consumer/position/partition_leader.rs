//! Who leads a partition, and the topic that the partition belongs to.

use upsert_kafka_protocol::Uuid;

/// The leader of a partition, and the topic that the partition belongs to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Leader {
    pub(super) node: i32,
    pub(super) epoch: i32,
    /// Zero where brokers know no topic ids.
    pub(super) topic_id: Uuid,
}

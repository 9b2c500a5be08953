//! The leader of a partition, as far as metadata tells.

use upsert_kafka_protocol::ErrorCode;

use super::partition_leader::Leader;
use super::state::PartitionState;
use crate::cluster::Metadata;
use crate::consumer::assignment::TopicPartition;
use crate::{Error, ErrorKind};

/// The leader. Without one: the error that says why, or `None` while metadata says nothing of the topic.
pub(super) fn leader(
    of: &TopicPartition,
    state: &PartitionState,
    metadata: &Metadata,
) -> Result<Leader, Option<Error>> {
    let Some(topic) = metadata.topics.get(&of.topic) else {
        let missing = metadata.missing.get(&of.topic).map(|code| Error::from_code(*code, "Metadata"));
        return Err(missing.or_else(|| metadata.problem.clone()).map(|error| of.named(error)));
    };
    let Some(partition) = topic.partition(of.partition) else {
        let count = topic.partitions.len();
        let sentence = match state.replaced(topic.topic_id) {
            Some(old) => format!(
                "the topic was deleted and created again (id {}, before {old}) with {count} partitions, and this \
                 one is not among them",
                topic.topic_id
            ),
            None => format!("the topic has {count} partitions"),
        };
        return Err(Some(of.named(Error::new(ErrorKind::UnknownTopic, sentence))));
    };
    match partition.leader {
        Some(node) => Ok(Leader { node, epoch: partition.leader_epoch, topic_id: topic.topic_id }),
        None => Err(Some(of.named(Error::from_code(ErrorCode::LEADER_NOT_AVAILABLE, "Metadata")))),
    }
}

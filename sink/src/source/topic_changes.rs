//! What a source does when its topics change under it: new partitions, topics that were made again, offsets that are gone.

use std::collections::BTreeSet;
use std::sync::Arc;

use tracing::{info, warn};
use upsert_kafka_client::{OffsetSpec, PositionReset, TopicPartition, Uuid};

use super::KafkaSource;
use super::partition::Partition;
use crate::error::Error;

impl KafkaSource {
    /// Takes in what the consumer had to give up: offsets that the log lost, and topics that were made again. Whether
    /// there are such topics: once the records that came with the resets are processed, they may have partitions more.
    pub(crate) async fn follow(&mut self, resets: &[PositionReset]) -> Result<bool, Error> {
        let mut recreated = Vec::new();
        for reset in resets {
            let Some(it) = self.partitions.get_mut(&reset.topic_partition) else { continue };
            (it.next, it.leader_epoch) = (reset.new_position, -1);
            if it.topic_id != reset.topic_id {
                (it.topic_id, it.committed, it.rebuilt_to) = (reset.topic_id, None, 0);
                recreated.push((reset.topic_partition.clone(), OffsetSpec::Latest));
            }
        }
        if recreated.is_empty() {
            return Ok(false);
        }
        // Where it ended was an offset of the deleted topic.
        recreated.retain(|(of, _)| self.stop_of(of).is_some());
        let ends = self.list_offsets(&recreated).await?;
        for ((of, _), end) in recreated.iter().zip(ends) {
            if let Some(it) = self.partitions.get_mut(of) {
                it.stop = Some(end);
            }
        }
        let begun = resets.iter().map(|reset| &reset.topic_partition);
        self.commit_beginnings(begun.cloned().collect()).await;
        Ok(true)
    }

    /// Goes on after a failed poll if the topic was made again, with other partitions than it had.
    pub(crate) async fn recover(&mut self, error: Error) -> Result<(), Error> {
        match self.discover().await {
            Ok(true) => Ok(()),
            Ok(false) | Err(_) => Err(error),
        }
    }

    /// Asks the cluster for partitions that came after the start, and for topics that were deleted and made again;
    /// both are read from their beginning. Whether there are any. A topic that is not there at the moment is left
    /// to the fetches, which know for how long it may be missing. An error changes nothing of what is read. Not to be
    /// called while fetched records wait to be processed: they would be fetched again.
    pub(crate) async fn discover(&mut self) -> Result<bool, Error> {
        if let Some(group_share) = &self.group_share {
            group_share.refresh_topics();
        }
        let topics: Vec<_> = self.describe().await?.into_iter().filter_map(Result::ok).collect();
        let id_now =
            |of: &TopicPartition| topics.iter().find(|it| it.name == *of.topic).map(|it| it.topic_id);
        let is_stale = |of: &TopicPartition, it: &Partition| id_now(of).is_some_and(|id| id != it.topic_id);
        let mut new: Vec<_> = topics.iter().flat_map(|topic| self.own_partitions_of(topic)).collect();
        new.retain(|of| self.partitions.get(of).is_none_or(|it| is_stale(of, it)));
        let begun = self.beginnings(&new, |of| id_now(of).unwrap_or(Uuid::ZERO)).await?;
        let recreated = self.partitions.iter().filter(|(of, it)| is_stale(of, it));
        let recreated: BTreeSet<_> = recreated.map(|(of, it)| (Arc::clone(&of.topic), it.topic_id)).collect();
        for (topic, old_id) in &recreated {
            warn!(%topic, %old_id, "the topic was deleted and created again, so it is read from its beginning");
        }
        if recreated.is_empty() && begun.is_empty() {
            return Ok(false);
        }
        self.partitions.retain(|of, it| !is_stale(of, it));
        info!(partitions = ?new, "new partitions, read from their beginning");
        self.partitions.extend(begun);
        self.assign();
        self.commit_beginnings(new).await;
        Ok(true)
    }
}

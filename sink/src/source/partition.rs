//! One partition that is read: of which topic, how far, up to where.

use std::sync::Arc;

use upsert_kafka_client::{Assignment, Commit, Committed, Position, TopicPartition, Uuid};

use super::checkpoint_metadata::{CheckpointMetadata, JobIdentity};
use crate::progress::OffsetsRebuilt;

/// Where it stands.
pub(super) struct Partition {
    /// Which topic of that name.
    pub(super) topic_id: Uuid,
    /// The next offset to process.
    pub(super) next: i64,
    /// Where an earlier run of the job had come to, if this one reads from the beginning again to rebuild its state:
    /// what lies before is written already, and no commit goes behind it.
    pub(super) rebuilt_to: i64,
    /// Where the state began to be rebuilt.
    rebuilt_from: i64,
    /// -1 when not known.
    pub(super) leader_epoch: i32,
    /// Exclusive.
    pub(super) stop: Option<i64>,
    /// What this job committed last, or found committed by itself.
    pub(super) committed: Option<i64>,
    /// Of how many partitions the job began the topic: see [`CheckpointMetadata`].
    pub(super) begun: i32,
}

impl Partition {
    /// At `next`, of a topic that is new, or of which earlier partitions were read already.
    pub(super) fn new(topic_id: Uuid, next: i64, stop: Option<i64>) -> Self {
        let (rebuilt_to, rebuilt_from, leader_epoch, committed, begun) = (0, 0, -1, None, 0);
        Self { topic_id, next, rebuilt_to, rebuilt_from, leader_epoch, stop, committed, begun }
    }

    /// Goes on from what was committed, if that is where it begins.
    pub(super) fn restore(&mut self, committed: Option<&Committed>) {
        if let Some(kept) = committed.filter(|it| it.offset == Some(self.next)) {
            (self.committed, self.leader_epoch) = (kept.offset, kept.leader_epoch);
        }
    }

    /// Begins at `next` all the same, to rebuild what was known there.
    pub(super) fn rebuild(&mut self, next: i64) {
        (self.rebuilt_to, self.next) = (self.next, next.min(self.next));
        self.rebuilt_from = self.next;
    }

    /// How many offsets only rebuild state, and how many of them are done.
    pub(super) fn rebuilt(&self) -> OffsetsRebuilt {
        let total = self.rebuilt_to.saturating_sub(self.rebuilt_from).max(0);
        OffsetsRebuilt { done: self.next.saturating_sub(self.rebuilt_from).clamp(0, total), total }
    }

    /// What a commit keeps.
    pub(super) fn position(&self) -> i64 {
        self.next.max(self.rebuilt_to)
    }

    pub(super) fn is_done(&self) -> bool {
        self.stop.is_some_and(|stop| self.next >= stop)
    }

    pub(super) fn assignment(&self, of: &TopicPartition) -> Assignment {
        Assignment::new(Arc::clone(&of.topic), of.partition, Position::Offset(self.next))
            .with_topic_id(self.topic_id)
    }

    pub(super) fn commit(&self, of: &TopicPartition, job: &JobIdentity) -> Commit {
        let Self { topic_id, begun, .. } = *self;
        let metadata = CheckpointMetadata { topic_id, job: job.clone(), begun };
        Commit::new(of.clone(), self.position())
            .with_leader_epoch(self.leader_epoch)
            .with_metadata(metadata.to_string())
    }
}

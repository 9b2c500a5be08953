//! What a source reads, and for whom.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use upsert_kafka_client::{TopicDescription, TopicPartition, Uuid};

use super::checkpoint_metadata::JobIdentity;
use super::offsets_initializer::{AutoOffsetReset, Restore};
use crate::job::subtask::Subtask;
use crate::scan::{Bounded, Startup};
use crate::task_transaction::TaskTransaction;
use crate::topic_selector::TopicPattern;

/// What is read, and for whom.
pub(super) struct Subscription {
    pub(super) topics: Vec<String>,
    /// Which topics, instead of those.
    pub(super) pattern: Option<TopicPattern>,
    /// The ids of those that were seen, by which one that was made again is known.
    pub(super) topic_ids: BTreeMap<String, Uuid>,
    /// Which of their partitions, where that is fixed.
    pub(super) subtask: Option<Subtask>,
    pub(super) group: Option<String>,
    pub(super) job: JobIdentity,
    pub(super) restore: Restore,
    pub(super) startup: Startup,
    pub(super) bounded: Bounded,
    /// Whether partitions have ends, be it by `bounded` or since.
    pub(super) ends: bool,
    /// Whether records before the checkpoint are read again, for the state that is made of them.
    pub(super) rebuilds: bool,
    pub(super) reset: AutoOffsetReset,
    /// Whether the group is told how far it came.
    pub(super) commits: bool,
    /// Where positions are kept instead, if what is written is on another cluster.
    pub(super) kept_elsewhere: Option<TaskTransaction>,
}

impl Subscription {
    /// The topic's partitions.
    pub(super) fn all_partitions_of(topic: &TopicDescription) -> Vec<TopicPartition> {
        let name: Arc<str> = topic.name.as_str().into();
        let indexes: BTreeSet<i32> = topic.partitions.iter().map(|it| it.index).collect();
        indexes.into_iter().map(|index| TopicPartition::new(Arc::clone(&name), index)).collect()
    }
}

//! What a task whose source is on another cluster keeps beside its transaction.

use std::collections::BTreeSet;

use upsert_kafka_client::TopicPartition;

use crate::progress_record::Claim;
use crate::progress_topic::ProgressTopic;

/// The progress topic, and what this task has there.
pub(super) struct OwnProgress {
    pub(super) topic: ProgressTopic,
    /// Begins the names of this task's incarnations.
    seed: u64,
    /// Which of them is known in the topic, by the number of its producer.
    pub(super) announced: Option<u64>,
    /// What this task has taken over and not let go.
    pub(super) owned: BTreeSet<TopicPartition>,
}

impl OwnProgress {
    pub(super) fn new(topic: ProgressTopic, seed: u64) -> Self {
        Self { topic, seed, announced: None, owned: BTreeSet::new() }
    }

    /// What the task is called under its producer of this number.
    pub(super) fn incarnation(&self, generation: u64) -> String {
        format!("{:016x}-{generation}", self.seed)
    }

    /// Whether the claim is one of this task, be it of an earlier incarnation.
    pub(super) fn is_own(&self, claim: &Claim) -> bool {
        let number = claim.incarnation.strip_prefix(&format!("{:016x}-", self.seed));
        number.is_some_and(|number| number.parse::<u64>().is_ok())
    }
}

//! The offsets that a group commits, alone or within a transaction.

use std::collections::{BTreeMap, BTreeSet};

use upsert_kafka_protocol::Str;

/// A group's committed offsets, and those that open transactions will commit.
#[derive(Debug, Default)]
pub(crate) struct CommittedOffsets {
    committed: ByTopic,
    /// Offsets of open transactions, by producer id.
    pending: BTreeMap<i64, ByTopic>,
}

/// Committed offsets by topic and partition.
type ByTopic = BTreeMap<Str, BTreeMap<i32, CommittedOffset>>;

/// A committed offset: where to read on.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct CommittedOffset {
    pub(crate) offset: i64,
    /// -1 when the consumer did not say.
    pub(crate) leader_epoch: i32,
    pub(crate) metadata: Str,
}

impl CommittedOffsets {
    pub(crate) fn commit(&mut self, topic: &str, partition: i32, committed: CommittedOffset) {
        self.committed.entry(super::names::owned(topic)).or_default().insert(partition, committed);
    }

    /// Keeps a committed offset until the producer's transaction ends.
    pub(crate) fn commit_later(
        &mut self,
        producer_id: i64,
        topic: &str,
        partition: i32,
        committed: CommittedOffset,
    ) {
        let offsets = self.pending.entry(producer_id).or_default();
        offsets.entry(super::names::owned(topic)).or_default().insert(partition, committed);
    }

    /// Ends the producer's transaction: its offsets count from now on, or are forgotten.
    pub(crate) fn end_transaction(&mut self, producer_id: i64, committed: bool) {
        let offsets = self.pending.remove(&producer_id).filter(|_| committed);
        for (topic, offsets) in offsets.into_iter().flatten() {
            self.committed.entry(topic).or_default().extend(offsets);
        }
    }

    /// Whether an open transaction has an offset for the partition.
    pub(crate) fn is_unstable(&self, topic: &str, partition: i32) -> bool {
        let of = |offsets: &ByTopic| offsets.get(topic).is_some_and(|it| it.contains_key(&partition));
        self.pending.values().any(of)
    }

    pub(crate) fn committed(&self, topic: &str, partition: i32) -> Option<&CommittedOffset> {
        self.committed.get(topic)?.get(&partition)
    }

    /// All committed offsets, by topic and partition.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&Str, &BTreeMap<i32, CommittedOffset>)> {
        self.committed.iter()
    }

    /// Forgets a partition's offset, also that of an open transaction.
    pub(crate) fn forget(&mut self, topic: &str, partition: i32) {
        for offsets in self.pending.values_mut().chain([&mut self.committed]) {
            offsets.get_mut(topic).and_then(|offsets| offsets.remove(&partition));
        }
    }

    /// Forgets the offsets of deleted topics.
    pub(crate) fn forget_topics(&mut self, topics: &BTreeSet<Str>) {
        for offsets in self.pending.values_mut().chain([&mut self.committed]) {
            offsets.retain(|topic, _| !topics.contains(topic));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(offset: i64) -> CommittedOffset {
        CommittedOffset { offset, leader_epoch: -1, metadata: Str::from_static("m") }
    }

    fn of(offsets: &CommittedOffsets, topic: &str, partition: i32) -> Option<i64> {
        offsets.committed(topic, partition).map(|committed| committed.offset)
    }

    #[test]
    fn the_last_commit_counts_until_the_topic_goes() {
        let mut offsets = CommittedOffsets::default();
        offsets.commit("a", 0, at(3));
        offsets.commit("a", 0, at(5));
        offsets.commit("b", 1, at(7));
        assert_eq!(of(&offsets, "a", 0), Some(5));
        offsets.forget_topics(&BTreeSet::from([Str::from_static("a")]));
        assert_eq!(of(&offsets, "a", 0), None);
        assert_eq!(of(&offsets, "b", 1), Some(7));
        offsets.forget("b", 1);
        assert_eq!(of(&offsets, "b", 1), None);
    }

    #[test]
    fn a_transaction_decides_over_its_own() {
        let mut offsets = CommittedOffsets::default();
        offsets.commit("a", 0, at(1));
        offsets.commit_later(7, "a", 0, at(2));
        offsets.commit_later(8, "a", 1, at(3));
        assert!(offsets.is_unstable("a", 0) && offsets.is_unstable("a", 1));
        offsets.end_transaction(8, false);
        assert!(!offsets.is_unstable("a", 1));
        assert_eq!((of(&offsets, "a", 0), of(&offsets, "a", 1)), (Some(1), None));
        offsets.end_transaction(7, true);
        assert_eq!(of(&offsets, "a", 0), Some(2));
    }
}

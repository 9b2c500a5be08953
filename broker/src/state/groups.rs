//! The positions that groups commit, alone or within a transaction.

use std::collections::BTreeMap;

use upsert_kafka_protocol::{ErrorCode, Str};

/// Every group that ever committed.
#[derive(Debug, Default)]
pub(crate) struct Groups {
    by_id: BTreeMap<Str, Group>,
}

/// One group.
#[derive(Debug, Default)]
pub(crate) struct Group {
    offsets: Offsets,
    /// What transactions will have committed, by the producer.
    pending: BTreeMap<i64, Offsets>,
}

/// Positions by topic and partition.
type Offsets = BTreeMap<Str, BTreeMap<i32, Committed>>;

/// A position to go on from.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Committed {
    pub(crate) offset: i64,
    /// -1 when the consumer did not say.
    pub(crate) leader_epoch: i32,
    pub(crate) metadata: Str,
}

impl Groups {
    pub(crate) fn of(&self, id: &str) -> Option<&Group> {
        self.by_id.get(id)
    }

    /// The group, which the first commit makes.
    pub(crate) fn open(&mut self, id: &str) -> &mut Group {
        self.by_id.entry(super::owned(id)).or_default()
    }

    /// Whether a commit with that generation may be kept: as no group has members, only one without.
    pub(crate) fn check_commit(&self, generation: i32) -> Result<(), ErrorCode> {
        if generation >= 0 { Err(ErrorCode::ILLEGAL_GENERATION) } else { Ok(()) }
    }

    /// A deleted topic takes its positions with it.
    pub(crate) fn forget_topic(&mut self, topic: &str) {
        for group in self.by_id.values_mut() {
            group.offsets.remove(topic);
            group.pending.values_mut().for_each(|offsets| drop(offsets.remove(topic)));
        }
    }
}

impl Group {
    pub(crate) fn commit(&mut self, topic: &str, partition: i32, committed: Committed) {
        self.offsets.entry(super::owned(topic)).or_default().insert(partition, committed);
    }

    /// Keeps a position until the producer's transaction ends.
    pub(crate) fn commit_later(
        &mut self,
        producer_id: i64,
        topic: &str,
        partition: i32,
        committed: Committed,
    ) {
        let offsets = self.pending.entry(producer_id).or_default();
        offsets.entry(super::owned(topic)).or_default().insert(partition, committed);
    }

    /// The producer's transaction has ended: its positions count from now on, or never did.
    pub(crate) fn end_transaction(&mut self, producer_id: i64, committed: bool) {
        let offsets = self.pending.remove(&producer_id).filter(|_| committed);
        for (topic, positions) in offsets.into_iter().flatten() {
            self.offsets.entry(topic).or_default().extend(positions);
        }
    }

    /// Whether a transaction that is not decided yet has a position for the partition.
    pub(crate) fn is_unstable(&self, topic: &str, partition: i32) -> bool {
        let of = |offsets: &Offsets| offsets.get(topic).is_some_and(|it| it.contains_key(&partition));
        self.pending.values().any(of)
    }

    pub(crate) fn committed(&self, topic: &str, partition: i32) -> Option<&Committed> {
        self.offsets.get(topic)?.get(&partition)
    }

    /// All positions, by topic and partition.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&Str, &BTreeMap<i32, Committed>)> {
        self.offsets.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_commit_counts_until_the_topic_goes() {
        let at = |offset| Committed { offset, leader_epoch: -1, metadata: Str::from_static("m") };
        let mut groups = Groups::default();
        groups.open("g").commit("a", 0, at(3));
        groups.open("g").commit("a", 0, at(5));
        groups.open("g").commit("b", 1, at(7));
        groups.open("h").commit("a", 0, at(9));
        let of = |groups: &Groups, id: &str, topic: &str, partition| {
            groups.of(id).and_then(|group| group.committed(topic, partition)).map(|c| c.offset)
        };
        assert_eq!(of(&groups, "g", "a", 0), Some(5));
        assert_eq!(of(&groups, "h", "a", 0), Some(9));
        assert_eq!(of(&groups, "h", "b", 1), None);
        groups.forget_topic("a");
        assert_eq!(of(&groups, "g", "a", 0), None);
        assert_eq!(of(&groups, "g", "b", 1), Some(7));
    }
}

//! The transactional ids of one task: `<prefix>-<owner>-<N>`, of the shape of Flink's.
//!
//! An id has one live owner, and who comes later fences who was before. A task of a fixed share goes by its number, as in
//! Flink. A task of a group's member goes by the smallest partition that it owns, since a partition has one owner: when
//! that partition is taken away the next transaction is called by another, and who was given it fences whoever has not
//! heard. N is 0, since a task has one transaction at a time and so needs one id; where a program commits in two phases, the
//! smallest that no prepared transaction has. By INCREMENTING it is the number of the checkpoint, counted from 1.

use std::collections::BTreeSet;

use upsert_kafka_client::TopicPartition;

use crate::delivery_guarantee::{NamingStrategy, TransactionNaming};

/// What the transactions of one task are called, one after another.
#[derive(Clone, Debug)]
pub(crate) struct TransactionalIds {
    naming: TransactionNaming,
    owner: Owner,
    /// The checkpoint to which the next transaction belongs.
    checkpoint: u64,
    /// Ids of transactions that are prepared and not committed: none of them can be used again yet.
    prepared: BTreeSet<String>,
}

/// By whom a transaction is called.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Owner {
    /// A task of a fixed share.
    Task(usize),
    /// A task of a member, by one of its partitions; `None` while it has none.
    Partition(Option<TopicPartition>),
}

impl TransactionalIds {
    /// Of the task with this number among those with the prefix.
    pub(crate) fn of_task(naming: TransactionNaming, task: usize) -> Self {
        Self { naming, owner: Owner::Task(task), checkpoint: FIRST_CHECKPOINT, prepared: BTreeSet::new() }
    }

    /// Of a task of a member, which owns nothing yet.
    pub(crate) fn of_member(naming: TransactionNaming) -> Self {
        Self { owner: Owner::Partition(None), ..Self::of_task(naming, 0) }
    }

    /// What the next transaction is called; `None` for a member's task that owns nothing.
    pub(crate) fn current(&self) -> Option<String> {
        let owner = match &self.owner {
            Owner::Task(number) => number.to_string(),
            Owner::Partition(of) => partition_owner(of.as_ref()?),
        };
        let id = |number: u64| format!("{}-{owner}-{number}", self.naming.prefix);
        match self.naming.strategy {
            NamingStrategy::Pooling => (0..).map(id).find(|id| !self.prepared.contains(id)),
            NamingStrategy::Incrementing => Some(id(self.checkpoint)),
        }
    }

    /// The transaction of this id waits to be committed, while others are written.
    pub(crate) fn handle_prepared(&mut self, id: &str) {
        self.prepared.insert(id.to_owned());
        self.checkpoint += 1;
    }

    /// The transaction of this id, which was prepared, is committed.
    pub(crate) fn handle_ended(&mut self, id: &str) {
        self.prepared.remove(id);
    }

    /// The transaction was committed: the next one belongs to the next checkpoint.
    pub(crate) fn handle_committed(&mut self) {
        self.checkpoint += 1;
    }

    /// From its next transaction on the task goes by the smallest of these.
    pub(crate) fn set_owned(&mut self, partitions: &[TopicPartition]) {
        self.owner = Owner::Partition(partitions.iter().min().cloned());
    }

    /// The same, but the task goes by the partition that it goes by, while that is among these. A task of a fixed share
    /// keeps its number.
    pub(crate) fn keep_owned(&mut self, partitions: &[TopicPartition]) {
        match &self.owner {
            Owner::Task(_) => {}
            Owner::Partition(Some(of)) if partitions.contains(of) => {}
            Owner::Partition(_) => self.set_owned(partitions),
        }
    }

    /// The id that belongs to a partition, whoever has it.
    pub(crate) fn of_partition(&self, of: &TopicPartition) -> String {
        format!("{}-{}-0", self.naming.prefix, partition_owner(of))
    }

    /// `sink.transactional-id-prefix`
    pub(crate) fn prefix(&self) -> &str {
        &self.naming.prefix
    }

    /// Whether the task is a member of a group, which gives it its partitions.
    pub(crate) fn are_of_member(&self) -> bool {
        matches!(self.owner, Owner::Partition(_))
    }

    /// Whether the same id is used again.
    pub(crate) fn are_pooled(&self) -> bool {
        self.naming.strategy == NamingStrategy::Pooling
    }

    /// The ids under which earlier owners of these partitions may have left something open; `None` where they cannot be
    /// told without a list of those that there are.
    pub(crate) fn of_partitions(&self, partitions: &[TopicPartition]) -> Option<Vec<String>> {
        match self.naming.strategy {
            NamingStrategy::Pooling => Some(partitions.iter().map(|of| self.of_partition(of)).collect()),
            NamingStrategy::Incrementing => None,
        }
    }
}

/// The owner that an id of this prefix names.
pub(crate) fn owner_of<'a>(prefix: &str, id: &'a str) -> Option<&'a str> {
    let (owner, number) = id.strip_prefix(prefix)?.strip_prefix('-')?.rsplit_once('-')?;
    is_number(number).then_some(owner)
}

/// Whether a task of a fixed share writes under this id again and again.
pub(crate) fn is_pooled_task(prefix: &str, id: &str) -> bool {
    owner_of(prefix, id).is_some_and(is_task) && id.ends_with("-0")
}

/// Whether that owner is a task of a fixed share.
pub(crate) fn is_task(owner: &str) -> bool {
    is_number(owner)
}

/// How a member's task is called that goes by this partition.
pub(crate) fn partition_owner(of: &TopicPartition) -> String {
    format!("{}.{}", of.topic, of.partition)
}

/// Whether that owner is a member's task that goes by a partition of this topic.
pub(crate) fn is_partition(topic: &str, owner: &str) -> bool {
    owner.strip_prefix(topic).and_then(|rest| rest.strip_prefix('.')).is_some_and(is_number)
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// As Flink counts checkpoints.
const FIRST_CHECKPOINT: u64 = 1;

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(strategy: NamingStrategy) -> TransactionalIds {
        TransactionalIds::of_task(TransactionNaming { prefix: "tx-a".into(), strategy }, 3)
    }

    fn partitions(of: &[(&str, i32)]) -> Vec<TopicPartition> {
        of.iter().map(|(topic, partition)| TopicPartition::new(*topic, *partition)).collect()
    }

    /// Golden jobs 26 and 27: `tx-0-1`, `tx-0-2`, … by INCREMENTING, `tx-0-0` by POOLING.
    #[test]
    fn ids_have_the_shape_of_flinks() {
        for (strategy, expected) in [
            (NamingStrategy::Pooling, ["tx-a-3-0", "tx-a-3-0"]),
            (NamingStrategy::Incrementing, ["tx-a-3-1", "tx-a-3-2"]),
        ] {
            let mut ids = ids(strategy);
            let first = ids.current();
            ids.handle_committed();
            assert_eq!([first, ids.current()], expected.map(|id| Some(id.to_owned())));
        }
    }

    /// Flink's `ExactlyOnceKafkaWriter` by POOLING: ids that its committer holds are passed over, and come back.
    #[test]
    fn prepared_ids_are_not_used_until_they_are_committed() {
        let mut ids = ids(NamingStrategy::Pooling);
        for expected in ["tx-a-3-0", "tx-a-3-1", "tx-a-3-2"] {
            assert_eq!(ids.current().as_deref(), Some(expected));
            ids.handle_prepared(expected);
        }
        ids.handle_ended("tx-a-3-1");
        assert_eq!(ids.current().as_deref(), Some("tx-a-3-1"));
    }

    #[test]
    fn a_member_goes_by_the_smallest_partition_that_it_has() {
        let mut ids = ids(NamingStrategy::Pooling);
        ids.set_owned(&partitions(&[("b", 0), ("a", 2), ("a", 10)]));
        assert_eq!(ids.current().as_deref(), Some("tx-a-a.2-0"));
        ids.set_owned(&partitions(&[("b", 0), ("a", 10)]));
        assert_eq!(ids.current().as_deref(), Some("tx-a-a.10-0"));
        ids.set_owned(&[]);
        assert_eq!(ids.current(), None);
    }

    /// With each other id a task must claim its partitions anew.
    #[test]
    fn a_member_that_claims_keeps_its_id_while_it_has_that_partition() {
        let mut ids = ids(NamingStrategy::Pooling);
        ids.set_owned(&partitions(&[("a", 2)]));
        ids.keep_owned(&partitions(&[("a", 1), ("a", 2)]));
        assert_eq!(ids.current().as_deref(), Some("tx-a-a.2-0"));
        ids.keep_owned(&partitions(&[("a", 1), ("a", 3)]));
        assert_eq!(ids.current().as_deref(), Some("tx-a-a.1-0"));
        let mut fixed = super::TransactionalIds::of_task(ids.naming.clone(), 3);
        fixed.keep_owned(&partitions(&[("a", 1)]));
        assert_eq!(fixed.current().as_deref(), Some("tx-a-3-0"));
    }

    #[test]
    fn an_id_tells_its_owner_and_other_prefixes_are_told_apart() {
        for (id, owner) in [
            ("tx-3-0", Some("3")),
            ("tx-in-1.2-17", Some("in-1.2")),
            ("tx-a-3-0", Some("a-3")),
            ("tx-3", None),
            ("tx-3-x", None),
            ("ty-3-0", None),
            ("tx", None),
        ] {
            assert_eq!(owner_of("tx", id), owner, "{id}");
        }
        assert!(
            is_pooled_task("tx", "tx-3-0")
                && !is_pooled_task("tx", "tx-3-10")
                && !is_pooled_task("tx", "tx-in.3-0")
        );
        assert!(is_partition("in", "in.12") && !is_partition("in", "in.a") && !is_partition("in", "in-1.2"));
        assert!(is_task("3") && !is_task("a-3") && !is_task("") && !is_task("in.2"));
    }

    #[test]
    fn what_earlier_owners_of_partitions_were_called_is_known_but_by_incrementing() {
        let given = partitions(&[("in", 0), ("in", 1)]);
        let known = ids(NamingStrategy::Pooling).of_partitions(&given);
        assert_eq!(known, Some(vec!["tx-a-in.0-0".to_owned(), "tx-a-in.1-0".to_owned()]));
        assert_eq!(ids(NamingStrategy::Incrementing).of_partitions(&given), None);
    }
}

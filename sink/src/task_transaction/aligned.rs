//! What tasks keep that share a transaction: who waits for its commit, with which positions.

use std::collections::BTreeMap;

use tokio::sync::{oneshot, watch};
use upsert_kafka_client::{Commit, GroupMetadata, TopicPartition};

use super::alignment::Alignment;

/// Of the tasks that read.
#[derive(Default)]
pub(super) struct Aligned {
    pub(super) alignment: Alignment,
    /// At most one for each reader.
    pub(super) arrivals: Vec<Arrival>,
    /// Whether a checkpoint is asked for.
    pub(super) due: watch::Sender<bool>,
    /// Whether a group took partitions from one of them whose rows are in the transaction.
    pub(super) is_lost: bool,
    /// What each reader owns, of those that are members of groups.
    pub(super) owned: BTreeMap<usize, Vec<TopicPartition>>,
}

/// A task that stands still.
pub(super) struct Arrival {
    pub(super) positions: Vec<Commit>,
    pub(super) group: Option<GroupMetadata>,
    /// Tells what came of it.
    pub(super) done: oneshot::Sender<Result<Made, String>>,
}

/// What came of a checkpoint of all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Made {
    Committed,
    /// All go back to what was committed before.
    Undone,
}

impl Aligned {
    /// Nothing is committed any more, so nobody waits for it.
    pub(super) fn dismiss(&mut self, why: &str) {
        for arrival in std::mem::take(&mut self.arrivals) {
            // Who was cut off hears nothing.
            _ = arrival.done.send(Err(why.to_owned()));
        }
    }
}

impl Arrival {
    /// What the transaction is to keep of it.
    pub(super) fn moved(&self) -> Option<(&[Commit], &GroupMetadata)> {
        let group = self.group.as_ref()?;
        (!self.positions.is_empty()).then_some((&self.positions[..], group))
    }
}

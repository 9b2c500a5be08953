//! The open transaction: who takes part in it, and what its coordinator knows of it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use super::ticket::Ticket;
use crate::producer::coordinator_request::Protocol;
use crate::producer::offsets::Offsets;
use crate::producer::partition::Partition;

/// A transaction from its begin to its end, an error in between included.
#[derive(Debug)]
pub(super) struct OngoingTransaction {
    origin: Origin,
    pub(super) registration: Registration,
    /// The end of this transaction must be followed by a new epoch, and does not give one itself.
    pub(super) needs_epoch_bump: bool,
    /// Its partitions by number; under KIP-890 writing adds them, and none is kept here.
    partitions: BTreeMap<usize, TransactionPartition>,
    /// Groups that AddOffsetsToTxn has added.
    groups: BTreeSet<Arc<str>>,
    /// Offsets that their groups have not accepted yet.
    offsets: VecDeque<(Option<Ticket>, Offsets)>,
}

/// Who began it.
#[derive(Clone, Copy, Debug)]
enum Origin {
    /// This producer, which speaks this protocol until the end.
    Begun(Protocol),
    /// Another process: it is ended by the protocol that the coordinator offers (KIP-939).
    Resumed,
}

/// What the coordinator knows of the transaction, as far as can be told from here. It only grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Registration {
    /// Nothing, since nothing was sent.
    Nothing,
    /// A request that adds a participant was sent; it may have been refused or lost.
    Requested,
    /// At least one participant was acknowledged.
    Acknowledged,
    /// The coordinator lost the transactional id, and the transaction with it.
    Lost,
}

/// A partition of the transaction.
#[derive(Debug)]
struct TransactionPartition {
    partition: Arc<Partition>,
    stage: AddStage,
}

/// How far AddPartitionsToTxn has come with a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum AddStage {
    New,
    Requested,
    Added,
}

impl OngoingTransaction {
    /// Begun here; its coordinator knows nothing of it yet.
    pub(super) fn begun(protocol: Protocol) -> Self {
        Self {
            origin: Origin::Begun(protocol),
            registration: Registration::Nothing,
            needs_epoch_bump: false,
            partitions: BTreeMap::new(),
            groups: BTreeSet::new(),
            offsets: VecDeque::new(),
        }
    }

    /// Begun by another process, whose sequences are not known here: only a new epoch lets this one write.
    pub(super) fn resumed() -> Self {
        Self {
            origin: Origin::Resumed,
            registration: Registration::Acknowledged,
            needs_epoch_bump: true,
            ..Self::begun(Protocol::Classic)
        }
    }

    /// The protocol by which partitions and groups are added.
    pub(super) fn protocol(&self) -> Protocol {
        self.requested_protocol().unwrap_or(Protocol::Classic)
    }

    /// The protocol of its requests; `None` takes the one that the coordinator offers.
    pub(super) fn requested_protocol(&self) -> Option<Protocol> {
        match self.origin {
            Origin::Begun(protocol) => Some(protocol),
            Origin::Resumed => None,
        }
    }

    /// Whether another process began it.
    pub(super) fn is_resumed(&self) -> bool {
        self.requested_protocol().is_none()
    }

    /// Whether its end gives no new epoch.
    pub(super) fn keeps_epoch(&self) -> bool {
        self.protocol() == Protocol::Classic
    }

    /// The coordinator knows at least so much now.
    pub(super) fn register(&mut self, registration: Registration) {
        self.registration = self.registration.max(registration);
    }

    /// Whether a batch of this partition may leave: under the classic protocol the partition is added first.
    pub(super) fn admit(&mut self, partition: &Arc<Partition>) -> bool {
        if self.protocol() == Protocol::V2 {
            return true;
        }
        let new = || TransactionPartition { partition: Arc::clone(partition), stage: AddStage::New };
        self.partitions.entry(partition.number).or_insert_with(new).stage == AddStage::Added
    }

    /// The partitions that are to be added, by topic; they count as requested from now on.
    pub(super) fn request_partitions(&mut self) -> BTreeMap<Arc<str>, Vec<i32>> {
        let mut topics: BTreeMap<_, Vec<i32>> = BTreeMap::new();
        for it in self.partitions.values_mut().filter(|it| it.stage != AddStage::Added) {
            it.stage = AddStage::Requested;
            topics.entry(Arc::clone(&it.partition.topic)).or_default().push(it.partition.index);
        }
        topics
    }

    /// The coordinator has added those that were requested.
    pub(super) fn partitions_added(&mut self) {
        let requested = self.partitions.values_mut().filter(|it| it.stage == AddStage::Requested);
        requested.for_each(|it| it.stage = AddStage::Added);
    }

    /// Offsets that a group is to accept with the transaction.
    pub(super) fn push_offsets(&mut self, ticket: Option<Ticket>, offsets: Offsets) {
        self.offsets.push_back((ticket, offsets));
    }

    /// The offsets whose turn it is.
    pub(super) fn next_offsets(&self) -> Option<&Offsets> {
        self.offsets.front().map(|(_, offsets)| offsets)
    }

    /// Whether AddOffsetsToTxn must come before TxnOffsetCommit.
    pub(super) fn must_add_group(&self, group: &str) -> bool {
        self.protocol() == Protocol::Classic && !self.groups.contains(group)
    }

    /// The coordinator has added the group of the offsets whose turn it is.
    pub(super) fn group_added(&mut self) {
        if let Some(offsets) = self.next_offsets() {
            let group = Arc::clone(&offsets.group.group_id);
            self.groups.insert(group);
        }
    }

    /// The group has accepted the offsets whose turn it was; returns who awaits that.
    pub(super) fn offsets_accepted(&mut self) -> Option<Ticket> {
        self.offsets.pop_front()?.0
    }

    /// The transaction will not be committed: nothing more joins it. Returns who awaited that.
    pub(super) fn give_up_requests(&mut self) -> Vec<Ticket> {
        self.partitions.retain(|_, it| it.stage == AddStage::Added);
        std::mem::take(&mut self.offsets).into_iter().filter_map(|(ticket, _)| ticket).collect()
    }
}

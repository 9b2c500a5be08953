//! The group coordinator of all nodes: every group, and the connections whose requests wait in one.
//!
//! Whatever touches a group marks it as changed. `collect_answers` then takes what changed groups have to say, renews
//! their deadlines, and returns the watch keys of the connections that have an answer now.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use upsert_kafka_protocol::{ErrorCode, Str, Uuid};

use super::Refusal;
use super::classic_group::{ClassicGroup, GroupAnswer};
use super::committed_offsets::CommittedOffsets;
use super::committer::Committer;
use super::consumer_group::ConsumerGroup;
use super::deadlines::Deadlines;
use super::group::{Group, Members};
use crate::wait::PeerId;
use crate::wait::WatchKey;

/// Groups by their ids.
#[derive(Debug, Default)]
pub(crate) struct Groups {
    by_id: BTreeMap<Str, Group>,
    deadlines: Deadlines<Str>,
    /// Groups that may have changed since `collect_answers`: they may have answers, and other deadlines.
    changed: BTreeSet<Str>,
    /// Connections with a JoinGroup or SyncGroup that a group has heard, and the answer once there is one.
    waiting: BTreeMap<PeerId, Option<GroupAnswer>>,
}

impl Groups {
    pub(crate) fn of(&self, id: &str) -> Option<&Group> {
        self.by_id.get(id)
    }

    pub(crate) fn of_mut(&mut self, id: &str) -> Option<&mut Group> {
        let group = self.by_id.get_mut(id)?;
        self.changed.insert(super::names::owned(id));
        Some(group)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Str, &Group)> {
        self.by_id.iter()
    }

    /// The group; it is made if there is none yet.
    pub(crate) fn open(&mut self, id: &str) -> &mut Group {
        let id = super::names::owned(id);
        self.changed.insert(id.clone());
        self.by_id.entry(id).or_default()
    }

    /// The group's committed offsets; the group is made if there is none yet.
    pub(crate) fn offsets(&mut self, id: &str) -> &mut CommittedOffsets {
        &mut self.open(id).offsets
    }

    /// A classic group.
    pub(crate) fn classic_mut(&mut self, id: &str) -> Option<&mut ClassicGroup> {
        match &mut self.of_mut(id)?.members {
            Members::Classic(group) => Some(group),
            Members::Consumer(_) => None,
        }
    }

    /// A consumer group.
    pub(crate) fn consumer_mut(&mut self, id: &str) -> Option<&mut ConsumerGroup> {
        match &mut self.of_mut(id)?.members {
            Members::Consumer(group) => Some(group),
            Members::Classic(_) => None,
        }
    }

    /// A classic group; it is made if there is none yet, or one of another type without members.
    pub(crate) fn open_classic(&mut self, id: &str) -> Option<&mut ClassicGroup> {
        let group = self.open(id);
        if group.is_empty() && matches!(group.members, Members::Consumer(_)) {
            group.members = Members::Classic(ClassicGroup::default());
        }
        self.classic_mut(id)
    }

    /// Lets a member join a consumer group. One that is not there yet, or is of another type and without members, is made
    /// if the member may join.
    pub(crate) fn join_consumer<A>(
        &mut self,
        id: &str,
        join: impl FnOnce(&mut ConsumerGroup) -> Result<A, Refusal>,
    ) -> Result<A, Refusal> {
        if let Some(group) = self.consumer_mut(id) {
            return join(group);
        }
        if self.of(id).is_some_and(|group| !group.is_empty()) {
            let message = format!(
                "Cannot upgrade classic group {id} to consumer group because online upgrade is disabled."
            );
            return Err(Refusal::new(ErrorCode::GROUP_ID_NOT_FOUND, message));
        }
        let mut group = ConsumerGroup::new(super::names::owned(id));
        let answer = join(&mut group)?;
        self.open(id).members = Members::Consumer(group);
        Ok(answer)
    }

    /// Whether a commit of this member may be kept.
    pub(crate) fn check_commit(&self, id: &str, by: Committer<'_>) -> Result<(), ErrorCode> {
        match self.of(id) {
            Some(group) => group.check_commit(by),
            None if by.epoch >= 0 => Err(ErrorCode::GROUP_ID_NOT_FOUND),
            None => Ok(()),
        }
    }

    /// Whether such a commit may be kept for the partition.
    pub(crate) fn check_partition(
        &self,
        id: &str,
        by: Committer<'_>,
        (topic, index): (Uuid, i32),
    ) -> Result<(), ErrorCode> {
        self.of(id).map_or(Ok(()), |group| group.check_partition(by, topic, index))
    }

    /// Deletes a group that has no members.
    pub(crate) fn delete(&mut self, id: &str) -> Result<(), ErrorCode> {
        match self.of(id).map(Group::is_empty) {
            None => Err(ErrorCode::GROUP_ID_NOT_FOUND),
            Some(true) => {
                self.by_id.remove(id);
                self.changed.insert(super::names::owned(id));
                Ok(())
            }
            Some(false) => Err(ErrorCode::NON_EMPTY_GROUP),
        }
    }

    /// Forgets the offsets that were committed for deleted topics.
    pub(crate) fn forget_topics(&mut self, topics: &BTreeSet<Str>) {
        if !topics.is_empty() {
            self.by_id.values_mut().for_each(|group| group.offsets.forget_topics(topics));
        }
    }

    /// Whether a group has heard the connection's request already; from now on it counts as heard.
    pub(crate) fn admit(&mut self, peer: PeerId) -> bool {
        let known = self.waiting.contains_key(&peer);
        self.waiting.entry(peer).or_default();
        known
    }

    /// The answer to the connection's request, if there is one.
    pub(crate) fn answer(&mut self, peer: PeerId) -> Option<GroupAnswer> {
        let answer = self.waiting.get_mut(&peer)?.take()?;
        self.waiting.remove(&peer);
        Some(answer)
    }

    /// Forgets a connection that is gone. A member that joined by it counts as joined, as in Kafka.
    pub(crate) fn remove_peer(&mut self, peer: PeerId) {
        self.waiting.remove(&peer);
    }

    /// When the next group is to be looked at. Only right after [`collect_answers`](Self::collect_answers).
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.deadlines.next()
    }

    /// Does what is due in groups: members expire, rebalances end.
    pub(crate) fn expire(&mut self, now: Instant) {
        for id in self.deadlines.due(now) {
            if let Some(group) = self.of_mut(&id) {
                group.expire(now);
            }
        }
    }

    /// Takes the answers of changed groups; returns the watch keys of the connections that have one.
    pub(crate) fn collect_answers(&mut self) -> Vec<WatchKey> {
        let mut told = Vec::new();
        for id in std::mem::take(&mut self.changed) {
            let group = self.by_id.get_mut(&id);
            self.deadlines.set(&id, group.as_ref().and_then(|group| group.deadline()));
            for (peer, answer) in group.map(Group::take_answers).unwrap_or_default() {
                if let Some(waiting) = self.waiting.get_mut(&peer) {
                    *waiting = Some(answer);
                    told.push(WatchKey::Peer(peer));
                }
            }
        }
        told
    }
}

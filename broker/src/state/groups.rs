//! The group coordinator of all nodes: every group, and the connections whose requests wait in one.
//!
//! Whatever touches a group marks it as changed. `collect_answers` then takes what changed groups have to say, renews
//! their deadlines, and returns the watch keys of the connections that have an answer now.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use upsert_kafka_protocol::{ErrorCode, Str};

use super::committed_offsets::CommittedOffsets;
use super::deadlines::Deadlines;
use super::group::{Group, GroupAnswer, GroupState};
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

    /// Whether a commit of this member in this generation may be kept.
    pub(crate) fn check_commit(
        &self,
        id: &str,
        (generation, member_id, instance): (i32, &str, Option<&str>),
        transactional: bool,
    ) -> Result<(), ErrorCode> {
        match self.of(id) {
            Some(group) => group.check_commit(generation, member_id, instance, transactional),
            None if generation >= 0 => Err(ErrorCode::GROUP_ID_NOT_FOUND),
            None => Ok(()),
        }
    }

    /// Deletes a group that has no members.
    pub(crate) fn delete(&mut self, id: &str) -> Result<(), ErrorCode> {
        match self.of(id).map(|group| group.state) {
            None => Err(ErrorCode::GROUP_ID_NOT_FOUND),
            Some(GroupState::Empty) => {
                self.by_id.remove(id);
                self.changed.insert(super::names::owned(id));
                Ok(())
            }
            Some(_) => Err(ErrorCode::NON_EMPTY_GROUP),
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

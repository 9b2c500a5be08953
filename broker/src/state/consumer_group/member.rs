//! One member of a consumer group: what it says of itself, what it has, and when it expires.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use upsert_kafka_protocol::{Str, Uuid};

use super::ConsumerHeartbeat;
use crate::state::assignor::Assignor;
use crate::state::names::owned;

/// The epoch of a static member that has left and may come back.
pub(super) const LEFT_FOR_A_WHILE: i32 = -2;

/// What a member has: by topic and partition the epoch in which it was given.
pub(crate) type Owned = BTreeMap<Uuid, BTreeMap<i32, i32>>;

/// A member with its subscription and its assignment.
#[derive(Clone, Debug)]
pub(crate) struct ConsumerGroupMember {
    /// The name of a static member.
    pub(crate) instance: Option<Str>,
    pub(crate) rack: Option<Str>,
    pub(crate) client_id: Str,
    /// How long it may take to give up partitions.
    pub(super) rebalance_timeout: Duration,
    /// The assignor that it asks for.
    pub(super) assignor: Option<Assignor>,
    /// The topics that it is subscribed to by name.
    pub(crate) names: BTreeSet<Str>,
    /// The pattern of topics that it is subscribed to; empty for none.
    pub(crate) regex: Str,
    pub(crate) epoch: i32,
    /// The one before, for when the answer with the new one is lost.
    pub(super) previous_epoch: i32,
    pub(super) state: MemberState,
    /// What it has and may keep.
    pub(crate) owned: Owned,
    /// When it expires unless it is heard of.
    session_due: Instant,
}

/// ```text
///             it has something to give up             it has given that up
///   Stable ─────────────────────────► UnrevokedPartitions ───────────────► Stable
///     │  ▲                                                                 or
///     │  └───────────────── UnreleasedPartitions ◄──────────────────────── UnreleasedPartitions
///     └──────────────────────────────►
///        others have yet to give up what it is to have
/// ```
#[derive(Clone, Debug, PartialEq)]
pub(super) enum MemberState {
    /// It has all that the target of its epoch gives it.
    Stable,
    /// It has not said yet that it has given these up; it stays in its epoch until it has.
    UnrevokedPartitions { revoked: Owned, due: Option<Instant> },
    /// It is in the epoch of the target, and waits for partitions that others have.
    UnreleasedPartitions,
}

impl ConsumerGroupMember {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            instance: None,
            rack: None,
            client_id: Str::default(),
            rebalance_timeout: Duration::ZERO,
            assignor: None,
            names: BTreeSet::new(),
            regex: Str::default(),
            epoch: 0,
            previous_epoch: 0,
            state: MemberState::Stable,
            owned: Owned::new(),
            session_due: now,
        }
    }

    /// Takes over what a heartbeat says; fields that are null have not changed.
    pub(super) fn update(&mut self, beat: &ConsumerHeartbeat<'_>) {
        let request = beat.request;
        if let Some(instance) = &request.instance_id {
            self.instance = Some(owned(instance));
        }
        if let Some(rack) = &request.rack_id {
            self.rack = Some(owned(rack));
        }
        if let Ok(timeout_ms) = u64::try_from(request.rebalance_timeout_ms) {
            self.rebalance_timeout = Duration::from_millis(timeout_ms);
        }
        if let Some(assignor) = &request.server_assignor {
            self.assignor = Assignor::by_name(assignor);
        }
        if let Some(names) = &request.subscribed_topic_names {
            self.names = names.iter().map(|name| owned(name)).collect();
        }
        if let Some(regex) = &request.subscribed_topic_regex {
            self.regex = owned(regex);
        }
        if self.client_id != *beat.client_id {
            self.client_id = owned(beat.client_id);
        }
        self.session_due = beat.now + beat.limits.session_timeout;
    }

    /// Goes to an epoch, which may be the same.
    pub(super) fn go_to(&mut self, epoch: i32) {
        self.previous_epoch = self.epoch;
        self.epoch = epoch;
    }

    pub(super) fn has_come_to(&self, epoch: i32) -> bool {
        self.state == MemberState::Stable && self.epoch == epoch
    }

    /// What it has been told to give up and may still have.
    pub(super) fn revoked(&self) -> Option<&Owned> {
        match &self.state {
            MemberState::UnrevokedPartitions { revoked, .. } => Some(revoked),
            MemberState::Stable | MemberState::UnreleasedPartitions => None,
        }
    }

    /// The epoch in which it was given the partition, if it has it.
    pub(super) fn given_in(&self, topic: Uuid, index: i32) -> Option<i32> {
        let of = |owned: &Owned| owned.get(&topic).and_then(|partitions| partitions.get(&index)).copied();
        of(&self.owned).or_else(|| self.revoked().and_then(of))
    }

    /// What nobody else may have: what it has and what it is giving up.
    pub(crate) fn all_owned(&self) -> impl Iterator<Item = (Uuid, i32)> {
        let all = self.owned.iter().chain(self.revoked().into_iter().flatten());
        all.flat_map(|(topic, partitions)| partitions.keys().map(|index| (*topic, *index)))
    }

    /// When it expires.
    pub(super) fn deadline(&self) -> Instant {
        match self.state {
            MemberState::UnrevokedPartitions { due: Some(due), .. } => due.min(self.session_due),
            _ => self.session_due,
        }
    }

    /// Leaves as a static member does that will come back: it has given up what it was to give up, and keeps the rest.
    pub(super) fn leave_for_a_while(&mut self) {
        self.epoch = LEFT_FOR_A_WHILE;
        if let MemberState::UnrevokedPartitions { revoked, due } = &mut self.state {
            (*revoked, *due) = (Owned::new(), None);
        }
        self.owned.values_mut().flat_map(BTreeMap::values_mut).for_each(|epoch| *epoch = 0);
    }
}

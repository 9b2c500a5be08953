//! The rebalance of a group: who is waited for, until when, who leads, and which protocol is selected.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use upsert_kafka_protocol::{ErrorCode, Str};

use super::member::Member;
use super::{ClassicGroup, ClassicGroupState, DelayedJoin};

/// When nobody has joined in time, members are waited for once more, for at least this long.
const LATER_JOIN_DELAY_MIN: Duration = Duration::from_secs(1);

impl ClassicGroup {
    /// When [`expire`](Self::expire) is to be called next.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let joining = self.delayed_join.map(|joining| match joining {
            DelayedJoin::Initial { due, .. } | DelayedJoin::Later { due } => due,
        });
        let members = self.members.iter().filter_map(Member::deadline);
        members.chain(self.pending.values().copied()).chain(joining).chain(self.sync_due).min()
    }

    /// Does what is due: removes members and ids that are not heard of, and ends a rebalance whose time is over.
    pub(crate) fn expire(&mut self, now: Instant) {
        self.pending.retain(|_, due| *due > now);
        self.complete_if_all_joined(now);
        let late = |member: &Member| member.deadline().is_some_and(|due| due <= now);
        while let Some(at) = self.members.iter().position(late) {
            self.remove(at, now);
        }
        if self.sync_due.take_if(|due| *due <= now).is_some() {
            while let Some(at) = self.members.iter().position(|member| !member.synced) {
                self.dismiss(at, ErrorCode::UNKNOWN_MEMBER_ID);
                self.drop_member(at);
            }
            self.rebalance(Duration::ZERO, now);
        }
        match &mut self.delayed_join {
            Some(DelayedJoin::Initial { due, latest, delay, newcomer }) if *due <= now => {
                let longer = (*due + *delay).min(*latest);
                if std::mem::take(newcomer) && longer > now {
                    *due = longer;
                } else {
                    self.complete(now);
                }
            }
            Some(DelayedJoin::Later { due }) if *due <= now => self.complete(now),
            _ => {}
        }
    }

    /// Begins a rebalance, or ends the present one when all have joined.
    pub(super) fn rebalance(&mut self, initial_delay: Duration, now: Instant) {
        if self.state == ClassicGroupState::PreparingRebalance {
            return self.complete_if_all_joined(now);
        }
        for at in 0..self.members.len() {
            let member = &mut self.members[at];
            if let Some(peer) = member.syncing.take() {
                member.renew(now);
                self.refuse_sync(peer, ErrorCode::REBALANCE_IN_PROGRESS);
            }
        }
        self.sync_due = None;
        let latest = now + self.rebalance_timeout();
        let first = self.state == ClassicGroupState::Empty;
        self.state = ClassicGroupState::PreparingRebalance;
        if first {
            let due = (now + initial_delay).min(latest);
            self.delayed_join =
                Some(DelayedJoin::Initial { due, latest, delay: initial_delay, newcomer: false });
            if due <= now {
                self.complete(now);
            }
        } else {
            self.delayed_join = Some(DelayedJoin::Later { due: latest });
            self.complete_if_all_joined(now);
        }
    }

    pub(super) fn complete_if_all_joined(&mut self, now: Instant) {
        let all = self.pending.is_empty() && self.members.iter().all(|member| member.joining.is_some());
        if all && matches!(self.delayed_join, Some(DelayedJoin::Later { .. })) {
            self.complete(now);
        }
    }

    /// Begins the next generation. Its members are those that have joined, and static ones also if they have not.
    fn complete(&mut self, now: Instant) {
        let gone = |member: &Member| member.joining.is_none() && member.instance.is_none();
        while let Some(at) = self.members.iter().position(gone) {
            self.drop_member(at);
        }
        if !self.members.is_empty() && !self.elect_leader() {
            let due = now + self.rebalance_timeout().max(LATER_JOIN_DELAY_MIN);
            self.delayed_join = Some(DelayedJoin::Later { due });
            return;
        }
        self.delayed_join = None;
        self.generation += 1;
        if self.members.is_empty() {
            (self.state, self.protocol) = (ClassicGroupState::Empty, None);
            return;
        }
        self.protocol = self.select_protocol();
        self.state = ClassicGroupState::CompletingRebalance;
        self.sync_due = Some(now + self.rebalance_timeout());
        for at in 0..self.members.len() {
            self.members[at].settle(now);
            if let Some(peer) = self.members[at].joining.take() {
                let leads = self.leads(at);
                self.answer_join(at, peer, leads, false);
            }
        }
    }

    /// Keeps the leader if it has joined, or else elects another; false when nobody has joined.
    fn elect_leader(&mut self) -> bool {
        let joined = |member: &&Member| member.joining.is_some();
        let leader = self.members.iter().find(|member| Some(&member.id) == self.leader.as_ref());
        if let Some(next) = leader.filter(joined).or_else(|| self.members.iter().find(joined)) {
            self.leader = Some(next.id.clone());
            return true;
        }
        false
    }

    /// Selects the protocol that all members know and most prefer; the first member's order decides between equals.
    pub(super) fn select_protocol(&self) -> Option<Str> {
        let common = |name: &&Str| self.members.iter().all(|member| member.knows(name));
        let candidates: Vec<_> = self.members.first()?.protocols().filter(common).collect();
        let mut votes: BTreeMap<&Str, usize> = candidates.iter().map(|name| (*name, 0)).collect();
        for member in &self.members {
            let choice = member.protocols().find(|name| votes.contains_key(name));
            if let Some(count) = choice.and_then(|name| votes.get_mut(name)) {
                *count += 1;
            }
        }
        candidates.iter().rev().max_by_key(|name| votes[**name]).map(|name| (*name).clone())
    }

    pub(super) fn remove(&mut self, at: usize, now: Instant) {
        self.dismiss(at, ErrorCode::UNKNOWN_MEMBER_ID);
        self.drop_member(at);
        self.rebalance(Duration::ZERO, now);
    }

    fn drop_member(&mut self, at: usize) {
        let member = self.members.remove(at);
        if self.leader.as_ref() == Some(&member.id) {
            self.leader = self.members.first().map(|member| member.id.clone());
        }
    }

    /// The greatest rebalance timeout of the members.
    fn rebalance_timeout(&self) -> Duration {
        self.members.iter().map(|member| member.rebalance_timeout).max().unwrap_or_default()
    }
}

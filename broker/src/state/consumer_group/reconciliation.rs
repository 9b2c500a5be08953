//! How a member comes from what it has to what it is to have: Kafka's `CurrentAssignmentBuilder`.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use upsert_kafka_protocol::messages::consumer_group_heartbeat::TopicPartitions;
use upsert_kafka_protocol::{Str, Uuid};

use super::member::{ConsumerGroupMember, MemberState, Owned};
use super::{ConsumerGroup, ConsumerHeartbeat};
use crate::state::assignor::Partitions;

/// What a member is to come to, and what is known about where it is.
struct Goal<'a> {
    epoch: i32,
    target: &'a Partitions,
    /// The topics that it is subscribed to now, which may be others than when the target was made.
    subscribed: BTreeSet<Uuid>,
    /// Whether nobody else has the partition.
    is_free: &'a dyn Fn((Uuid, i32)) -> bool,
    /// What it says that it has; `None` when it does not say.
    has: Option<&'a [TopicPartitions]>,
    now: Instant,
}

/// What a member keeps, gives up and is given on its way.
#[derive(Default)]
struct NextStep {
    kept: Owned,
    revoked: Owned,
    given: Vec<(Uuid, i32)>,
    /// Others have something that it is to have.
    waits: bool,
}

impl ConsumerGroup {
    /// Brings a member as close to its target as can be now.
    pub(super) fn reconcile(&mut self, id: &Str, resubscribed: bool, beat: &ConsumerHeartbeat<'_>) {
        let Some(member) = self.members.get(id) else { return };
        if !resubscribed && member.has_come_to(self.assignment_epoch) {
            return;
        }
        let none = Partitions::new();
        let goal = Goal {
            epoch: self.assignment_epoch,
            target: self.target.get(id).unwrap_or(&none),
            subscribed: self.topics.ids_of(member, beat.topics),
            is_free: &|partition| self.owners.get(&partition).is_none_or(|owner| owner == id),
            has: beat.request.topic_partitions.as_deref(),
            now: beat.now,
        };
        let mut next = member.clone();
        next.step(&goal, resubscribed);
        for partition in member.all_owned() {
            self.owners.remove(&partition);
        }
        self.owners.extend(next.all_owned().map(|partition| (partition, id.clone())));
        self.members.insert(id.clone(), next);
    }
}

impl ConsumerGroupMember {
    fn step(&mut self, goal: &Goal<'_>, resubscribed: bool) {
        match &self.state {
            MemberState::Stable if self.epoch != goal.epoch => self.advance(goal),
            MemberState::Stable if resubscribed => self.drop_unsubscribed(goal),
            MemberState::Stable => {}
            MemberState::UnrevokedPartitions { revoked, .. } if !goal.has_any_of(revoked) => {
                self.advance(goal)
            }
            MemberState::UnrevokedPartitions { .. } if resubscribed => self.drop_unsubscribed(goal),
            MemberState::UnrevokedPartitions { .. } => {}
            MemberState::UnreleasedPartitions => self.advance(goal),
        }
    }

    /// Goes to the epoch of the target, unless there is something to give up first.
    fn advance(&mut self, goal: &Goal<'_>) {
        let NextStep { kept, revoked, given, waits } = goal.next_step(&self.owned);
        self.owned = kept;
        if !revoked.is_empty() && goal.has_any_of(&revoked) {
            return self.give_up(revoked, goal.now);
        }
        for (topic, index) in given {
            self.owned.entry(topic).or_default().insert(index, goal.epoch);
        }
        self.go_to(goal.epoch);
        self.state = if waits { MemberState::UnreleasedPartitions } else { MemberState::Stable };
    }

    /// Takes from it what it is no longer subscribed to, within its epoch.
    fn drop_unsubscribed(&mut self, goal: &Goal<'_>) {
        let (kept, dropped): (Owned, Owned) = std::mem::take(&mut self.owned)
            .into_iter()
            .partition(|(topic, _)| goal.subscribed.contains(topic));
        self.owned = kept;
        if dropped.is_empty() {
            return;
        }
        let mut revoked = self.revoked().cloned().unwrap_or_default();
        for (topic, partitions) in dropped {
            revoked.entry(topic).or_default().extend(partitions);
        }
        if goal.has_any_of(&revoked) {
            self.give_up(revoked, goal.now);
        } else {
            self.go_to(self.epoch);
        }
    }

    fn give_up(&mut self, revoked: Owned, now: Instant) {
        let due = Some(now + self.rebalance_timeout);
        self.go_to(self.epoch);
        self.state = MemberState::UnrevokedPartitions { revoked, due };
    }
}

impl Goal<'_> {
    fn next_step(&self, owned: &Owned) -> NextStep {
        let mut next = NextStep::default();
        let none = BTreeSet::new();
        let target = |topic: &Uuid| match self.subscribed.contains(topic) {
            true => self.target.get(topic).unwrap_or(&none),
            false => &none,
        };
        for (topic, partitions) in owned {
            let target = target(topic);
            let (kept, revoked): (BTreeMap<_, _>, BTreeMap<_, _>) =
                partitions.iter().partition(|(index, _)| target.contains(index));
            next.kept.extend((!kept.is_empty()).then_some((*topic, kept)));
            next.revoked.extend((!revoked.is_empty()).then_some((*topic, revoked)));
        }
        for topic in self.target.keys() {
            let own = owned.get(topic);
            for index in target(topic).iter().filter(|index| own.is_none_or(|own| !own.contains_key(index))) {
                match (self.is_free)((*topic, *index)) {
                    true => next.given.push((*topic, *index)),
                    false => next.waits = true,
                }
            }
        }
        next
    }

    /// Whether the member has any of these still; one that does not say what it has may have all.
    fn has_any_of(&self, revoked: &Owned) -> bool {
        self.has.is_none_or(|has| {
            has.iter().any(|topic| {
                let revoked = revoked.get(&topic.topic_id);
                revoked.is_some_and(|them| topic.partitions.iter().any(|index| them.contains_key(index)))
            })
        })
    }
}

//! The uniform assignor where members are subscribed to different topics: Kafka's
//! `UniformHeterogeneousAssignmentBuilder`.
//!
//! Members keep what they are still subscribed to. What nobody has goes to the subscriber that has the least. Then
//! topic by topic, again and again, partitions move from subscribers that have most to those that have least, until
//! they differ by one at most.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use upsert_kafka_protocol::Uuid;

use super::{GroupSpec, Partitions};

/// How often topics are gone through. Where subscriptions overlap, each round about halves what is out of balance.
const ROUNDS_MAX: usize = 16;

pub(super) fn assign(group: &GroupSpec<'_>) -> Vec<Partitions> {
    let mut balance = Balance::new(group);
    for topic in balance.sorted(|_| true) {
        balance.assign_remaining(topic);
    }
    balance.even_out();
    balance.targets(group.members.len())
}

/// Who has which partition, on the way to a balanced assignment. Members are known by their places.
struct Balance {
    subscribers: BTreeMap<Uuid, Vec<usize>>,
    owners: BTreeMap<Uuid, Vec<Option<usize>>>,
    /// How many partitions each member has.
    loads: Vec<usize>,
}

impl Balance {
    fn new(group: &GroupSpec<'_>) -> Self {
        let mut balance = Self {
            subscribers: BTreeMap::new(),
            owners: BTreeMap::new(),
            loads: vec![0; group.members.len()],
        };
        for (topic, count) in &group.partitions {
            balance.owners.insert(*topic, vec![None; usize::try_from(*count).unwrap_or(0)]);
        }
        for (at, member) in group.members.iter().enumerate() {
            for topic in &member.topics {
                balance.subscribers.entry(*topic).or_default().push(at);
                for index in member.target.get(topic).into_iter().flatten() {
                    balance.give(*topic, usize::try_from(*index).unwrap_or(usize::MAX), at);
                }
            }
        }
        balance
    }

    /// Topics with most partitions for each subscriber first, then those with fewest subscribers.
    fn sorted(&self, which: impl Fn(&[usize]) -> bool) -> Vec<Uuid> {
        let which = self.subscribers.iter().filter(|(_, them)| which(them)).map(|(topic, _)| *topic);
        let mut topics: Vec<_> = which.collect();
        let partitions = |topic: &Uuid| self.owners.get(topic).map_or(0, Vec::len);
        topics.sort_by(|one, other| {
            let (some, others) = (self.subscribers[one].len(), self.subscribers[other].len());
            // The fractions are compared without dividing.
            let density = (partitions(other) * some).cmp(&(partitions(one) * others));
            density.then(some.cmp(&others)).then(one.cmp(other))
        });
        topics
    }

    fn give(&mut self, topic: Uuid, index: usize, to: usize) {
        let Some(owner) = self.owners.get_mut(&topic).and_then(|owners| owners.get_mut(index)) else {
            return;
        };
        if let Some(from) = owner.replace(to) {
            self.loads[from] -= 1;
        }
        self.loads[to] += 1;
    }

    /// The topic's subscribers, the one with the least partitions first.
    fn ranked(&self, topic: Uuid) -> Vec<usize> {
        let mut ranked = self.subscribers.get(&topic).cloned().unwrap_or_default();
        ranked.sort_by_key(|at| (self.loads[*at], *at));
        ranked
    }

    fn assign_remaining(&mut self, topic: Uuid) {
        let ranked = self.ranked(topic);
        let mut queue: BTreeSet<_> =
            ranked.iter().enumerate().map(|(rank, at)| (self.loads[*at], rank)).collect();
        let owners = self.owners.get(&topic).into_iter().flatten().enumerate();
        let free: Vec<_> = owners.filter(|(_, owner)| owner.is_none()).map(|(index, _)| index).collect();
        for index in free {
            let Some((load, rank)) = queue.pop_first() else { return };
            self.give(topic, index, ranked[rank]);
            queue.insert((load + 1, rank));
        }
    }

    fn even_out(&mut self) {
        let topics = self.sorted(|subscribers| subscribers.len() > 1);
        let mut unchanged = 0;
        for topic in topics.iter().cycle().take(topics.len() * ROUNDS_MAX) {
            unchanged = if self.even_out_topic(*topic) { 0 } else { unchanged + 1 };
            if unchanged == topics.len() {
                return;
            }
        }
    }

    /// Moves partitions of the topic from those that have most to those that have least; whether any moved.
    fn even_out_topic(&mut self, topic: Uuid) -> bool {
        let ranked = self.ranked(topic);
        let mut owned: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (index, owner) in self.owners.get(&topic).into_iter().flatten().enumerate() {
            owned.entry(owner.unwrap_or(usize::MAX)).or_default().push(index);
        }
        let loaded = |(rank, at): (usize, &usize)| (self.loads[*at], rank);
        let mut least: BTreeSet<_> = ranked.iter().enumerate().map(loaded).collect();
        let mut most: BTreeSet<_> =
            least.iter().map(|(load, rank)| (Reverse(*load), Reverse(*rank))).collect();
        let mut moved = false;
        while let Some((Reverse(heavy), Reverse(from))) = most.pop_first() {
            let Some(index) = owned.get_mut(&ranked[from]).and_then(Vec::pop) else { continue };
            let Some((light, to)) = least.pop_first() else { break };
            if heavy <= light + 1 {
                break;
            }
            self.give(topic, index, ranked[to]);
            moved = true;
            least.insert((light + 1, to));
            most.insert((Reverse(heavy - 1), Reverse(from)));
        }
        moved
    }

    fn targets(self, members: usize) -> Vec<Partitions> {
        let mut targets = vec![Partitions::new(); members];
        for (topic, owners) in self.owners {
            for (index, owner) in (0..).zip(owners) {
                if let Some(target) = owner.and_then(|at| targets.get_mut(at)) {
                    target.entry(topic).or_default().insert(index);
                }
            }
        }
        targets
    }
}

//! As even as can be, moving as little as can be.
//!
//! 1. Members keep what they say they have. Of two that say so the one of the later generation has it; of two of the
//!    same generation neither (KIP-792).
//! 2. What nobody has goes to the member with the least, partitions with the fewest takers first.
//! 3. While a member has two more than another that would take one of them, one moves.
//!
//! Java's `AbstractStickyAssignor` keeps the same promises, and may choose another of several equal results.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use crate::TopicPartition;
use crate::consumer::group::group_member::{GroupAssignment, GroupMember, wanted};

/// Shares the partitions, whoever has them now.
pub(super) fn assign(members: &[&GroupMember], counts: &HashMap<Arc<str>, i32>) -> GroupAssignment {
    Sharing::new(members, counts).shared()
}

/// Likewise, without what would move from one member to another: its owner must let go first, and the group then
/// rebalances once more (KIP-429).
pub(super) fn assign_cooperatively(
    members: &[&GroupMember],
    counts: &HashMap<Arc<str>, i32>,
) -> GroupAssignment {
    let sharing = Sharing::new(members, counts);
    // Whoever says that it has a partition may still read it, whether it is believed or not.
    let mut claimed: HashMap<TopicPartition, BTreeSet<usize>> = HashMap::new();
    for (place, member) in members.iter().enumerate() {
        for of in &member.said.owned {
            claimed.entry(of.clone()).or_default().insert(place);
        }
    }
    let mut assignment = sharing.shared();
    for (place, member) in members.iter().enumerate() {
        let given = assignment.entry(member.member_id.clone()).or_default();
        given.retain(|of| claimed.get(of).is_none_or(|owners| owners.iter().all(|owner| *owner == place)));
    }
    assignment
}

/// The partitions on their way to the members. Members are known by their places.
struct Sharing<'a> {
    members: &'a [&'a GroupMember],
    /// The topics that each wants.
    wants: Vec<BTreeMap<&'a Arc<str>, i32>>,
    held: Vec<BTreeSet<TopicPartition>>,
    unassigned: Vec<TopicPartition>,
}

impl<'a> Sharing<'a> {
    fn new(members: &'a [&'a GroupMember], counts: &'a HashMap<Arc<str>, i32>) -> Self {
        let wants: Vec<_> = members.iter().map(|member| wanted(member, counts)).collect();
        let owners = owners(members, &wants);
        let mut held = vec![BTreeSet::new(); members.len()];
        let mut unassigned = Vec::new();
        let topics: BTreeMap<&Arc<str>, i32> =
            wants.iter().flatten().map(|(topic, count)| (*topic, *count)).collect();
        for (topic, count) in topics {
            for index in 0..count {
                let of = TopicPartition::new(Arc::clone(topic), index);
                match owners.get(&of) {
                    Some(Some(place)) => _ = held[*place].insert(of),
                    Some(None) | None => unassigned.push(of),
                }
            }
        }
        Self { members, wants, held, unassigned }
    }

    fn shared(mut self) -> GroupAssignment {
        self.spread();
        self.level();
        let named = self.members.iter().zip(self.held);
        named.map(|(member, held)| (member.member_id.clone(), held.into_iter().collect())).collect()
    }

    /// Gives what nobody has to those who have least.
    fn spread(&mut self) {
        let mut unassigned = std::mem::take(&mut self.unassigned);
        let takers =
            |of: &TopicPartition| self.wants.iter().filter(|wants| wants.contains_key(&of.topic)).count();
        unassigned.sort_by_cached_key(|of| (takers(of), of.clone()));
        let mut by_load: BTreeSet<(usize, usize)> =
            self.held.iter().enumerate().map(|(place, held)| (held.len(), place)).collect();
        for of in unassigned {
            let taker = by_load.iter().find(|(_, place)| self.wants[*place].contains_key(&of.topic));
            let Some((load, place)) = taker.copied() else { continue };
            by_load.remove(&(load, place));
            by_load.insert((load + 1, place));
            self.held[place].insert(of);
        }
    }

    /// Moves partitions from members with many to members with fewer, while that makes it more even. Each move makes
    /// the sum of squares smaller, so this ends.
    fn level(&mut self) {
        while let Some((from, to, of)) = self.uneven() {
            self.held[from].remove(&of);
            self.held[to].insert(of);
        }
    }

    /// A partition whose move makes it more even: from the member with most that can give to the one with least that
    /// would take.
    fn uneven(&self) -> Option<(usize, usize, TopicPartition)> {
        let mut places: Vec<usize> = (0..self.held.len()).collect();
        places.sort_by_key(|place| (self.held[*place].len(), *place));
        for &from in places.iter().rev() {
            for &to in places.iter().take_while(|to| self.held[**to].len() + 1 < self.held[from].len()) {
                // The last one that it got is as good as any.
                let takes = |of: &&TopicPartition| self.wants[to].contains_key(&of.topic);
                if let Some(of) = self.held[from].iter().rev().find(takes) {
                    return Some((from, to, of.clone()));
                }
            }
        }
        None
    }
}

/// Who has each partition that members say they have, as far as it is known: `None` where two say so with equal right.
/// What its owner no longer wants, or does not exist, is nobody's.
fn owners(
    members: &[&GroupMember],
    wants: &[BTreeMap<&Arc<str>, i32>],
) -> HashMap<TopicPartition, Option<usize>> {
    let mut claims: HashMap<TopicPartition, (i32, Option<usize>)> = HashMap::new();
    for (place, member) in members.iter().enumerate() {
        let said = &member.said;
        let is_wanted =
            |of: &&TopicPartition| wants[place].get(&of.topic).is_some_and(|count| of.partition < *count);
        for of in said.owned.iter().filter(is_wanted) {
            let claim = claims.entry(of.clone()).or_insert((said.generation, Some(place)));
            match said.generation.cmp(&claim.0) {
                std::cmp::Ordering::Greater => *claim = (said.generation, Some(place)),
                std::cmp::Ordering::Equal if claim.1 != Some(place) => claim.1 = None,
                _ => {}
            }
        }
    }
    claims.into_iter().map(|(of, (_, place))| (of, place)).collect()
}

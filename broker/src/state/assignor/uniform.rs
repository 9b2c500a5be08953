//! The uniform assignor where all members are subscribed to the same topics: Kafka's
//! `UniformHomogeneousAssignmentBuilder`.

use std::collections::BTreeSet;

use super::{GroupSpec, Partitions};

/// Nobody has two partitions more than another; a member that has no more than its share keeps all.
pub(super) fn assign(group: &GroupSpec<'_>) -> Vec<Partitions> {
    let total: usize = group.partitions.values().filter_map(|count| usize::try_from(*count).ok()).sum();
    let members = group.members.len().max(1);
    let quota = |at: usize| total / members + usize::from(at < total % members);
    let mut targets = Vec::with_capacity(group.members.len());
    let mut taken = BTreeSet::new();
    let mut given_up = Vec::new();
    for (at, member) in group.members.iter().enumerate() {
        let (mut kept, mut left) = (Partitions::new(), quota(at));
        for (topic, indexes) in
            member.target.iter().filter(|(topic, _)| group.partitions.contains_key(*topic))
        {
            for index in indexes {
                taken.insert((*topic, *index));
                if left == 0 {
                    given_up.push((*topic, *index));
                } else {
                    left -= 1;
                    kept.entry(*topic).or_default().insert(*index);
                }
            }
        }
        targets.push((kept, left));
    }
    let all = group.partitions.iter().flat_map(|(topic, count)| (0..*count).map(|index| (*topic, index)));
    let mut unassigned = all.filter(|it| !taken.contains(it)).chain(given_up);
    let filled = targets.into_iter().map(|(mut target, left)| {
        for (topic, index) in unassigned.by_ref().take(left) {
            target.entry(topic).or_default().insert(index);
        }
        target
    });
    filled.collect()
}

//! The uniform assignor where all members are subscribed to the same topics: Kafka's
//! `UniformHomogeneousAssignmentBuilder`.

use std::collections::BTreeSet;

use upsert_kafka_protocol::Uuid;

use super::{GroupSpec, Partitions};

/// Nobody has two partitions more than another; a member that has no more than its share keeps all. Where it does not come
/// out even, those that have one more already keep it before others get one.
pub(super) fn assign(group: &GroupSpec<'_>) -> Vec<Partitions> {
    let members = group.members.len().max(1);
    let total: usize = group.partitions.values().filter_map(|count| usize::try_from(*count).ok()).sum();
    let mut extra = total % members;
    let mut targets = Vec::with_capacity(group.members.len());
    let mut taken = BTreeSet::new();
    let mut given_up = Vec::new();
    for (at, member) in group.members.iter().enumerate() {
        let (mut kept, mut left) = (Partitions::new(), total / members + usize::from(extra > 0));
        let before = member.target.iter().filter(|(topic, _)| group.partitions.contains_key(*topic));
        for (topic, index) in before.flat_map(|(topic, them)| them.iter().map(|index| (*topic, *index))) {
            taken.insert((topic, index));
            if left == 0 {
                given_up.push((topic, index));
            } else {
                left -= 1;
                kept.entry(topic).or_default().insert(index);
            }
        }
        // One more it gets only if there are not enough after it to take what is over.
        if left > 0 && extra > 0 && members - at > extra {
            left -= 1;
        } else {
            extra = extra.saturating_sub(1);
        }
        targets.push((kept, left));
    }
    let all = group.partitions.iter().flat_map(|(topic, count)| (0..*count).map(|index| (*topic, index)));
    let unassigned = all.filter(|it| !taken.contains(it)).chain(given_up);
    fill(targets, unassigned)
}

fn fill(
    targets: Vec<(Partitions, usize)>,
    mut unassigned: impl Iterator<Item = (Uuid, i32)>,
) -> Vec<Partitions> {
    let filled = targets.into_iter().map(|(mut target, left)| {
        for (topic, index) in unassigned.by_ref().take(left) {
            target.entry(topic).or_default().insert(index);
        }
        target
    });
    filled.collect()
}

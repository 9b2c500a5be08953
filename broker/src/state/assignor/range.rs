//! The range assignor: Kafka's `RangeAssignor` of the group coordinator.

use std::collections::BTreeMap;

use upsert_kafka_protocol::Uuid;

use super::{GroupSpec, MemberSpec, Partitions};

/// What of a topic is given away so far.
#[derive(Default)]
struct Ranges {
    partitions: i32,
    subscribers: i32,
    /// How many subscribers have had their range.
    served: i32,
    next: i32,
}

/// Each subscriber of a topic gets one range of it, the first ones a partition more where it does not come out even.
/// Static members come first, by their instances, then others by their ids.
pub(super) fn assign(group: &GroupSpec<'_>) -> Vec<Partitions> {
    let mut topics: BTreeMap<Uuid, Ranges> = BTreeMap::new();
    for topic in group.members.iter().flat_map(|member| &member.topics) {
        let ranges = topics.entry(*topic).or_default();
        ranges.partitions = group.partitions.get(topic).copied().unwrap_or(0);
        ranges.subscribers += 1;
    }
    let mut order: Vec<usize> = (0..group.members.len()).collect();
    let key = |member: &MemberSpec<'_>| {
        (member.instance.is_none(), member.instance.unwrap_or(member.id).to_owned())
    };
    order.sort_by_cached_key(|at| key(&group.members[*at]));
    let mut targets = vec![Partitions::new(); group.members.len()];
    for at in order {
        for topic in &group.members[at].topics {
            let range = topics.get_mut(topic).map(Ranges::take).unwrap_or_default();
            if !range.is_empty() {
                targets[at].insert(*topic, range.collect());
            }
        }
    }
    targets
}

impl Ranges {
    fn take(&mut self) -> std::ops::Range<i32> {
        let extra = i32::from(self.served < self.partitions % self.subscribers);
        let start = self.next;
        self.served += 1;
        self.next += self.partitions / self.subscribers + extra;
        start..self.next
    }
}

//! Each topic on its own: members in their order get partitions that lie side by side, the first ones one more.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::TopicPartition;
use crate::consumer::group::group_member::{GroupAssignment, GroupMember, nobody_has_anything, wanted};

/// As Java's `RangeAssignor` without racks.
pub(super) fn assign(members: &[&GroupMember], counts: &HashMap<Arc<str>, i32>) -> GroupAssignment {
    let mut assignment = nobody_has_anything(members);
    let mut topics: BTreeMap<&Arc<str>, (i32, Vec<&GroupMember>)> = BTreeMap::new();
    for member in members {
        for (topic, count) in wanted(member, counts) {
            topics.entry(topic).or_insert((count, Vec::new())).1.push(member);
        }
    }
    for (topic, (count, readers)) in topics {
        let readers_count = i32::try_from(readers.len()).unwrap_or(i32::MAX);
        let (share, left_over) = (count / readers_count, count % readers_count);
        let mut next = 0;
        for (place, member) in (0..).zip(readers) {
            let end = next + share + i32::from(place < left_over);
            let partitions = (next..end).map(|index| TopicPartition::new(Arc::clone(topic), index));
            assignment.entry(member.member_id.clone()).or_default().extend(partitions);
            next = end;
        }
    }
    assignment
}

//! All partitions of all topics in turns, each to the next member that wants its topic.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::TopicPartition;
use crate::consumer::group::group_member::{GroupAssignment, GroupMember, nobody_has_anything, wanted};

/// As Java's `RoundRobinAssignor`.
pub(super) fn assign(members: &[&GroupMember], counts: &HashMap<Arc<str>, i32>) -> GroupAssignment {
    let mut assignment = nobody_has_anything(members);
    let wants: Vec<BTreeMap<&Arc<str>, i32>> = members.iter().map(|member| wanted(member, counts)).collect();
    let topics: BTreeMap<&Arc<str>, i32> =
        wants.iter().flatten().map(|(topic, count)| (*topic, *count)).collect();
    let mut turn = 0;
    for (topic, count) in topics {
        for index in 0..count {
            // Somebody wants it, or it would not be here.
            while !wants[turn].contains_key(topic) {
                turn = (turn + 1) % members.len();
            }
            let partition = TopicPartition::new(Arc::clone(topic), index);
            assignment.entry(members[turn].member_id.clone()).or_default().push(partition);
            turn = (turn + 1) % members.len();
        }
    }
    assignment
}

//! The members of a classic group as their leader sees them, and what it gives them.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use upsert_kafka_protocol::Str;

use super::consumer_protocol::MemberSubscription;
use crate::TopicPartition;

/// A member of the group as the leader sees it.
#[derive(Clone, Debug)]
pub(crate) struct GroupMember {
    pub(crate) member_id: Str,
    pub(crate) instance_id: Option<Str>,
    pub(crate) said: MemberSubscription,
}

/// Which member gets what, by member id.
pub(crate) type GroupAssignment = BTreeMap<Str, Vec<TopicPartition>>;

/// The topics that a member wants and that exist, in the order of their names, with their numbers of partitions.
pub(super) fn wanted<'a>(
    member: &'a GroupMember,
    counts: &'a HashMap<Arc<str>, i32>,
) -> BTreeMap<&'a Arc<str>, i32> {
    member.said.topics.iter().filter_map(|topic| Some((topic, *counts.get(topic)?))).collect()
}

/// An assignment in which every member is, with nothing.
pub(super) fn nobody_has_anything(members: &[&GroupMember]) -> GroupAssignment {
    members.iter().map(|member| (member.member_id.clone(), Vec::new())).collect()
}

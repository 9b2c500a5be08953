//! How the leader of a classic group shares the partitions of its topics among the members.
//!
//! Each assignor is a function of who wants which topics, what members have from before, and how many partitions the
//! topics have. Their names and, but for the sticky ones, their results are Java's, so that members of any client may
//! lead a group.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use super::consumer_protocol::{self, MemberSubscription};
use super::group_member::{GroupAssignment, GroupMember};

mod range;
mod round_robin;
mod sticky;

/// A way to share partitions among the members of a classic group: one of `partition.assignment.strategy`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Assignor {
    /// Each topic on its own: members in their order get partitions that lie side by side.
    Range,
    /// All partitions of all topics in turns.
    RoundRobin,
    /// As even as can be, moving as little as can be; all partitions are let go before a rebalance.
    Sticky,
    /// Likewise, and what stays where it is is read on while the group rebalances (KIP-429).
    CooperativeSticky,
}

impl Assignor {
    pub(crate) const ALL: [Self; 4] = [Self::Range, Self::RoundRobin, Self::Sticky, Self::CooperativeSticky];

    /// The name under which members agree on it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Range => "range",
            Self::RoundRobin => "roundrobin",
            Self::Sticky => "sticky",
            Self::CooperativeSticky => "cooperative-sticky",
        }
    }

    /// Java's class.
    pub(crate) fn class(self) -> &'static str {
        match self {
            Self::Range => "org.apache.kafka.clients.consumer.RangeAssignor",
            Self::RoundRobin => "org.apache.kafka.clients.consumer.RoundRobinAssignor",
            Self::Sticky => "org.apache.kafka.clients.consumer.StickyAssignor",
            Self::CooperativeSticky => "org.apache.kafka.clients.consumer.CooperativeStickyAssignor",
        }
    }

    pub(crate) fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|assignor| assignor.name() == name)
    }

    /// Whether members keep what they have while the group rebalances.
    pub(crate) fn is_cooperative(self) -> bool {
        self == Self::CooperativeSticky
    }

    /// What a member says, with what it had before and since which generation, wherever members of this assignor put
    /// that.
    pub(crate) fn understood(self, mut said: MemberSubscription) -> MemberSubscription {
        let user_data = said.user_data.as_deref().unwrap_or_default();
        match self {
            Self::Sticky => {
                if let Some((assigned, generation)) = consumer_protocol::read_sticky_user_data(user_data) {
                    (said.owned, said.generation) = (assigned, generation);
                }
            }
            // Members that speak the subscription's first versions.
            Self::CooperativeSticky if said.generation < 0 => {
                said.generation = user_data.first_chunk().map_or(-1, |bytes| i32::from_be_bytes(*bytes));
            }
            Self::CooperativeSticky | Self::Range | Self::RoundRobin => {}
        }
        said
    }

    /// Shares the partitions. `counts` has the topics that exist, each with its number of partitions. Every member is
    /// in the result.
    pub(crate) fn assign(self, members: &[GroupMember], counts: &HashMap<Arc<str>, i32>) -> GroupAssignment {
        // Static members keep their order when they come back under another id.
        let mut members: Vec<&GroupMember> = members.iter().collect();
        members.sort_by(|a, b| order(a).cmp(&order(b)));
        match self {
            Self::Range => range::assign(&members, counts),
            Self::RoundRobin => round_robin::assign(&members, counts),
            Self::Sticky => sticky::assign(&members, counts),
            Self::CooperativeSticky => sticky::assign_cooperatively(&members, counts),
        }
    }
}

/// As Java orders members: those with an instance id first, by it; the others by member id.
fn order(member: &GroupMember) -> (bool, &str) {
    match &member.instance_id {
        Some(instance) => (false, instance),
        None => (true, &member.member_id),
    }
}

/// As `partition.assignment.strategy` names it.
impl fmt::Display for Assignor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.class())
    }
}

#[cfg(test)]
mod tests;

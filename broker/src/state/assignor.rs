//! The assignors of a coordinator that assigns itself (KIP-848): which member is to have which partition.
//!
//! As Kafka's `UniformAssignor` and `RangeAssignor` of the package `org.apache.kafka.coordinator.group.assignor`. An
//! assignor says what is to be in the end, the target; how members come there is no concern of its.

mod range;
mod uneven;
mod uniform;

use std::collections::{BTreeMap, BTreeSet};

use upsert_kafka_protocol::Uuid;

/// Partitions by topic.
pub(crate) type Partitions = BTreeMap<Uuid, BTreeSet<i32>>;

/// An assignor by which members may ask to be assigned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Assignor {
    /// As many partitions for each as for the others, and as few as can be that move.
    Uniform,
    /// Of each topic a range; the same numbers of every topic, where topics have the same number of partitions.
    Range,
}

/// What an assignor is told about the group.
#[derive(Debug, Default)]
pub(crate) struct GroupSpec<'a> {
    pub(crate) members: Vec<MemberSpec<'a>>,
    /// How many partitions each topic has that anybody is subscribed to.
    pub(crate) partitions: BTreeMap<Uuid, i32>,
    /// Whether all members are subscribed to the same topics.
    pub(crate) homogeneous: bool,
}

/// What an assignor is told about a member.
#[derive(Debug)]
pub(crate) struct MemberSpec<'a> {
    pub(crate) id: &'a str,
    pub(crate) instance: Option<&'a str>,
    /// The topics it is subscribed to, all of them in [`GroupSpec::partitions`].
    pub(crate) topics: BTreeSet<Uuid>,
    /// What it was to have so far.
    pub(crate) target: &'a Partitions,
}

impl Assignor {
    pub(crate) const ALL: [Self; 2] = [Self::Uniform, Self::Range];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Uniform => "uniform",
            Self::Range => "range",
        }
    }

    pub(crate) fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|assignor| assignor.name() == name)
    }

    /// The new target of each member, in the order of the members.
    pub(crate) fn assign(self, group: &GroupSpec<'_>) -> Vec<Partitions> {
        match self {
            Self::Uniform if group.homogeneous => uniform::assign(group),
            Self::Uniform => uneven::assign(group),
            Self::Range => range::assign(group),
        }
    }
}

#[cfg(test)]
mod tests;

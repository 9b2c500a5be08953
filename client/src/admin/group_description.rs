//! What a cluster tells of its groups.

use crate::TopicPartition;

/// A group, in short.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct GroupListing {
    /// Its id.
    pub group_id: String,
    /// `classic`, `consumer`, `share` or `streams`; empty from brokers before Kafka 3.8.
    pub group_type: String,
    /// Such as `Stable` or `Empty`; empty from brokers before Kafka 2.6.
    pub state: String,
    /// What kind of members it has: `consumer` for consumers; empty for those who only commit.
    pub protocol_type: String,
}

/// A group and its members.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct GroupDescription {
    /// Its id.
    pub group_id: String,
    /// `classic` or `consumer`.
    pub group_type: String,
    /// Such as `Stable` or `Empty`.
    pub state: String,
    /// How partitions are shared, such as `range`; empty while they are not.
    pub assignor: String,
    /// Its members, by their ids.
    pub members: Vec<GroupMemberDescription>,
}

/// A member: where it runs and what it has.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct GroupMemberDescription {
    /// Its id.
    pub member_id: String,
    /// The name of a static member.
    pub instance_id: Option<String>,
    /// What it calls itself.
    pub client_id: String,
    /// Where it comes from.
    pub host: String,
    /// What it has; nothing where that cannot be read.
    pub partitions: Vec<TopicPartition>,
}

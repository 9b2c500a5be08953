//! What a member is told before it joins.

use std::time::Duration;

use upsert_kafka_protocol::Str;

use super::assignor::Assignor;
use super::subscription::Subscription;
use crate::config::GroupProtocol;
use crate::retry::Backoff;

/// Of `Config`, what a member needs, in the words of the protocol.
#[derive(Clone, Debug)]
pub(crate) struct GroupSettings {
    pub(crate) group_id: Str,
    pub(crate) protocol: GroupProtocol,
    /// The name of a static member (KIP-345).
    pub(crate) instance_id: Option<Str>,
    pub(crate) rack_id: Option<Str>,
    pub(crate) subscription: Subscription,
    /// The broker's assignor that the member would like; `None` leaves it to the broker.
    pub(crate) remote_assignor: Option<Str>,
    /// How the group may share partitions, the one that the member likes best first.
    pub(crate) assignors: Vec<Assignor>,
    pub(crate) session_timeout: Duration,
    pub(crate) heartbeat_interval: Duration,
    /// How long the caller may take between two polls, and to let partitions go.
    pub(crate) max_poll_interval: Duration,
    pub(crate) backoff: Backoff,
    /// How often the names of all topics are asked for, where the subscription is a function over them.
    pub(crate) discovery_interval: Duration,
}

impl GroupSettings {
    pub(crate) fn rebalance_timeout_ms(&self) -> i32 {
        i32::try_from(self.max_poll_interval.as_millis()).unwrap_or(i32::MAX)
    }

    pub(crate) fn session_timeout_ms(&self) -> i32 {
        i32::try_from(self.session_timeout.as_millis()).unwrap_or(i32::MAX)
    }

    /// The epoch by which a member of the consumer protocol leaves: a static one may come back.
    pub(crate) fn leave_epoch(&self) -> i32 {
        if self.instance_id.is_some() { -2 } else { -1 }
    }

    /// What errors begin with.
    pub(crate) fn named(&self) -> String {
        match &self.instance_id {
            Some(instance) => format!("group {}, member {instance}", self.group_id),
            None => format!("group {}", self.group_id),
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Of a member of the group g that wants the topic orders.
    pub(in super::super) fn settings(protocol: GroupProtocol) -> GroupSettings {
        GroupSettings {
            group_id: Str::from("g"),
            protocol,
            instance_id: None,
            rack_id: None,
            subscription: Subscription::topics(["orders"]),
            remote_assignor: None,
            assignors: vec![Assignor::Range, Assignor::CooperativeSticky],
            session_timeout: Duration::from_secs(45),
            heartbeat_interval: Duration::from_secs(3),
            max_poll_interval: Duration::from_secs(300),
            backoff: Backoff::new(Duration::from_millis(100), Duration::from_secs(1)),
            discovery_interval: Duration::from_secs(300),
        }
    }
}

//! One group: the offsets it has committed, and its members under the protocol that they speak.
//!
//! What a group commits outlives its members and their protocol. A group without members becomes one of another type as
//! soon as a member of that type joins, as in Kafka.

use std::time::Instant;

use upsert_kafka_protocol::{ErrorCode, Str, Uuid};

use super::classic_group::{ClassicGroup, ClassicGroupState, GroupAnswer};
use super::committed_offsets::CommittedOffsets;
use super::committer::Committer;
use super::consumer_group::ConsumerGroup;
use crate::wait::PeerId;

/// A group of any type.
#[derive(Debug, Default)]
pub(crate) struct Group {
    pub(crate) offsets: CommittedOffsets,
    pub(crate) members: Members,
}

/// The members of a group, by the group's type.
#[derive(Debug)]
pub(crate) enum Members {
    Classic(ClassicGroup),
    Consumer(ConsumerGroup),
}

impl Default for Members {
    fn default() -> Self {
        Self::Classic(ClassicGroup::default())
    }
}

impl Group {
    /// The group's type, as ListGroups says it.
    pub(crate) fn type_name(&self) -> &'static str {
        match self.members {
            Members::Classic(_) => "classic",
            Members::Consumer(_) => "consumer",
        }
    }

    /// The group's state, as ListGroups says it.
    pub(crate) fn state_name(&self) -> &'static str {
        match &self.members {
            Members::Classic(group) => group.state.name(),
            Members::Consumer(group) => group.state().name(),
        }
    }

    /// What kind of clients it is of, such as `consumer`.
    pub(crate) fn protocol_type(&self) -> Str {
        match &self.members {
            Members::Classic(group) => group.protocol_type.clone().unwrap_or_default(),
            Members::Consumer(_) => Str::from_static("consumer"),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        match &self.members {
            Members::Classic(group) => group.state == ClassicGroupState::Empty,
            Members::Consumer(group) => group.is_empty(),
        }
    }

    /// Whether one of its consumers is subscribed to the topic.
    pub(crate) fn subscribes(&self, topic: &str) -> bool {
        match &self.members {
            Members::Classic(group) => group.subscribes(topic),
            Members::Consumer(group) => group.subscribes(topic),
        }
    }

    /// Whether offsets may be deleted while it has members.
    pub(crate) fn is_of_consumers(&self) -> bool {
        match &self.members {
            Members::Classic(group) => group.protocol_type.as_deref() == Some("consumer"),
            Members::Consumer(_) => true,
        }
    }

    /// Hears by LeaveGroup that a member leaves; a static one may be named by its instance alone.
    pub(crate) fn leave(
        &mut self,
        member_id: &str,
        instance: Option<&str>,
        now: Instant,
    ) -> Result<(), ErrorCode> {
        match &mut self.members {
            Members::Classic(group) => group.leave(member_id, instance, now),
            Members::Consumer(group) => group.expel(member_id, instance),
        }
    }

    /// Whether the group keeps a commit of this member.
    pub(crate) fn check_commit(&self, by: Committer<'_>) -> Result<(), ErrorCode> {
        match &self.members {
            Members::Classic(group) => {
                group.check_commit(by.epoch, by.member_id, by.instance, by.transactional)
            }
            Members::Consumer(group) => group.check_commit(by),
        }
    }

    /// Whether it keeps a commit of this member, which it keeps commits of, for the partition.
    pub(crate) fn check_partition(
        &self,
        by: Committer<'_>,
        topic: Uuid,
        index: i32,
    ) -> Result<(), ErrorCode> {
        match &self.members {
            Members::Classic(_) => Ok(()),
            Members::Consumer(group) => group.check_partition(by, topic, index),
        }
    }

    /// Whether the member may fetch offsets; one that does not name itself may.
    pub(crate) fn check_fetch(&self, epoch: i32, member_id: Option<&str>) -> Result<(), ErrorCode> {
        match &self.members {
            Members::Classic(_) => Ok(()),
            Members::Consumer(group) => group.check_fetch(epoch, member_id),
        }
    }

    /// When [`expire`](Self::expire) is to be called next.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        match &self.members {
            Members::Classic(group) => group.deadline(),
            Members::Consumer(group) => group.deadline(),
        }
    }

    /// Does what is due.
    pub(crate) fn expire(&mut self, now: Instant) {
        match &mut self.members {
            Members::Classic(group) => group.expire(now),
            Members::Consumer(group) => group.expire(now),
        }
    }

    /// Takes the answers to requests that waited.
    pub(crate) fn take_answers(&mut self) -> Vec<(PeerId, GroupAnswer)> {
        match &mut self.members {
            Members::Classic(group) => group.take_answers(),
            Members::Consumer(_) => Vec::new(),
        }
    }
}

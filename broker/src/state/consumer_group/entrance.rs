//! Who a heartbeat is from: a member that is known, a newcomer, or a static member that comes back.

use upsert_kafka_protocol::messages::consumer_group_heartbeat::TopicPartitions;
use upsert_kafka_protocol::{ErrorCode, Str};

use super::member::LEFT_FOR_A_WHILE;
use super::{ConsumerGroup, ConsumerGroupMember, ConsumerHeartbeat};
use crate::state::Refusal;
use crate::state::names::owned;

/// A member as it is before its heartbeat counts.
#[derive(Debug)]
pub(super) struct Entrant {
    pub(super) id: Str,
    pub(super) member: ConsumerGroupMember,
    /// The id under which a static member was known, when it comes back under another.
    replaces: Option<Str>,
}

impl ConsumerGroup {
    /// Whether the heartbeat counts, and for whom.
    pub(super) fn admit(&self, beat: &ConsumerHeartbeat<'_>) -> Result<Entrant, Refusal> {
        let request = beat.request;
        self.check_room(beat)?;
        let id = if request.member_id.is_empty() { beat.fresh_id } else { &*request.member_id };
        let joins = request.member_epoch == 0;
        let (member, replaces) = match request.instance_id.as_deref() {
            Some(instance) if joins => return self.admit_instance(id, instance, beat),
            Some(instance) => {
                self.check_instance(id, instance)?;
                (self.known(id)?.clone(), None)
            }
            None if joins => {
                let known = self.members.get(id).cloned();
                (known.unwrap_or_else(|| ConsumerGroupMember::new(beat.now)), None)
            }
            None => (self.known(id)?.clone(), None),
        };
        check_epoch(&member, request.member_epoch, request.topic_partitions.as_deref())?;
        Ok(Entrant { id: owned(id), member, replaces })
    }

    /// A static member joins: for the first time, or in the place of one that has left.
    fn admit_instance(
        &self,
        id: &str,
        instance: &str,
        beat: &ConsumerHeartbeat<'_>,
    ) -> Result<Entrant, Refusal> {
        let Some(old) = self.instances.get(instance) else {
            let known = self.members.get(id).cloned();
            let member = known.unwrap_or_else(|| ConsumerGroupMember::new(beat.now));
            return Ok(Entrant { id: owned(id), member, replaces: None });
        };
        let mut member = self.known(old)?.clone();
        if member.epoch != LEFT_FOR_A_WHILE {
            let message = format!(
                "Static member {id} with instance id {instance} cannot join the group because the instance id is owned by {old} member."
            );
            return Err(Refusal::new(ErrorCode::UNRELEASED_INSTANCE_ID, message));
        }
        (member.epoch, member.previous_epoch) = (0, 0);
        Ok(Entrant { id: owned(id), member, replaces: Some(old.clone()) })
    }

    /// Whether the instance is that member.
    pub(super) fn check_instance(&self, id: &str, instance: &str) -> Result<(), Refusal> {
        match self.instances.get(instance) {
            None => {
                let message = format!("Instance id {instance} is unknown.");
                Err(Refusal::new(ErrorCode::UNKNOWN_MEMBER_ID, message))
            }
            Some(owner) if **owner != *id => {
                let message =
                    format!("Static member {id} with instance id {instance} was fenced by member {owner}.");
                Err(Refusal::new(ErrorCode::FENCED_INSTANCE_ID, message))
            }
            Some(_) => Ok(()),
        }
    }

    /// Lets the member in, or go on, as it is after its heartbeat.
    pub(super) fn enter(&mut self, entrant: &Entrant, after: ConsumerGroupMember) {
        if let Some(old) = &entrant.replaces {
            self.members.remove(old);
            if let Some(target) = self.target.remove(old) {
                self.target.insert(entrant.id.clone(), target);
            }
            let had = self.owners.values_mut().filter(|owner| **owner == *old);
            had.for_each(|owner| *owner = entrant.id.clone());
        }
        if let Some(instance) = &after.instance {
            self.instances.insert(instance.clone(), entrant.id.clone());
        }
        self.members.insert(entrant.id.clone(), after);
    }

    fn check_room(&self, beat: &ConsumerHeartbeat<'_>) -> Result<(), Refusal> {
        let max = beat.limits.members_max;
        let instance = beat.request.instance_id.as_deref();
        let known = instance.is_some_and(|it| self.instances.contains_key(it))
            || self.members.contains_key(&beat.request.member_id);
        if known || self.members.len() < max {
            return Ok(());
        }
        let message = format!("The consumer group has reached its maximum capacity of {max} members.");
        Err(Refusal::new(ErrorCode::GROUP_MAX_SIZE_REACHED, message))
    }
}

/// Whether the member is in the epoch that it says; one before is let pass if the answer with the new one may have been
/// lost, and the member has nothing that it should not have. Epoch 0 joins again.
fn check_epoch(
    member: &ConsumerGroupMember,
    said: i32,
    has: Option<&[TopicPartitions]>,
) -> Result<(), Refusal> {
    let own = member.epoch;
    let missed = said == member.previous_epoch && has.is_some_and(|has| has_no_other(member, has));
    let compared = match () {
        () if said == 0 || said == own => return Ok(()),
        () if said > own => "greater",
        () if missed => return Ok(()),
        () => "smaller",
    };
    let message = format!(
        "The consumer group member has a {compared} member epoch ({said}) than the one known by the group coordinator ({own}). The member must abandon all its partitions and rejoin."
    );
    Err(Refusal::new(ErrorCode::FENCED_MEMBER_EPOCH, message))
}

fn has_no_other(member: &ConsumerGroupMember, has: &[TopicPartitions]) -> bool {
    has.iter().all(|topic| {
        let own = member.owned.get(&topic.topic_id);
        own.is_some_and(|own| topic.partitions.iter().all(|index| own.contains_key(index)))
    })
}

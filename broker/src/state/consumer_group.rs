//! One consumer group (KIP-848): the coordinator assigns, and members come to what they are to have one by one.
//!
//! As Kafka's `ConsumerGroup` and `GroupMetadataManager` (4.4) decide it. Three epochs say how far things are:
//!
//! - the **group epoch** grows when members, their subscriptions or the topics they are subscribed to change;
//! - the **assignment epoch** is the group epoch that the *target* was made for: what each member is to have;
//! - a **member epoch** is the assignment epoch that the member has come to. It is at it when it has given up all that it
//!   is not to have any more, though it may still wait for partitions that others have not given up.
//!
//! What the group hears: `heartbeat`, by which a member joins, lives and says what it has; `leave`; and `expire` when its
//! `deadline` has come. Every heartbeat is answered at once. It goes through these steps:
//!
//! 1. who it is (`entrance.rs`): refused, or a member, new or known, or one that takes the place of a static one;
//! 2. what it is subscribed to (`subscriptions.rs`): a change makes a new group epoch;
//! 3. a new target for all, if the group epoch is beyond the assignment epoch;
//! 4. how this member comes closer to its target (`reconciliation.rs`).
//!
//! Rules that hold at all times:
//! - A partition has one owner: it stays with a member until that member has said that it has given it up, has left, or
//!   has expired.
//! - A member of another epoch is fenced, but for one that has not heard the last answer and has nothing it should not.
//! - A heartbeat that is refused changes nothing.

mod entrance;
mod member;
mod reconciliation;
mod subscriptions;
mod topic_regex;

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use upsert_kafka_protocol::messages::consumer_group_heartbeat::{Assignment, TopicPartitions};
use upsert_kafka_protocol::messages::{ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse};
use upsert_kafka_protocol::{ErrorCode, Str, Uuid};

use super::Refusal;
use super::assignor::{Assignor, GroupSpec, MemberSpec, Partitions};
use super::committer::Committer;
use super::names::owned;
use super::topics::Topics;
pub(crate) use member::ConsumerGroupMember;
use member::Owned;
use subscriptions::SubscribedTopics;

/// The epoch of a member that leaves for good.
pub(crate) const LEAVE: i32 = -1;

/// Both epochs of a group that was just made.
const FIRST_EPOCH: i32 = 1;

/// How far the group is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ConsumerGroupState {
    /// Without members.
    Empty,
    /// The target is of an earlier group epoch.
    Assigning,
    /// Some member has not come to the target.
    Reconciling,
    Stable,
}

/// A group of the consumer protocol.
#[derive(Debug)]
pub(crate) struct ConsumerGroup {
    id: Str,
    epoch: i32,
    assignment_epoch: i32,
    /// When the target was made.
    assigned_at: Option<Instant>,
    members: BTreeMap<Str, ConsumerGroupMember>,
    /// Static members by their instances.
    instances: BTreeMap<Str, Str>,
    target: BTreeMap<Str, Partitions>,
    /// Who has a partition, or has yet to say that it has given it up.
    owners: BTreeMap<(Uuid, i32), Str>,
    topics: SubscribedTopics,
}

/// A heartbeat with its circumstances.
#[derive(Clone, Copy)]
pub(crate) struct ConsumerHeartbeat<'a> {
    pub(crate) request: &'a ConsumerGroupHeartbeatRequest,
    /// The id that a newcomer without one gets.
    pub(crate) fresh_id: &'a str,
    pub(crate) client_id: &'a Str,
    pub(crate) topics: &'a Topics,
    /// Whether the client may know that there is a topic of that name.
    pub(crate) visible: &'a dyn Fn(&str) -> bool,
    pub(crate) limits: ConsumerGroupLimits,
    pub(crate) now: Instant,
}

/// What the coordinator's settings say about consumer groups.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ConsumerGroupLimits {
    pub(crate) session_timeout: Duration,
    pub(crate) heartbeat_interval: Duration,
    /// How long a target holds at least.
    pub(crate) assignment_interval: Duration,
    pub(crate) members_max: usize,
}

impl ConsumerGroup {
    pub(crate) fn new(id: Str) -> Self {
        Self {
            id,
            epoch: FIRST_EPOCH,
            assignment_epoch: FIRST_EPOCH,
            assigned_at: None,
            members: BTreeMap::new(),
            instances: BTreeMap::new(),
            target: BTreeMap::new(),
            owners: BTreeMap::new(),
            topics: SubscribedTopics::default(),
        }
    }

    /// Hears that a member joins or lives.
    pub(crate) fn heartbeat(
        &mut self,
        beat: &ConsumerHeartbeat<'_>,
    ) -> Result<ConsumerGroupHeartbeatResponse, Refusal> {
        let entrant = self.admit(beat)?;
        let (id, before) = (entrant.id.clone(), entrant.member.clone());
        let mut after = entrant.member.clone();
        after.update(beat);
        let regex = self.regex_change(&before, &after)?;
        self.check_names(&before, &after)?;
        let preferred = self.assignor();
        self.enter(&entrant, after.clone());
        let renamed = before.names != after.names;
        let bumps = renamed || regex.is_some_and(|resolved| resolved) || preferred != self.assignor();
        self.refresh_epoch(bumps, beat.topics);
        self.assign(beat);
        self.reconcile(&id, renamed || regex.is_some(), beat);
        let answer = self.answer(&id, &before, beat);
        self.resolve_regexes(beat);
        Ok(answer)
    }

    /// Hears that a member leaves, for good or, a static one, for a while.
    pub(crate) fn leave(
        &mut self,
        request: &ConsumerGroupHeartbeatRequest,
    ) -> Result<ConsumerGroupHeartbeatResponse, Refusal> {
        let id = &request.member_id;
        match request.instance_id.as_deref() {
            None => drop(self.known(id)?),
            Some(instance) => self.check_instance(id, instance)?,
        }
        if request.member_epoch == LEAVE || request.instance_id.as_deref().is_none() {
            self.remove(id);
        } else {
            self.release_for_a_while(id);
        }
        let (member_id, member_epoch) = (Some(id.clone()), request.member_epoch);
        Ok(ConsumerGroupHeartbeatResponse { member_id, member_epoch, ..Default::default() })
    }

    /// Removes a member as an admin does: by its id, by its instance whoever that is now, or by both.
    pub(crate) fn expel(&mut self, member_id: &str, instance: Option<&str>) -> Result<(), ErrorCode> {
        let id = match instance {
            Some(instance) if member_id.is_empty() => {
                self.instances.get(instance).cloned().ok_or(ErrorCode::UNKNOWN_MEMBER_ID)?
            }
            Some(instance) => {
                self.check_instance(member_id, instance).map_err(|refusal| refusal.code)?;
                owned(member_id)
            }
            None => {
                self.known(member_id).map_err(|refusal| refusal.code)?;
                owned(member_id)
            }
        };
        self.remove(&id);
        Ok(())
    }

    /// When [`expire`](Self::expire) is to be called next.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.members.values().map(ConsumerGroupMember::deadline).min()
    }

    /// Removes the members that are not heard of, or have not given up in time what they are to give up.
    pub(crate) fn expire(&mut self, now: Instant) {
        let late = self.members.iter().filter(|(_, member)| member.deadline() <= now);
        let late: Vec<_> = late.map(|(id, _)| id.clone()).collect();
        late.iter().for_each(|id| self.drop_member(id));
        self.forget_topics();
    }

    /// Whether the group keeps a commit of this member.
    pub(crate) fn check_commit(&self, by: Committer<'_>) -> Result<(), ErrorCode> {
        if self.takes_unchecked(by) {
            return Ok(());
        }
        let member = self.members.get(by.member_id).ok_or(ErrorCode::UNKNOWN_MEMBER_ID)?;
        if !by.transactional && !by.knows_epochs {
            return Err(ErrorCode::UNSUPPORTED_VERSION);
        }
        if by.epoch > member.epoch { Err(stale(by)) } else { Ok(()) }
    }

    /// Whether it keeps that commit for the partition: a member of an earlier epoch may commit what it had then and still
    /// has (KIP-1251).
    pub(crate) fn check_partition(
        &self,
        by: Committer<'_>,
        topic: Uuid,
        index: i32,
    ) -> Result<(), ErrorCode> {
        match self.members.get(by.member_id) {
            _ if self.takes_unchecked(by) => Ok(()),
            Some(member) if member.epoch == by.epoch => Ok(()),
            Some(member) if member.given_in(topic, index).is_some_and(|epoch| epoch <= by.epoch) => Ok(()),
            _ => Err(stale(by)),
        }
    }

    /// Whether the member may fetch offsets; one that does not name itself may.
    pub(crate) fn check_fetch(&self, epoch: i32, member_id: Option<&str>) -> Result<(), ErrorCode> {
        if member_id.is_none() && epoch < 0 {
            return Ok(());
        }
        let member = self.members.get(member_id.unwrap_or("")).ok_or(ErrorCode::UNKNOWN_MEMBER_ID)?;
        if member.epoch == epoch { Ok(()) } else { Err(ErrorCode::STALE_MEMBER_EPOCH) }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    pub(crate) fn state(&self) -> ConsumerGroupState {
        let reconciled = |member: &ConsumerGroupMember| member.has_come_to(self.assignment_epoch);
        match () {
            () if self.members.is_empty() => ConsumerGroupState::Empty,
            () if self.epoch > self.assignment_epoch => ConsumerGroupState::Assigning,
            () if !self.members.values().all(reconciled) => ConsumerGroupState::Reconciling,
            () => ConsumerGroupState::Stable,
        }
    }

    /// The group epoch and the assignment epoch.
    pub(crate) fn epochs(&self) -> (i32, i32) {
        (self.epoch, self.assignment_epoch)
    }

    /// The members by their ids, and what they are to have.
    pub(crate) fn members(&self) -> impl Iterator<Item = (&Str, &ConsumerGroupMember, Option<&Partitions>)> {
        self.members.iter().map(|(id, member)| (id, member, self.target.get(id)))
    }

    /// The assignor that most members ask for.
    pub(crate) fn assignor(&self) -> Assignor {
        let votes =
            |assignor: Assignor| self.members.values().filter(|it| it.assignor == Some(assignor)).count();
        if votes(Assignor::Range) > votes(Assignor::Uniform) { Assignor::Range } else { Assignor::Uniform }
    }

    /// Makes a new target if there is a new group epoch, and the last target has held long enough.
    fn assign(&mut self, beat: &ConsumerHeartbeat<'_>) {
        let held = self.assigned_at.is_none_or(|at| at + beat.limits.assignment_interval <= beat.now);
        if self.epoch <= self.assignment_epoch || !held {
            return;
        }
        let none = Partitions::new();
        let member = |(id, member)| self.spec_of(id, member, beat.topics, &none);
        let members: Vec<_> = self.members.iter().map(member).collect();
        let topics = members.iter().flat_map(|member| &member.topics);
        let count = |id: &Uuid| Some((*id, beat.topics.by_id(*id)?.partition_count()));
        let partitions = topics.filter_map(count).collect();
        let group = GroupSpec { members, partitions, homogeneous: self.is_homogeneous() };
        let targets = self.assignor().assign(&group);
        self.target = self.members.keys().cloned().zip(targets).collect();
        self.assignment_epoch = self.epoch;
        self.assigned_at = Some(beat.now);
    }

    fn spec_of<'a>(
        &'a self,
        id: &'a Str,
        member: &'a ConsumerGroupMember,
        topics: &Topics,
        none: &'a Partitions,
    ) -> MemberSpec<'a> {
        MemberSpec {
            id,
            instance: member.instance.as_deref(),
            topics: self.topics.ids_of(member, topics),
            target: self.target.get(id).unwrap_or(none),
        }
    }

    /// The assignment is told when the member asks for everything anew, or when it has changed.
    fn answer(
        &self,
        id: &Str,
        before: &ConsumerGroupMember,
        beat: &ConsumerHeartbeat<'_>,
    ) -> ConsumerGroupHeartbeatResponse {
        let request = beat.request;
        let subscribes = request.subscribed_topic_names.is_some() || request.subscribed_topic_regex.is_some();
        let asks_all = request.rebalance_timeout_ms != -1 && subscribes && request.topic_partitions.is_some();
        let mut answer = ConsumerGroupHeartbeatResponse {
            member_id: Some(id.clone()),
            heartbeat_interval_ms: i32::try_from(beat.limits.heartbeat_interval.as_millis())
                .unwrap_or(i32::MAX),
            ..Default::default()
        };
        if let Some(member) = self.members.get(id) {
            answer.member_epoch = member.epoch;
            if request.member_epoch == 0 || asks_all || before.owned != member.owned {
                answer.assignment = Some(Box::new(assignment(&member.owned)));
            }
        }
        answer
    }

    /// Removes a member; what it had is free.
    fn remove(&mut self, id: &str) {
        self.drop_member(id);
        self.forget_topics();
    }

    fn drop_member(&mut self, id: &str) {
        let Some(member) = self.members.remove(id) else { return };
        self.owners.retain(|_, owner| **owner != *id);
        self.target.remove(id);
        if let Some(instance) = &member.instance
            && self.instances.get(instance).is_some_and(|it| **it == *id)
        {
            self.instances.remove(instance);
        }
        self.epoch += 1;
        if self.members.is_empty() {
            self.assignment_epoch = self.epoch;
        }
    }

    /// Keeps a static member's partitions for it, but for those that it is giving up.
    fn release_for_a_while(&mut self, id: &str) {
        let Some(member) = self.members.get_mut(id) else { return };
        member.leave_for_a_while();
        let kept: BTreeSet<_> = member.all_owned().collect();
        self.owners.retain(|partition, owner| **owner != *id || kept.contains(partition));
    }

    fn known(&self, id: &str) -> Result<&ConsumerGroupMember, Refusal> {
        self.members.get(id).ok_or_else(|| {
            let message = format!("Member {id} is not a member of group {}.", self.id);
            Refusal::new(ErrorCode::UNKNOWN_MEMBER_ID, message)
        })
    }

    fn takes_unchecked(&self, by: Committer<'_>) -> bool {
        let unnamed = by.epoch == -1 && by.member_id.is_empty() && by.instance.is_none();
        by.epoch < 0 && self.members.is_empty() || by.transactional && unnamed
    }
}

impl ConsumerGroupState {
    /// As ConsumerGroupDescribe says it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Empty => "Empty",
            Self::Assigning => "Assigning",
            Self::Reconciling => "Reconciling",
            Self::Stable => "Stable",
        }
    }
}

/// A transaction's clients know no member epochs.
fn stale(by: Committer<'_>) -> ErrorCode {
    if by.transactional { ErrorCode::ILLEGAL_GENERATION } else { ErrorCode::STALE_MEMBER_EPOCH }
}

fn assignment(owned: &Owned) -> Assignment {
    let topic = |(topic_id, partitions): (&Uuid, &BTreeMap<i32, i32>)| TopicPartitions {
        topic_id: *topic_id,
        partitions: partitions.keys().copied().collect(),
        ..Default::default()
    };
    Assignment { topic_partitions: owned.iter().map(topic).collect(), ..Default::default() }
}

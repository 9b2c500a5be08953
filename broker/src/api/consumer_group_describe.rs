//! ConsumerGroupDescribe: the state, members and assignments of consumer groups (KIP-848).
//!
//! Behavior
//! - The host of members is not known: it is empty.
//! - A group with a topic that the client may not describe is told as `TOPIC_AUTHORIZATION_FAILED`, without its members.
//! - Topics that are not there any more are left out.
//!
//! Versions: 1 types of members; here all speak the consumer protocol.

use std::collections::{BTreeMap, BTreeSet};

use upsert_kafka_protocol::messages::consumer_group_describe::{
    Assignment, DescribedGroup, Member, TopicPartitions,
};
use upsert_kafka_protocol::messages::{ConsumerGroupDescribeRequest, ConsumerGroupDescribeResponse};
use upsert_kafka_protocol::{ErrorCode, Str, Uuid};

use super::describe_groups::GROUP_OPERATIONS;
use super::{Outcome, RequestContext, Serve, once};
use crate::config::{AclOperation, AclResource};
use crate::state::State;
use crate::state::assignor::Partitions;
use crate::state::consumer_group::{ConsumerGroup, ConsumerGroupMember};
use crate::state::group::Members;
use crate::state::topics::Topics;

/// A member of the consumer protocol.
const CONSUMER: i8 = 1;

impl Serve for ConsumerGroupDescribeRequest {
    fn serve(&self, state: &mut State, context: &RequestContext) -> Outcome<ConsumerGroupDescribeResponse> {
        if state.config.group_version < 1 {
            return self.refuse(context, ErrorCode::UNSUPPORTED_VERSION);
        }
        answer(self, |id| {
            if !state.may(context, AclOperation::Describe, AclResource::Group, id) {
                return refused(id, ErrorCode::GROUP_AUTHORIZATION_FAILED, None);
            }
            if !state.nodes.coordinates(context.node, id) {
                return refused(id, ErrorCode::NOT_COORDINATOR, None);
            }
            match state.groups.of(id).map(|group| &group.members) {
                _ if id.is_empty() => refused(id, ErrorCode::INVALID_GROUP_ID, None),
                Some(Members::Consumer(group)) => allowed(id, group, self, state, context),
                Some(Members::Classic(_)) => unfound(id, format!("Group {id} is not a consumer group.")),
                None => unfound(id, format!("Group {id} not found.")),
            }
        })
    }

    fn refuse(&self, _: &RequestContext, code: ErrorCode) -> Outcome<ConsumerGroupDescribeResponse> {
        answer(self, |id| refused(id, code, Some(Str::from_static(code.message()))))
    }
}

fn answer(
    request: &ConsumerGroupDescribeRequest,
    each: impl FnMut(&Str) -> DescribedGroup,
) -> Outcome<ConsumerGroupDescribeResponse> {
    let groups = once(&request.group_ids, |id| id).map(each).collect();
    Outcome::Answer(ConsumerGroupDescribeResponse { groups, ..Default::default() })
}

fn refused(id: &Str, error_code: ErrorCode, error_message: Option<Str>) -> DescribedGroup {
    DescribedGroup { group_id: id.clone(), error_code, error_message, ..Default::default() }
}

fn unfound(id: &Str, why: String) -> DescribedGroup {
    refused(id, ErrorCode::GROUP_ID_NOT_FOUND, Some(Str::from(why)))
}

/// The group as the client may see it.
fn allowed(
    id: &Str,
    group: &ConsumerGroup,
    request: &ConsumerGroupDescribeRequest,
    state: &State,
    context: &RequestContext,
) -> DescribedGroup {
    let mut described = described(id, group, &state.topics);
    let topics: BTreeSet<_> = described.members.iter().flat_map(topics_of).collect();
    if !topics.into_iter().all(|name| state.may_topic(context, AclOperation::Describe, name)) {
        let why = "The group has described topic(s) that the client is not authorized to describe.";
        return refused(id, ErrorCode::TOPIC_AUTHORIZATION_FAILED, Some(Str::from_static(why)));
    }
    if request.include_authorized_operations {
        let named = (AclResource::Group, &**id);
        described.authorized_operations = state.authorized_operations(context, named, GROUP_OPERATIONS);
    }
    described
}

fn topics_of(member: &Member) -> impl Iterator<Item = &Str> {
    let assigned = [&member.assignment, &member.target_assignment];
    let assigned = assigned.into_iter().flat_map(|it| &it.topic_partitions).map(|topic| &topic.topic_name);
    member.subscribed_topic_names.iter().chain(assigned)
}

fn described(id: &Str, group: &ConsumerGroup, topics: &Topics) -> DescribedGroup {
    let (group_epoch, assignment_epoch) = group.epochs();
    DescribedGroup {
        group_id: id.clone(),
        group_state: Str::from_static(group.state().name()),
        group_epoch,
        assignment_epoch,
        assignor_name: Str::from_static(group.assignor().name()),
        members: group.members().map(|it| described_member(it, topics)).collect(),
        ..Default::default()
    }
}

fn described_member(
    (id, member, target): (&Str, &ConsumerGroupMember, Option<&Partitions>),
    topics: &Topics,
) -> Member {
    // With what it has yet to give up.
    let mut owned: BTreeMap<Uuid, Vec<i32>> = BTreeMap::new();
    for (topic, index) in member.all_owned() {
        owned.entry(topic).or_default().push(index);
    }
    let target = target.into_iter().flatten().map(|(topic, them)| (*topic, them.iter().copied().collect()));
    Member {
        member_id: id.clone(),
        instance_id: member.instance.clone(),
        rack_id: member.rack.clone(),
        member_epoch: member.epoch,
        client_id: member.client_id.clone(),
        subscribed_topic_names: member.names.iter().cloned().collect(),
        subscribed_topic_regex: Some(member.regex.clone()),
        assignment: assignment(owned.into_iter(), topics),
        target_assignment: assignment(target, topics),
        member_type: CONSUMER,
        ..Default::default()
    }
}

fn assignment(partitions: impl Iterator<Item = (Uuid, Vec<i32>)>, topics: &Topics) -> Assignment {
    let topic = |(topic_id, partitions)| {
        let topic_name = topics.by_id(topic_id)?.name.clone();
        Some(TopicPartitions { topic_id, topic_name, partitions, ..Default::default() })
    };
    Assignment { topic_partitions: partitions.filter_map(topic).collect(), ..Default::default() }
}

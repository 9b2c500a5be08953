//! OffsetFetch: the offsets that groups have committed.
//!
//! Behavior
//! - A partition without a committed offset, or a group without any, is offset -1 and no error, as in Kafka;
//!   null topics ask for all committed offsets of the group.
//! - A node that does not coordinate the group says so.
//! - A partition for which a transaction that is still open has a committed offset is `UNSTABLE_OFFSET_COMMIT` when
//!   the request wants stable ones.
//! - A member of a consumer group that names itself must be in the epoch that it says: `STALE_MEMBER_EPOCH`.
//! - A group or partition that is named twice is answered once.
//!
//! Versions: up to 7 one group, from 8 several; 2 null topics; 5 leader epochs; 9 members; 10 topic ids.

use std::collections::{BTreeMap, BTreeSet};

use upsert_kafka_protocol::messages::offset_fetch::{
    OffsetFetchRequestGroup, OffsetFetchRequestTopics, OffsetFetchResponseGroup,
    OffsetFetchResponsePartition, OffsetFetchResponsePartitions, OffsetFetchResponseTopic,
    OffsetFetchResponseTopics,
};
use upsert_kafka_protocol::messages::{OffsetFetchRequest, OffsetFetchResponse};
use upsert_kafka_protocol::{ErrorCode, Str, Uuid};

use super::{Outcome, RequestContext, Serve, once};
use crate::config::{AclOperation, AclResource};
use crate::state::State;
use crate::state::committed_offsets::{CommittedOffset, CommittedOffsets};

impl Serve for OffsetFetchRequest {
    fn serve(&self, state: &mut State, context: &RequestContext) -> Outcome<OffsetFetchResponse> {
        let one =
            |group: OffsetFetchRequestGroup| match state.nodes.coordinates(context.node, &group.group_id) {
                _ if !state.may(context, AclOperation::Describe, AclResource::Group, &group.group_id) => {
                    refused(group, ErrorCode::GROUP_AUTHORIZATION_FAILED)
                }
                true => fetch(&group, self.require_stable, state, context),
                false => refused(group, ErrorCode::NOT_COORDINATOR),
            };
        let groups = asked(self, context).into_iter().map(one).collect();
        Outcome::Answer(shaped(groups, context))
    }

    fn refuse(&self, context: &RequestContext, error_code: ErrorCode) -> Outcome<OffsetFetchResponse> {
        let refused = |group| refused(group, error_code);
        Outcome::Answer(shaped(asked(self, context).into_iter().map(refused).collect(), context))
    }
}

fn refused(group: OffsetFetchRequestGroup, error_code: ErrorCode) -> OffsetFetchResponseGroup {
    OffsetFetchResponseGroup { group_id: group.group_id, error_code, ..Default::default() }
}

/// Any version's question in the form of the newest.
fn asked(request: &OffsetFetchRequest, context: &RequestContext) -> Vec<OffsetFetchRequestGroup> {
    if context.version >= 8 {
        return once(&request.groups, |group| &group.group_id).cloned().collect();
    }
    let topics = request.topics.as_ref().map(|topics| {
        let newest = |(name, partition_indexes): (&Str, &Vec<i32>)| OffsetFetchRequestTopics {
            name: name.clone(),
            partition_indexes: partition_indexes.clone(),
            ..Default::default()
        };
        topics.iter().map(|topic| newest((&topic.name, &topic.partition_indexes))).collect()
    });
    vec![OffsetFetchRequestGroup { group_id: request.group_id.clone(), topics, ..Default::default() }]
}

/// The newest form of an answer in that of the version.
fn shaped(mut groups: Vec<OffsetFetchResponseGroup>, context: &RequestContext) -> OffsetFetchResponse {
    if context.version >= 8 {
        return OffsetFetchResponse { groups, ..Default::default() };
    }
    let group = groups.pop().unwrap_or_default();
    let partition = |part: OffsetFetchResponsePartitions| OffsetFetchResponsePartition {
        partition_index: part.partition_index,
        committed_offset: part.committed_offset,
        committed_leader_epoch: if context.version >= 5 { part.committed_leader_epoch } else { -1 },
        metadata: part.metadata,
        error_code: part.error_code,
        ..Default::default()
    };
    let topic = |topic: OffsetFetchResponseTopics| OffsetFetchResponseTopic {
        name: topic.name,
        partitions: topic.partitions.into_iter().map(partition).collect(),
        ..Default::default()
    };
    let topics = group.topics.into_iter().map(topic).collect();
    OffsetFetchResponse { topics, error_code: group.error_code, ..Default::default() }
}

fn fetch(
    asked: &OffsetFetchRequestGroup,
    stable: bool,
    state: &State,
    context: &RequestContext,
) -> OffsetFetchResponseGroup {
    let none = CommittedOffsets::default();
    let group = state.groups.of(&asked.group_id);
    let member = (asked.member_epoch, asked.member_id.as_deref());
    if let Some(Err(code)) = group.map(|group| group.check_fetch(member.0, member.1)) {
        return refused(asked.clone(), code);
    }
    let group = group.map_or(&none, |group| &group.offsets);
    let mut topics: Vec<_> = match &asked.topics {
        Some(topics) => {
            let mut seen = BTreeSet::new();
            topics.iter().map(|topic| fetch_topic(topic, &mut seen, group, state, context)).collect()
        }
        None => {
            let allowed = |name: &str| state.may_topic(context, AclOperation::Describe, name);
            let kept = group.all().filter(|(name, _)| allowed(name));
            kept.map(|kept| whole_topic(kept, state)).collect()
        }
    };
    if stable {
        topics.iter_mut().for_each(|topic| hide_unstable(topic, group, state));
    }
    OffsetFetchResponseGroup { group_id: asked.group_id.clone(), topics, ..Default::default() }
}

fn hide_unstable(topic: &mut OffsetFetchResponseTopics, group: &CommittedOffsets, state: &State) {
    let Some(name) = name(&topic.name, topic.topic_id, state) else { return };
    for part in topic.partitions.iter_mut().filter(|it| group.is_unstable(name, it.partition_index)) {
        let error_code = ErrorCode::UNSTABLE_OFFSET_COMMIT;
        *part = OffsetFetchResponsePartitions { error_code, ..position(part.partition_index, None) };
    }
}

/// The topic's name, also where it was asked for by id.
fn name<'a>(name: &'a Str, id: Uuid, state: &'a State) -> Option<&'a str> {
    if id == Uuid::ZERO { Some(name) } else { state.topics.by_id(id).map(|topic| &*topic.name) }
}

fn fetch_topic<'a>(
    asked: &'a OffsetFetchRequestTopics,
    seen: &mut BTreeSet<(&'a Str, Uuid, i32)>,
    group: &CommittedOffsets,
    state: &State,
    context: &RequestContext,
) -> OffsetFetchResponseTopics {
    let name = name(&asked.name, asked.topic_id, state);
    let partition = |index: &i32| match name {
        Some(name) if !state.may_topic(context, AclOperation::Describe, name) => {
            let error_code = ErrorCode::TOPIC_AUTHORIZATION_FAILED;
            OffsetFetchResponsePartitions { error_code, ..position(*index, None) }
        }
        Some(name) => position(*index, group.committed(name, *index)),
        None => {
            let error_code = ErrorCode::UNKNOWN_TOPIC_ID;
            OffsetFetchResponsePartitions { error_code, ..position(*index, None) }
        }
    };
    let once = asked.partition_indexes.iter();
    let once = once.filter(|index| seen.insert((&asked.name, asked.topic_id, **index)));
    OffsetFetchResponseTopics {
        name: asked.name.clone(),
        topic_id: asked.topic_id,
        partitions: once.map(partition).collect(),
        ..Default::default()
    }
}

fn whole_topic(
    (name, kept): (&Str, &BTreeMap<i32, CommittedOffset>),
    state: &State,
) -> OffsetFetchResponseTopics {
    OffsetFetchResponseTopics {
        name: name.clone(),
        topic_id: state.topics.by_name(name).map_or(Uuid::ZERO, |topic| topic.id),
        partitions: kept.iter().map(|(index, committed)| position(*index, Some(committed))).collect(),
        ..Default::default()
    }
}

fn position(partition_index: i32, committed: Option<&CommittedOffset>) -> OffsetFetchResponsePartitions {
    OffsetFetchResponsePartitions {
        partition_index,
        committed_offset: committed.map_or(-1, |committed| committed.offset),
        committed_leader_epoch: committed.map_or(-1, |committed| committed.leader_epoch),
        metadata: Some(committed.map_or(Str::default(), |committed| committed.metadata.clone())),
        ..Default::default()
    }
}

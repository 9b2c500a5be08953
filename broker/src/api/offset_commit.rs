//! OffsetCommit: commits offsets of a group, with metadata beside each.
//!
//! Behavior
//! - A node that does not coordinate the group answers `NOT_COORDINATOR`.
//! - A member names itself and its generation, which are checked. A client that is no member (generation -1) may commit
//!   while the group has no members.
//! - A member of a consumer group names its member epoch, likewise: `STALE_MEMBER_EPOCH` if it is not the one it is in,
//!   but for partitions that it had in that epoch and still has (KIP-1251).
//! - The topic and partition must exist; an offset may lie beyond the end, as in Kafka.
//! - Committed offsets are kept until their topic is deleted; retention times are ignored.
//!
//! Versions: 6 leader epochs; 7 static members; 8 flexible; 9 `GROUP_ID_NOT_FOUND`, before it
//! `ILLEGAL_GENERATION`; 10 topic ids.

use upsert_kafka_protocol::messages::offset_commit::{
    OffsetCommitRequestPartition, OffsetCommitRequestTopic, OffsetCommitResponsePartition,
    OffsetCommitResponseTopic,
};
use upsert_kafka_protocol::messages::{OffsetCommitRequest, OffsetCommitResponse};
use upsert_kafka_protocol::{ErrorCode, Str, Uuid};

use super::{Outcome, RequestContext, Serve};
use crate::config::AclOperation;
use crate::state::State;
use crate::state::committed_offsets::CommittedOffset;
use crate::state::committer::Committer;
use crate::state::names::owned;

/// The first version whose clients know `GROUP_ID_NOT_FOUND`, and member epochs.
const NOT_FOUND_SINCE: i16 = 9;

impl Serve for OffsetCommitRequest {
    fn serve(&self, state: &mut State, context: &RequestContext) -> Outcome<OffsetCommitResponse> {
        if !state.nodes.coordinates(context.node, &self.group_id) {
            return self.refuse(context, ErrorCode::NOT_COORDINATOR);
        }
        let by = committer(self, context);
        if let Err(code) = state.groups.check_commit(&self.group_id, by) {
            return self.refuse(context, unfound(code, context.version >= NOT_FOUND_SINCE));
        }
        answer(self, |topic, part| {
            state.check_topic(context, AclOperation::Read, &topic.name, topic.topic_id)?;
            commit(&self.group_id, by, (topic, part), state)
        })
    }

    fn refuse(&self, _: &RequestContext, code: ErrorCode) -> Outcome<OffsetCommitResponse> {
        answer(self, |_, _| Err(code))
    }
}

fn answer(
    request: &OffsetCommitRequest,
    mut each: impl FnMut(&OffsetCommitRequestTopic, &OffsetCommitRequestPartition) -> Result<(), ErrorCode>,
) -> Outcome<OffsetCommitResponse> {
    let mut topics = Vec::with_capacity(request.topics.len());
    for topic in &request.topics {
        let of = |part: &OffsetCommitRequestPartition| OffsetCommitResponsePartition {
            partition_index: part.partition_index,
            error_code: each(topic, part).err().unwrap_or(ErrorCode::NONE),
            ..Default::default()
        };
        topics.push(OffsetCommitResponseTopic {
            name: topic.name.clone(),
            topic_id: topic.topic_id,
            partitions: topic.partitions.iter().map(of).collect(),
            ..Default::default()
        });
    }
    Outcome::Answer(OffsetCommitResponse { topics, ..Default::default() })
}

fn committer<'a>(request: &'a OffsetCommitRequest, context: &RequestContext) -> Committer<'a> {
    Committer {
        epoch: request.generation_id_or_member_epoch,
        member_id: &request.member_id,
        instance: request.group_instance_id.as_deref(),
        transactional: false,
        knows_epochs: context.version >= NOT_FOUND_SINCE,
    }
}

fn commit(
    group: &str,
    by: Committer<'_>,
    (topic, part): (&OffsetCommitRequestTopic, &OffsetCommitRequestPartition),
    state: &mut State,
) -> Result<(), ErrorCode> {
    let (name, id, committed) = position(
        Position {
            topic: &topic.name,
            topic_id: topic.topic_id,
            partition: part.partition_index,
            offset: part.committed_offset,
            leader_epoch: part.committed_leader_epoch,
            metadata: part.committed_metadata.as_deref().unwrap_or(""),
        },
        state,
    )?;
    state.groups.check_partition(group, by, (id, part.partition_index))?;
    state.groups.offsets(group).commit(&name, part.partition_index, committed);
    Ok(())
}

/// A client that does not know yet that a group may be missing is told that its generation is illegal.
pub(super) fn unfound(code: ErrorCode, known: bool) -> ErrorCode {
    match code {
        ErrorCode::GROUP_ID_NOT_FOUND if !known => ErrorCode::ILLEGAL_GENERATION,
        code => code,
    }
}

/// A committed offset as a request gives it.
pub(super) struct Position<'a> {
    pub(super) topic: &'a str,
    pub(super) topic_id: Uuid,
    pub(super) partition: i32,
    pub(super) offset: i64,
    pub(super) leader_epoch: i32,
    pub(super) metadata: &'a str,
}

/// The topic's name and id, and what to keep, if it can be kept.
pub(super) fn position(
    given: Position<'_>,
    state: &State,
) -> Result<(Str, Uuid, CommittedOffset), ErrorCode> {
    let found = state.topics.find(given.topic, given.topic_id)?;
    found.partition(given.partition)?;
    if given.metadata.len() > state.config.offset_metadata_bytes_max {
        return Err(ErrorCode::OFFSET_METADATA_TOO_LARGE);
    }
    let metadata = if given.metadata.is_empty() { Str::default() } else { owned(given.metadata) };
    let committed = CommittedOffset { offset: given.offset, leader_epoch: given.leader_epoch, metadata };
    Ok((found.name.clone(), found.id, committed))
}

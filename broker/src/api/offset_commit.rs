//! OffsetCommit: keeps positions of a group, with a note beside each.
//!
//! Behavior
//! - A node that does not coordinate the group says so.
//! - Commits come from consumers that assign their partitions: generation -1. As no group has members, a
//!   generation is `ILLEGAL_GENERATION`.
//! - The topic and partition must exist; an offset may lie beyond the end, as in Kafka.
//! - Positions are kept until their topic is deleted; retention times are ignored.
//!
//! Versions: 6 leader epochs; 7 static members; 8 flexible; 10 topic ids.

use upsert_kafka_protocol::messages::offset_commit::{
    OffsetCommitRequestPartition, OffsetCommitRequestTopic, OffsetCommitResponsePartition,
    OffsetCommitResponseTopic,
};
use upsert_kafka_protocol::messages::{OffsetCommitRequest, OffsetCommitResponse};
use upsert_kafka_protocol::{ErrorCode, Str, Uuid};

use super::{Call, Outcome, Serve};
use crate::state::groups::Committed;
use crate::state::{State, owned};

impl Serve for OffsetCommitRequest {
    fn serve(&self, state: &mut State, call: &Call) -> Outcome<OffsetCommitResponse> {
        if !state.nodes.coordinates(call.node, &self.group_id) {
            return self.refuse(call, ErrorCode::NOT_COORDINATOR);
        }
        if let Err(code) = state.groups.check_commit(self.generation_id_or_member_epoch) {
            return self.refuse(call, code);
        }
        answer(self, |topic, part| commit(&self.group_id, topic, part, state))
    }

    fn refuse(&self, _: &Call, code: ErrorCode) -> Outcome<OffsetCommitResponse> {
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

fn commit(
    group: &str,
    topic: &OffsetCommitRequestTopic,
    part: &OffsetCommitRequestPartition,
    state: &mut State,
) -> Result<(), ErrorCode> {
    let (name, committed) = position(
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
    state.groups.open(group).commit(&name, part.partition_index, committed);
    Ok(())
}

/// A position as a request gives it.
pub(super) struct Position<'a> {
    pub(super) topic: &'a str,
    pub(super) topic_id: Uuid,
    pub(super) partition: i32,
    pub(super) offset: i64,
    pub(super) leader_epoch: i32,
    pub(super) metadata: &'a str,
}

/// The topic's name and what to keep, if it can be kept.
pub(super) fn position(given: Position<'_>, state: &State) -> Result<(Str, Committed), ErrorCode> {
    let found = state.topics.find(given.topic, given.topic_id)?;
    found.partition(given.partition)?;
    if given.metadata.len() > state.config.offset_metadata_bytes_max {
        return Err(ErrorCode::OFFSET_METADATA_TOO_LARGE);
    }
    let metadata = if given.metadata.is_empty() { Str::default() } else { owned(given.metadata) };
    let committed = Committed { offset: given.offset, leader_epoch: given.leader_epoch, metadata };
    Ok((found.name.clone(), committed))
}

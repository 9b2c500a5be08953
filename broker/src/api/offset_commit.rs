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
use upsert_kafka_protocol::{ErrorCode, Str};

use super::{Call, Outcome, Serve};
use crate::state::groups::Committed;
use crate::state::{State, owned};

impl Serve for OffsetCommitRequest {
    fn serve(&self, state: &mut State, call: &Call) -> Outcome<OffsetCommitResponse> {
        if !state.nodes.coordinates(call.node, &self.group_id) {
            return self.refuse(call, ErrorCode::NOT_COORDINATOR);
        }
        if self.generation_id_or_member_epoch >= 0 {
            return self.refuse(call, ErrorCode::ILLEGAL_GENERATION);
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
    let found = state.topics.find(&topic.name, topic.topic_id)?;
    found.partition(part.partition_index)?;
    let metadata = part.committed_metadata.as_deref().unwrap_or("");
    if metadata.len() > state.config.offset_metadata_bytes_max {
        return Err(ErrorCode::OFFSET_METADATA_TOO_LARGE);
    }
    let committed = Committed {
        offset: part.committed_offset,
        leader_epoch: part.committed_leader_epoch,
        metadata: if metadata.is_empty() { Str::default() } else { owned(metadata) },
    };
    state.groups.open(group).commit(&found.name, part.partition_index, committed);
    Ok(())
}

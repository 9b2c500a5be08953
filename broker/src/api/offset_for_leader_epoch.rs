//! OffsetForLeaderEpoch: where a leader epoch ended, so that a consumer finds out whether the log was truncated.
//!
//! Behavior
//! - The leader answers. No log is ever truncated here, so a consumer that read from this broker is always right.
//!
//! Versions: 2 the client's leader epoch; 3 replica, ignored; 4 flexible.

use upsert_kafka_protocol::messages::offset_for_leader_epoch::{
    EpochEndOffset, OffsetForLeaderPartition, OffsetForLeaderTopic, OffsetForLeaderTopicResult,
};
use upsert_kafka_protocol::messages::{OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse};
use upsert_kafka_protocol::{ErrorCode, Uuid};

use super::{Outcome, RequestContext, Serve};
use crate::config::AclOperation;
use crate::state::State;

impl Serve for OffsetForLeaderEpochRequest {
    fn serve(&self, state: &mut State, context: &RequestContext) -> Outcome<OffsetForLeaderEpochResponse> {
        answer(self, |topic, part| {
            let allowed = state.check_topic(context, AclOperation::Describe, &topic.topic, Uuid::ZERO);
            let end = allowed.and_then(|()| end(topic, part, state, context.node));
            end.unwrap_or_else(|code| refused(part.partition, code))
        })
    }

    fn refuse(&self, _: &RequestContext, code: ErrorCode) -> Outcome<OffsetForLeaderEpochResponse> {
        answer(self, |_, part| refused(part.partition, code))
    }
}

fn answer(
    request: &OffsetForLeaderEpochRequest,
    mut each: impl FnMut(&OffsetForLeaderTopic, &OffsetForLeaderPartition) -> EpochEndOffset,
) -> Outcome<OffsetForLeaderEpochResponse> {
    let mut of = |topic: &OffsetForLeaderTopic| OffsetForLeaderTopicResult {
        topic: topic.topic.clone(),
        partitions: topic.partitions.iter().map(|part| each(topic, part)).collect(),
        ..Default::default()
    };
    let topics = request.topics.iter().map(&mut of).collect();
    Outcome::Answer(OffsetForLeaderEpochResponse { topics, ..Default::default() })
}

fn end(
    topic: &OffsetForLeaderTopic,
    part: &OffsetForLeaderPartition,
    state: &State,
    node: i32,
) -> Result<EpochEndOffset, ErrorCode> {
    let partition = state.topics.find(&topic.topic, Uuid::ZERO)?.partition(part.partition)?;
    partition.check_leader(node, part.current_leader_epoch)?;
    let found = partition.end_of_epoch(part.leader_epoch);
    let (leader_epoch, end_offset) = found.unwrap_or((-1, -1));
    Ok(EpochEndOffset { leader_epoch, end_offset, ..refused(part.partition, ErrorCode::NONE) })
}

fn refused(partition: i32, error_code: ErrorCode) -> EpochEndOffset {
    EpochEndOffset { partition, error_code, ..Default::default() }
}

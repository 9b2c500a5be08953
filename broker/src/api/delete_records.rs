//! DeleteRecords: moves the start of a partition up to an offset.
//!
//! Behavior
//! - -1 is the high watermark; an offset before the start changes nothing. A consumer that reads below the new start
//!   hears `OFFSET_OUT_OF_RANGE`.
//! - A topic whose `cleanup.policy` has no `delete` is `POLICY_VIOLATION`.
//! - Complete at once: the timeout does not matter.
//!
//! Versions: 2 flexible.

use upsert_kafka_protocol::messages::delete_records::{
    DeleteRecordsPartition, DeleteRecordsPartitionResult, DeleteRecordsTopic, DeleteRecordsTopicResult,
};
use upsert_kafka_protocol::messages::{DeleteRecordsRequest, DeleteRecordsResponse};
use upsert_kafka_protocol::{ErrorCode, Uuid};

use super::{Outcome, RequestContext, Serve};
use crate::config::AclOperation;
use crate::state::State;
use crate::wait::WatchKey;

const HIGH_WATERMARK: i64 = -1;

impl Serve for DeleteRecordsRequest {
    fn serve(&self, state: &mut State, context: &RequestContext) -> Outcome<DeleteRecordsResponse> {
        answer(self, |topic, part| {
            state.check_topic(context, AclOperation::Delete, &topic.name, Uuid::ZERO)?;
            delete(topic, part, state, context.node)
        })
    }

    fn refuse(&self, _: &RequestContext, code: ErrorCode) -> Outcome<DeleteRecordsResponse> {
        answer(self, |_, _| Err(code))
    }
}

fn answer(
    request: &DeleteRecordsRequest,
    mut each: impl FnMut(&DeleteRecordsTopic, &DeleteRecordsPartition) -> Result<i64, ErrorCode>,
) -> Outcome<DeleteRecordsResponse> {
    let mut one = |topic: &DeleteRecordsTopic| {
        let partition = |part: &DeleteRecordsPartition| {
            let deleted = each(topic, part);
            DeleteRecordsPartitionResult {
                partition_index: part.partition_index,
                low_watermark: deleted.unwrap_or(-1),
                error_code: deleted.err().unwrap_or(ErrorCode::NONE),
                ..Default::default()
            }
        };
        let (name, partitions) = (topic.name.clone(), topic.partitions.iter().map(partition).collect());
        DeleteRecordsTopicResult { name, partitions, ..Default::default() }
    };
    let topics = request.topics.iter().map(&mut one).collect();
    Outcome::Answer(DeleteRecordsResponse { topics, ..Default::default() })
}

/// Where the partition starts then.
fn delete(
    topic: &DeleteRecordsTopic,
    part: &DeleteRecordsPartition,
    state: &mut State,
    node: i32,
) -> Result<i64, ErrorCode> {
    let topic = state.topics.find_mut(&topic.name, Uuid::ZERO)?;
    let (id, deleted) = (topic.id, topic.configs.deleted);
    let partition = topic.partition_mut(part.partition_index)?;
    partition.check_leader(node, -1)?;
    if !deleted {
        return Err(ErrorCode::POLICY_VIOLATION);
    }
    let end = partition.log.end_offset();
    let offset = match part.offset {
        HIGH_WATERMARK => end,
        offset if (0..=end).contains(&offset) => offset,
        _ => return Err(ErrorCode::OFFSET_OUT_OF_RANGE),
    };
    partition.delete_before(offset);
    state.completed.push(WatchKey::Partition(id, part.partition_index));
    Ok(partition.log.start_offset())
}

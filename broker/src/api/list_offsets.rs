//! ListOffsets: the offset at an end of a partition, or at a time.
//!
//! Behavior
//! - -1 the end, -2 and -4 the start, -3 the first record with the greatest timestamp, -5 and -6 what is
//!   in other tiers (nothing: -1); else the first record that is not older. Ends have no timestamp.
//! - A node that does not lead the partition says so.
//! - Under `read_committed` the end is where the first open transaction begins, and nothing is found after
//!   it.
//!
//! Versions: 4 leader epochs; 6 flexible; 7 timestamp -3; 8 -4; 9 -5; 10 a timeout, ignored; 11 -6.

use std::collections::BTreeSet;

use upsert_kafka_protocol::messages::list_offsets::{
    ListOffsetsPartition, ListOffsetsPartitionResponse, ListOffsetsTopic, ListOffsetsTopicResponse,
};
use upsert_kafka_protocol::messages::{ListOffsetsRequest, ListOffsetsResponse};
use upsert_kafka_protocol::{ErrorCode, Uuid};

use super::{Outcome, RequestContext, Serve};
use crate::config::AclOperation;
use crate::state::State;
use crate::state::log::FoundRecord;
use crate::work::{Finding, Work, WorkItem};

const LATEST: i64 = -1;
const EARLIEST: i64 = -2;
const MAX_TIMESTAMP: i64 = -3;
const EARLIEST_LOCAL: i64 = -4;
const LATEST_TIERED: i64 = -5;
const EARLIEST_PENDING_UPLOAD: i64 = -6;

/// The first version that tells leader epochs.
const EPOCHS_SINCE: i16 = 4;

impl Serve for ListOffsetsRequest {
    fn serve(&self, state: &mut State, context: &RequestContext) -> Outcome<ListOffsetsResponse> {
        let Some(findings) = &context.findings else { return Outcome::Work(work(self, state, context)) };
        let mut findings = findings.iter();
        answer(self, |topic, part| {
            let found = findings.next().unwrap_or(&Finding::Nothing);
            let allowed = state.check_topic(context, AclOperation::Describe, &topic.name, Uuid::ZERO);
            let listed =
                allowed.and_then(|()| list(topic, part, found, self.isolation_level, state, context.node));
            let mut listed = listed.unwrap_or_else(|code| refused(part.partition_index, code));
            if context.version < EPOCHS_SINCE {
                listed.leader_epoch = -1;
            }
            listed
        })
    }

    fn refuse(&self, _: &RequestContext, code: ErrorCode) -> Outcome<ListOffsetsResponse> {
        answer(self, |_, part| refused(part.partition_index, code))
    }
}

fn answer(
    request: &ListOffsetsRequest,
    mut each: impl FnMut(&ListOffsetsTopic, &ListOffsetsPartition) -> ListOffsetsPartitionResponse,
) -> Outcome<ListOffsetsResponse> {
    let mut topics = Vec::with_capacity(request.topics.len());
    for (topic, parts) in asked(request) {
        topics.push(ListOffsetsTopicResponse {
            name: topic.name.clone(),
            partitions: parts.into_iter().map(|part| each(topic, part)).collect(),
            ..Default::default()
        });
    }
    Outcome::Answer(ListOffsetsResponse { topics, ..Default::default() })
}

/// What is asked, each partition once.
fn asked(request: &ListOffsetsRequest) -> Vec<(&ListOffsetsTopic, Vec<&ListOffsetsPartition>)> {
    let mut seen = BTreeSet::new();
    let mut all = Vec::with_capacity(request.topics.len());
    for topic in &request.topics {
        let new = |part: &&ListOffsetsPartition| seen.insert((&topic.name, part.partition_index));
        all.push((topic, topic.partitions.iter().filter(new).collect()));
    }
    all
}

/// The batches to look into for a time.
fn work(request: &ListOffsetsRequest, state: &mut State, context: &RequestContext) -> Work {
    let mut items = Vec::new();
    for (topic, parts) in asked(request) {
        for part in parts {
            items.push(find_time(topic, part, state, context).unwrap_or(WorkItem::Nothing));
        }
    }
    // Each partition is asked for once, and holds what was small enough when it was produced.
    Work::new(items, state.config.decompressed_batch_bytes_max, usize::MAX)
}

fn find_time(
    topic: &ListOffsetsTopic,
    part: &ListOffsetsPartition,
    state: &mut State,
    context: &RequestContext,
) -> Option<WorkItem> {
    state.check_topic(context, AclOperation::Describe, &topic.name, Uuid::ZERO).ok()?;
    let found = state.topics.by_name_mut(&topic.name)?;
    let partition = found.partition_mut(part.partition_index).ok()?;
    partition.check_leader(context.node, part.current_leader_epoch).ok()?;
    let timestamp_ms = match part.timestamp {
        MAX_TIMESTAMP => partition.log.max_timestamp()?,
        timestamp_ms if timestamp_ms >= 0 => timestamp_ms,
        _ => return None,
    };
    let batches = partition.log.batches_at_time(timestamp_ms);
    Some(WorkItem::FindTime { batches, from: partition.log.start_offset(), timestamp_ms })
}

fn list(
    topic: &ListOffsetsTopic,
    part: &ListOffsetsPartition,
    found: &Finding,
    isolation_level: i8,
    state: &State,
    node: i32,
) -> Result<ListOffsetsPartitionResponse, ErrorCode> {
    let partition = state.topics.find(&topic.name, Uuid::ZERO)?.partition(part.partition_index)?;
    partition.check_leader(node, part.current_leader_epoch)?;
    let bound = partition.bound(isolation_level);
    let (log, leader_epoch) = (&partition.log, partition.leader_epoch);
    let end = |offset| Some(FoundRecord { offset, timestamp_ms: -1, leader_epoch });
    let found = match part.timestamp {
        LATEST => end(bound),
        EARLIEST | EARLIEST_LOCAL => end(log.start_offset()),
        LATEST_TIERED | EARLIEST_PENDING_UPLOAD => None,
        MAX_TIMESTAMP | 0.. => match found {
            Finding::Time(found) => found.filter(|found| found.offset < bound),
            _ => None,
        },
        _ => return Err(ErrorCode::UNSUPPORTED_VERSION),
    };
    let nothing = refused(part.partition_index, ErrorCode::NONE);
    Ok(match found {
        Some(FoundRecord { offset, timestamp_ms, leader_epoch }) => {
            ListOffsetsPartitionResponse { offset, timestamp: timestamp_ms, leader_epoch, ..nothing }
        }
        None => nothing,
    })
}

fn refused(partition_index: i32, error_code: ErrorCode) -> ListOffsetsPartitionResponse {
    ListOffsetsPartitionResponse { partition_index, error_code, ..Default::default() }
}

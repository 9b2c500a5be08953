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

use upsert_kafka_protocol::messages::list_offsets::{
    ListOffsetsPartition, ListOffsetsPartitionResponse, ListOffsetsTopic, ListOffsetsTopicResponse,
};
use upsert_kafka_protocol::messages::{ListOffsetsRequest, ListOffsetsResponse};
use upsert_kafka_protocol::{ErrorCode, Uuid};

use super::{Call, Outcome, Serve};
use crate::state::State;
use crate::state::log::Found;

const LATEST: i64 = -1;
const EARLIEST: i64 = -2;
const MAX_TIMESTAMP: i64 = -3;
const EARLIEST_LOCAL: i64 = -4;
const LATEST_TIERED: i64 = -5;
const EARLIEST_PENDING_UPLOAD: i64 = -6;

/// The first version that tells leader epochs.
const EPOCHS_SINCE: i16 = 4;

impl Serve for ListOffsetsRequest {
    fn serve(&self, state: &mut State, call: &Call) -> Outcome<ListOffsetsResponse> {
        answer(self, |topic, part| {
            let listed = list(topic, part, self.isolation_level, state, call.node);
            let mut listed = listed.unwrap_or_else(|code| refused(part.partition_index, code));
            if call.version < EPOCHS_SINCE {
                listed.leader_epoch = -1;
            }
            listed
        })
    }

    fn refuse(&self, _: &Call, code: ErrorCode) -> Outcome<ListOffsetsResponse> {
        answer(self, |_, part| refused(part.partition_index, code))
    }
}

fn answer(
    request: &ListOffsetsRequest,
    mut each: impl FnMut(&ListOffsetsTopic, &ListOffsetsPartition) -> ListOffsetsPartitionResponse,
) -> Outcome<ListOffsetsResponse> {
    let mut of = |topic: &ListOffsetsTopic| ListOffsetsTopicResponse {
        name: topic.name.clone(),
        partitions: topic.partitions.iter().map(|part| each(topic, part)).collect(),
        ..Default::default()
    };
    let topics = request.topics.iter().map(&mut of).collect();
    Outcome::Answer(ListOffsetsResponse { topics, ..Default::default() })
}

fn list(
    topic: &ListOffsetsTopic,
    part: &ListOffsetsPartition,
    isolation_level: i8,
    state: &mut State,
    node: i32,
) -> Result<ListOffsetsPartitionResponse, ErrorCode> {
    let partition = state.topics.find_mut(&topic.name, Uuid::ZERO)?.partition_mut(part.partition_index)?;
    partition.check_leader(node, part.current_leader_epoch)?;
    let bound = partition.bound(isolation_level);
    let (log, leader_epoch) = (&mut partition.log, partition.leader_epoch);
    let end = |offset| Some(Found { offset, timestamp_ms: -1, leader_epoch });
    let found = match part.timestamp {
        LATEST => end(bound),
        EARLIEST | EARLIEST_LOCAL => end(log.start_offset()),
        MAX_TIMESTAMP => log.newest().filter(|found| found.offset < bound),
        LATEST_TIERED | EARLIEST_PENDING_UPLOAD => None,
        timestamp_ms if timestamp_ms >= 0 => log.find_time(timestamp_ms).filter(|found| found.offset < bound),
        _ => return Err(ErrorCode::UNSUPPORTED_VERSION),
    };
    let nothing = refused(part.partition_index, ErrorCode::NONE);
    Ok(match found {
        Some(Found { offset, timestamp_ms, leader_epoch }) => {
            ListOffsetsPartitionResponse { offset, timestamp: timestamp_ms, leader_epoch, ..nothing }
        }
        None => nothing,
    })
}

fn refused(partition_index: i32, error_code: ErrorCode) -> ListOffsetsPartitionResponse {
    ListOffsetsPartitionResponse { partition_index, error_code, ..Default::default() }
}

//! Fetch: whole batches from the offsets asked for, waiting for them if need be.
//!
//! Behavior
//! - Answers at once when `min_bytes` are there, when a partition has an error, or when nothing is asked;
//!   else when `max_wait_ms` are over or appends have brought enough.
//! - The first partition that has anything gives one batch at least, however small the limits are.
//! - A partition that is named twice is answered once.
//! - A node keeps `max.incremental.fetch.session.cache.slots` sessions (KIP-227), which end when it stops. A reader
//!   beyond them is told session id 0, and sends full fetches.
//! - With `read_committed` a fetch ends at the last stable offset, where the first open transaction begins, and the answer
//!   lists the aborted transactions among its records.
//! - A node that does not lead the partition answers with the leader (KIP-951), unless there is a rack-aware replica
//!   selector (KIP-392): then it serves consumers as the leader does, and the leader sends a consumer of another rack to
//!   a node in that rack, without records and without a look at the offset.
//! - Followers are not served: the replica is ignored.
//!
//! Versions: 5 log start; 7 sessions; 9 leader epoch checked; 12 flexible, diverging epochs; 13 topic ids; 16
//! leader hints.

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;
use upsert_kafka_protocol::ErrorCode;
use upsert_kafka_protocol::messages::fetch::{
    AbortedTransaction, EpochEndOffset, FetchPartition, FetchTopic, FetchableTopicResponse, LeaderIdAndEpoch,
    NodeEndpoint, PartitionData,
};
use upsert_kafka_protocol::messages::{FetchRequest, FetchResponse};
use upsert_kafka_protocol::records::{Batch, batches};

use super::{Outcome, RequestContext, Serve};
use crate::config::{AclOperation, ReplicaSelector};
use crate::state::State;
use crate::state::fetch_sessions::FetchOrigin;
use crate::state::isolation::Aborted;
use crate::state::nodes::{Advertised, Node};
use crate::state::topics::{Partition, READ_COMMITTED};
use crate::wait::{Wait, WatchKey};

/// The most one answer holds, besides a first batch that is larger: Kafka's `fetch.max.bytes`.
const ANSWER_BYTES_MAX: usize = 55 << 20;

/// The longest that a fetch waits, whatever it says: a client that is gone is not waited for without end.
const WAIT_MS_MAX: u64 = 10 * 60 * 1000;

/// The first version whose clients may be served by a follower.
const FOLLOWERS_SINCE: i16 = 11;

/// The first version whose clients follow leader hints.
const HINTS_SINCE: i16 = 16;

impl Serve for FetchRequest {
    fn serve(&self, state: &mut State, context: &RequestContext) -> Outcome<FetchResponse> {
        let RequestContext { node, version, now, .. } = *context;
        let origin = FetchOrigin { node, version, now: now.instant };
        let whole = match state.fetch_sessions.whole(self, origin) {
            Ok(whole) => whole,
            Err(error_code) => {
                return Outcome::Answer(FetchResponse { error_code, ..Default::default() });
            }
        };
        let request = whole.as_ref().unwrap_or(self);
        match wait(request, state, context) {
            Some(wait) => Outcome::Wait(wait),
            None => {
                let answer = read_all(request, state, context);
                Outcome::Answer(state.fetch_sessions.answer(self, answer, origin))
            }
        }
    }

    fn refuse(&self, _: &RequestContext, code: ErrorCode) -> Outcome<FetchResponse> {
        let refused = |topic: &FetchTopic| FetchableTopicResponse {
            partitions: topic.partitions.iter().map(|part| refused(part.partition, code)).collect(),
            ..named(topic)
        };
        let responses = self.topics.iter().map(refused).collect();
        // A request of a session may name no partition that could bear the error.
        let error_code = if self.session_epoch > 0 { code } else { ErrorCode::NONE };
        Outcome::Answer(FetchResponse { error_code, responses, ..Default::default() })
    }
}

/// Until when to wait and for what, if there is a reason to wait.
fn wait(request: &FetchRequest, state: &State, context: &RequestContext) -> Option<Wait> {
    let wait_ms = u64::try_from(request.max_wait_ms).unwrap_or(0).min(WAIT_MS_MAX);
    if context.timed_out || wait_ms == 0 || request.min_bytes <= 0 {
        return None;
    }
    let (wanted, mut found, mut on) = (limit(request.min_bytes), 0, Vec::new());
    for topic in &request.topics {
        state.check_topic(context, AclOperation::Read, &topic.topic, topic.topic_id).ok()?;
        for part in &topic.partitions {
            let (key, bytes) = available(topic, part, request, state, context).ok()?;
            found += bytes;
            on.push(key);
        }
    }
    let until = context.received + Duration::from_millis(wait_ms);
    (found < wanted && !on.is_empty()).then_some(Wait { until: Some(until), on })
}

/// How much a partition could give now; an error when there is something to tell at once.
fn available(
    topic: &FetchTopic,
    part: &FetchPartition,
    request: &FetchRequest,
    state: &State,
    context: &RequestContext,
) -> Result<(WatchKey, usize), ErrorCode> {
    let found = state.topics.find(&topic.topic, topic.topic_id)?;
    let partition = found.partition(part.partition)?;
    check_served(partition, part, state, context)?;
    if nearer(partition, request, state, context).is_some() || diverging(part, partition)?.is_some() {
        return Err(ErrorCode::NONE);
    }
    let available = {
        let bound = partition.bound(request.isolation_level);
        partition.log.available(part.fetch_offset, bound, limit(part.partition_max_bytes))
    };
    Ok((WatchKey::Partition(found.id, part.partition), available.ok_or(ErrorCode::OFFSET_OUT_OF_RANGE)?))
}

fn read_all(request: &FetchRequest, state: &mut State, context: &RequestContext) -> FetchResponse {
    let mut remaining =
        Remaining { bytes: limit(request.max_bytes).min(ANSWER_BYTES_MAX), at_least_one: true };
    let (mut responses, mut seen) = (Vec::with_capacity(request.topics.len()), BTreeSet::new());
    for topic in &request.topics {
        let mut partitions = Vec::with_capacity(topic.partitions.len());
        let new = |part: &&FetchPartition| seen.insert((&topic.topic, topic.topic_id, part.partition));
        for part in topic.partitions.iter().filter(new) {
            let allowed = state.check_topic(context, AclOperation::Read, &topic.topic, topic.topic_id);
            let read = allowed.and_then(|()| read(topic, part, request, &mut remaining, state, context));
            partitions.push(read.unwrap_or_else(|code| PartitionData {
                current_leader: current_leader(topic, part, code, state, context),
                ..refused(part.partition, code)
            }));
        }
        responses.push(FetchableTopicResponse { partitions, ..named(topic) });
    }
    let node_endpoints = node_endpoints(&responses, state, context.caller.listener);
    FetchResponse { responses, node_endpoints, ..Default::default() }
}

/// Who leads instead, for clients that would take the hint.
fn current_leader(
    topic: &FetchTopic,
    part: &FetchPartition,
    code: ErrorCode,
    state: &State,
    context: &RequestContext,
) -> LeaderIdAndEpoch {
    let hinted = matches!(code, ErrorCode::NOT_LEADER_OR_FOLLOWER | ErrorCode::FENCED_LEADER_EPOCH);
    let found = state.topics.find(&topic.topic, topic.topic_id).and_then(|it| it.partition(part.partition));
    match found {
        Ok(found) if hinted && context.version >= HINTS_SINCE => LeaderIdAndEpoch {
            leader_id: found.leader.unwrap_or(-1),
            leader_epoch: found.leader_epoch,
            ..Default::default()
        },
        _ => LeaderIdAndEpoch::default(),
    }
}

/// Where the leaders listen that the answer names.
fn node_endpoints(responses: &[FetchableTopicResponse], state: &State, listener: usize) -> Vec<NodeEndpoint> {
    let partitions = || responses.iter().flat_map(|topic| &topic.partitions);
    let named = |id| partitions().any(|part| part.current_leader.leader_id == id);
    let endpoint = |node: &Node| {
        let Advertised { host, port } = node.address(listener).clone();
        NodeEndpoint { node_id: node.id, host, port, rack: node.rack.clone(), ..Default::default() }
    };
    state.nodes.iter().filter(|node| named(node.id)).map(endpoint).collect()
}

/// What an answer still has room for.
struct Remaining {
    bytes: usize,
    at_least_one: bool,
}

fn read(
    topic: &FetchTopic,
    part: &FetchPartition,
    request: &FetchRequest,
    remaining: &mut Remaining,
    state: &mut State,
    context: &RequestContext,
) -> Result<PartitionData, ErrorCode> {
    let isolation_level = request.isolation_level;
    let partition = state.topics.find(&topic.topic, topic.topic_id)?.partition(part.partition)?;
    check_served(partition, part, state, context)?;
    let mut data = refused(part.partition, ErrorCode::NONE);
    if let Some(preferred_read_replica) = nearer(partition, request, state, context) {
        let (high_watermark, last_stable_offset) =
            (partition.log.end_offset(), partition.last_stable_offset());
        let log_start_offset = partition.log.start_offset();
        let data = PartitionData { high_watermark, last_stable_offset, log_start_offset, ..data };
        return Ok(PartitionData { preferred_read_replica, ..data });
    }
    let partition = state.topics.find_mut(&topic.topic, topic.topic_id)?.partition_mut(part.partition)?;
    if let Some(diverging_epoch) = diverging(part, partition)? {
        return Ok(PartitionData { diverging_epoch, ..data });
    }
    let room = limit(part.partition_max_bytes).min(remaining.bytes);
    let bound = partition.bound(isolation_level);
    let read = partition.log.read(part.fetch_offset, bound, room, remaining.at_least_one);
    let records = read.ok_or(ErrorCode::OFFSET_OUT_OF_RANGE)?;
    remaining.bytes = remaining.bytes.saturating_sub(records.len());
    remaining.at_least_one &= records.is_empty();
    data.high_watermark = partition.log.end_offset();
    data.last_stable_offset = partition.last_stable_offset();
    data.log_start_offset = partition.log.start_offset();
    data.aborted_transactions =
        (isolation_level == READ_COMMITTED).then(|| aborted(partition, part.fetch_offset, &records));
    data.records = Some(records);
    Ok(data)
}

/// Whether this node serves the reader.
fn check_served(
    partition: &Partition,
    part: &FetchPartition,
    state: &State,
    context: &RequestContext,
) -> Result<(), ErrorCode> {
    match state.config.replica_selector {
        ReplicaSelector::RackAware if context.version >= FOLLOWERS_SINCE => {
            partition.check_follower(part.current_leader_epoch)
        }
        _ => partition.check_leader(context.node, part.current_leader_epoch),
    }
}

/// The node that the reader is to turn to, where this one leads and another is in the reader's rack.
fn nearer(
    partition: &Partition,
    request: &FetchRequest,
    state: &State,
    context: &RequestContext,
) -> Option<i32> {
    let chooses = state.config.replica_selector == ReplicaSelector::RackAware
        && partition.leader == Some(context.node)
        && !request.rack_id.is_empty();
    state.nodes.nearer_than(context.node, &request.rack_id).filter(|_| chooses)
}

/// The aborted transactions among the records read.
fn aborted(partition: &Partition, from: i64, records: &Bytes) -> Vec<AbortedTransaction> {
    let end = |batch: Batch| batch.base_offset() + i64::from(batch.last_offset_delta()) + 1;
    let to = batches(records).map_while(Result::ok).last().map_or(from, end);
    let told = |aborted: &Aborted| AbortedTransaction {
        producer_id: aborted.producer_id,
        first_offset: aborted.first_offset,
        ..Default::default()
    };
    partition.isolation.aborted(from, to).map(told).collect()
}

/// Where the reader's log leaves ours, if what it read last is not in ours (KIP-595).
fn diverging(part: &FetchPartition, partition: &Partition) -> Result<Option<EpochEndOffset>, ErrorCode> {
    if part.last_fetched_epoch < 0 {
        return Ok(None);
    }
    let end = partition.end_of_epoch(part.last_fetched_epoch);
    let (epoch, end_offset) = end.ok_or(ErrorCode::OFFSET_OUT_OF_RANGE)?;
    let leaves = epoch < part.last_fetched_epoch || end_offset < part.fetch_offset;
    Ok(leaves.then(|| EpochEndOffset { epoch, end_offset, ..Default::default() }))
}

/// No records are empty, not null: librdkafka takes null for a size that is invalid.
fn refused(partition_index: i32, error_code: ErrorCode) -> PartitionData {
    let records = Some(Bytes::new());
    PartitionData { partition_index, error_code, high_watermark: -1, records, ..Default::default() }
}

fn named(topic: &FetchTopic) -> FetchableTopicResponse {
    FetchableTopicResponse { topic: topic.topic.clone(), topic_id: topic.topic_id, ..Default::default() }
}

fn limit(bytes: i32) -> usize {
    usize::try_from(bytes).unwrap_or(0)
}

//! Produce: a batch for each partition, checked and appended.
//!
//! Behavior
//! - One batch of format 2 per partition; checksum, header, records, size, timestamps, and keys on
//!   compacted topics are checked as Kafka does; sequences too.
//! - An append is complete at once: timeout and number of acks do not matter. With acks=0 there is no
//!   answer, and an error closes the connection.
//! - A batch that is sent again is answered with the offset it had. Under CreateTime its append time is -1, where Kafka
//!   answers the batch's own timestamp.
//! - A node that does not lead the partition answers with the leader (KIP-951).
//! - A transaction's first batch in a partition is accepted when the partition was added to the transaction
//!   (else `INVALID_TXN_STATE`, from version 11 on `TRANSACTION_ABORTABLE`); from version 12 on Produce adds
//!   it. A batch without the request's transactional id is `TRANSACTIONAL_ID_AUTHORIZATION_FAILED`, where
//!   Kafka refuses the whole request so.
//! - `compression.type` does not recompress.
//!
//! Versions: 5 log start; 7 zstd; 8 record errors; 9 flexible; 10 leader hints; 11 `TRANSACTION_ABORTABLE`; 12
//! KIP-890; 13 topic ids.

use std::slice;

use bytes::Bytes;
use upsert_kafka_protocol::messages::produce::{
    BatchIndexAndErrorMessage, LeaderIdAndEpoch, NodeEndpoint, PartitionProduceData,
    PartitionProduceResponse, TopicProduceData, TopicProduceResponse,
};
use upsert_kafka_protocol::messages::{ProduceRequest, ProduceResponse};
use upsert_kafka_protocol::{ErrorCode, Str, Uuid};

use super::{Outcome, RequestContext, Serve};
use crate::config::AclOperation;
use crate::now::Now;
use crate::state::batch::{CheckedBatch, Rules};
use crate::state::names::owned;
use crate::state::nodes::{Advertised, Node};
use crate::state::producers::{Sequenced, Verdict};
use crate::state::topics::Partition;
use crate::state::transaction::Participant;
use crate::state::{Refusal, State};
use crate::wait::WatchKey;
use crate::work::{Finding, Work, WorkItem};

/// The first version whose clients follow leader hints.
const HINTS_SINCE: i16 = 10;

/// The first version whose clients know `TRANSACTION_ABORTABLE`.
const ABORTABLE_SINCE: i16 = 11;

/// The first version that adds the partition to the transaction.
const ADDING_SINCE: i16 = 12;

impl Serve for ProduceRequest {
    fn serve(&self, state: &mut State, context: &RequestContext) -> Outcome<ProduceResponse> {
        if !(-1..=1).contains(&self.acks) {
            return self.refuse(context, ErrorCode::INVALID_REQUIRED_ACKS);
        }
        let Some(findings) = &context.findings else { return Outcome::Work(work(self, state, context)) };
        let mut findings = findings.iter();
        let id = self.transactional_id.as_deref();
        let outcome = answer(self, |topic| produce_topic(topic, id, &mut findings, state, context));
        outcome.map(|response| hinted(response, state, context))
    }

    fn refuse(&self, _: &RequestContext, code: ErrorCode) -> Outcome<ProduceResponse> {
        let refused = |data: &PartitionProduceData| refused(data.index, code);
        answer(self, |topic| topic.partition_data.iter().map(refused).collect())
    }
}

/// The batches to look into: those that their partitions may take.
fn work(request: &ProduceRequest, state: &mut State, context: &RequestContext) -> Work {
    let mut items = Vec::new();
    for topic in &request.topic_data {
        for part in &topic.partition_data {
            let target =
                Target { topic: &topic.name, id: topic.topic_id, index: part.index, transactional_id: None };
            let allowed =
                state.check_topic(context, AclOperation::Write, &topic.name, topic.topic_id).is_ok();
            items.push(match led(&target, state, context) {
                Ok(_) if allowed => check(part.records.clone().unwrap_or_default(), &target, state, context),
                _ => WorkItem::Nothing,
            });
        }
    }
    let config = &state.config;
    Work::new(items, config.decompressed_batch_bytes_max, config.decompressed_request_bytes_max)
}

fn check(records: Bytes, target: &Target<'_>, state: &State, context: &RequestContext) -> WorkItem {
    match state.topics.find(target.topic, target.id) {
        Ok(topic) => {
            let (version, now_ms) = (context.version, context.now.unix_ms);
            WorkItem::Check { records, version, rules: Rules::from(&topic.configs), now_ms }
        }
        Err(_) => WorkItem::Nothing,
    }
}

fn answer(
    request: &ProduceRequest,
    mut each: impl FnMut(&TopicProduceData) -> Vec<PartitionProduceResponse>,
) -> Outcome<ProduceResponse> {
    let mut responses = Vec::with_capacity(request.topic_data.len());
    for topic in &request.topic_data {
        responses.push(TopicProduceResponse {
            name: topic.name.clone(),
            topic_id: topic.topic_id,
            partition_responses: each(topic),
            ..Default::default()
        });
    }
    if request.acks != 0 {
        return Outcome::Answer(ProduceResponse { responses, ..Default::default() });
    }
    let mut partitions = responses.iter().flat_map(|topic| &topic.partition_responses);
    match partitions.find(|partition| !partition.error_code.is_none()) {
        Some(failed) => Outcome::Close(format!("acks=0, and the answer would be {:?}", failed.error_code)),
        None => Outcome::Silence,
    }
}

/// Tells where the leaders are that lead instead, to clients that would take the hint.
fn hinted(mut response: ProduceResponse, state: &State, context: &RequestContext) -> ProduceResponse {
    if context.version < HINTS_SINCE {
        return response;
    }
    for topic in &mut response.responses {
        let Ok(found) = state.topics.find(&topic.name, topic.topic_id) else { continue };
        for part in &mut topic.partition_responses {
            let Ok(partition) = found.partition(part.index) else { continue };
            if part.error_code == ErrorCode::NOT_LEADER_OR_FOLLOWER {
                let (leader_id, leader_epoch) = (partition.leader.unwrap_or(-1), partition.leader_epoch);
                part.current_leader = LeaderIdAndEpoch { leader_id, leader_epoch, ..Default::default() };
            }
        }
    }
    let partitions = || response.responses.iter().flat_map(|topic| &topic.partition_responses);
    let named = |id| partitions().any(|part| part.current_leader.leader_id == id);
    let endpoint = |node: &Node| {
        let Advertised { host, port } = node.address(context.caller.listener).clone();
        NodeEndpoint { node_id: node.id, host, port, rack: node.rack.clone(), ..Default::default() }
    };
    response.node_endpoints = state.nodes.iter().filter(|node| named(node.id)).map(endpoint).collect();
    response
}

fn produce_topic(
    data: &TopicProduceData,
    transactional_id: Option<&str>,
    findings: &mut slice::Iter<'_, Finding>,
    state: &mut State,
    context: &RequestContext,
) -> Vec<PartitionProduceResponse> {
    let allowed = state.check_topic(context, AclOperation::Write, &data.name, data.topic_id);
    let (name, id) = match allowed.and_then(|()| state.topics.find(&data.name, data.topic_id)) {
        Ok(topic) => (topic.name.clone(), topic.id),
        Err(code) => {
            let refused = |part: &PartitionProduceData| {
                findings.next();
                refused(part.index, code)
            };
            return data.partition_data.iter().map(refused).collect();
        }
    };
    let mut produce = |part: &PartitionProduceData| {
        let target = Target { topic: &name, id, index: part.index, transactional_id };
        let produced = produce_partition(findings.next(), &target, state, context);
        produced.unwrap_or_else(|refusal| explained(part.index, refusal))
    };
    data.partition_data.iter().map(&mut produce).collect()
}

/// Where a batch goes, and in whose name.
struct Target<'a> {
    topic: &'a str,
    id: Uuid,
    index: i32,
    transactional_id: Option<&'a str>,
}

fn produce_partition(
    finding: Option<&Finding>,
    target: &Target<'_>,
    state: &mut State,
    context: &RequestContext,
) -> Result<PartitionProduceResponse, Refusal> {
    led(target, state, context)?;
    let Some(Finding::Checked(checked)) = finding else {
        // It could not take the batch when that was to be looked into. Now it can.
        let code = ErrorCode::NOT_LEADER_OR_FOLLOWER;
        return Err(Refusal::new(code, code.message()));
    };
    let checked = checked.as_ref().map_err(Clone::clone)?;
    if let Some(batch) = checked.sequenced.filter(|batch| batch.transactional) {
        join_transaction(batch, target, state, context)?;
    }
    let expiration = state.config.producer_id_expiration;
    let partition = led(target, state, context)?;
    partition.producers.expire_idle(context.now.instant, expiration);
    let bumps_epoch = context.version >= ADDING_SINCE;
    let verdict = checked
        .sequenced
        .map_or(Ok(Verdict::Append), |batch| partition.producers.check(batch, bumps_epoch))?;
    let (base_offset, log_append_time_ms) = match verdict {
        Verdict::Duplicate { base_offset, log_append_time_ms } => (base_offset, log_append_time_ms),
        Verdict::Append => (append(checked, partition, context.now), checked.log_append_time_ms),
    };
    let response = PartitionProduceResponse {
        index: target.index,
        base_offset,
        log_append_time_ms,
        log_start_offset: partition.log.start_offset(),
        ..Default::default()
    };
    if matches!(verdict, Verdict::Append) {
        state.completed.push(WatchKey::Partition(target.id, target.index));
    }
    Ok(response)
}

/// The partition, if it is there and the node leads it.
fn led<'a>(
    target: &Target<'_>,
    state: &'a mut State,
    context: &RequestContext,
) -> Result<&'a mut Partition, Refusal> {
    let Target { topic, id, index, .. } = target;
    let unknown = |code: ErrorCode| Refusal::new(code, format!("{topic}-{index} does not exist"));
    let elsewhere =
        |code: ErrorCode| Refusal::new(code, format!("{topic}-{index} is not led by node {}", context.node));
    let found = state.topics.find_mut(topic, *id).map_err(unknown)?;
    let partition = found.partition_mut(*index).map_err(unknown)?;
    partition.check_leader(context.node, -1).map_err(elsewhere)?;
    Ok(partition)
}

/// A transaction's first batch in a partition is taken when the coordinator knows of the partition, or hears
/// of it now.
fn join_transaction(
    batch: Sequenced,
    target: &Target<'_>,
    state: &mut State,
    context: &RequestContext,
) -> Result<(), Refusal> {
    let refusal = |code: ErrorCode| Refusal::new(code, code.message());
    let Some(id) = target.transactional_id.filter(|id| !id.is_empty()) else {
        return Err(refusal(ErrorCode::TRANSACTIONAL_ID_AUTHORIZATION_FAILED));
    };
    let producer = (batch.producer_id, batch.epoch);
    if led(target, state, context)?.producers.has_transaction(batch.producer_id, batch.epoch) {
        return Ok(());
    }
    let partition = Participant::Partition(owned(target.topic), target.index);
    let joined = if context.version >= ADDING_SINCE {
        state.add_to_transaction(id, producer, [partition], context.now)
    } else {
        state.verify_in_transaction(id, producer, &partition)
    };
    joined.map_err(|code| match code {
        ErrorCode::PRODUCER_FENCED => refusal(ErrorCode::INVALID_PRODUCER_EPOCH),
        ErrorCode::TRANSACTION_ABORTABLE if context.version < ABORTABLE_SINCE => {
            let message = "Partition was not added to the transaction";
            Refusal::new(ErrorCode::INVALID_TXN_STATE, message)
        }
        ErrorCode::CONCURRENT_TRANSACTIONS if context.version < ADDING_SINCE => {
            let message = "Unable to verify the partition has been added to the transaction. Underlying error: CONCURRENT_TRANSACTIONS";
            Refusal::new(ErrorCode::NOT_ENOUGH_REPLICAS, message)
        }
        code => refusal(code),
    })
}

fn append(checked: &CheckedBatch, partition: &mut Partition, now: Now) -> i64 {
    let base_offset = partition.log.append(checked, partition.leader_epoch);
    if let Some(batch) = checked.sequenced
        && partition.producers.record(batch, base_offset, checked.log_append_time_ms, now)
    {
        partition.isolation.begin(batch.producer_id, base_offset);
    }
    base_offset
}

fn refused(index: i32, error_code: ErrorCode) -> PartitionProduceResponse {
    PartitionProduceResponse { index, error_code, base_offset: -1, ..Default::default() }
}

fn explained(index: i32, refusal: Refusal) -> PartitionProduceResponse {
    let blamed = |(batch_index, message): (i32, String)| BatchIndexAndErrorMessage {
        batch_index,
        batch_index_error_message: Some(Str::from(message)),
        ..Default::default()
    };
    PartitionProduceResponse {
        record_errors: refusal.records.into_iter().map(blamed).collect(),
        error_message: Some(Str::from(refusal.message)),
        ..refused(index, refusal.code)
    }
}

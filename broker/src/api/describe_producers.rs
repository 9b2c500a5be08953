//! DescribeProducers: the producers of partitions, with epochs and sequences.
//!
//! Behavior
//! - The leader answers. Producers that have expired are not listed.
//!
//! Versions: 0 only.

use std::collections::BTreeSet;

use upsert_kafka_protocol::messages::describe_producers::{PartitionResponse, ProducerState, TopicResponse};
use upsert_kafka_protocol::messages::{DescribeProducersRequest, DescribeProducersResponse};
use upsert_kafka_protocol::{ErrorCode, Str, Uuid};

use super::{Outcome, RequestContext, Serve};
use crate::config::AclOperation;
use crate::state::State;
use crate::state::producers::ProducerEntry;
use crate::state::transactions::COORDINATOR_EPOCH;

impl Serve for DescribeProducersRequest {
    fn serve(&self, state: &mut State, context: &RequestContext) -> Outcome<DescribeProducersResponse> {
        answer(self, |topic, index| {
            describe(topic, index, state, context).unwrap_or_else(|code| refused(index, code))
        })
    }

    fn refuse(&self, _: &RequestContext, code: ErrorCode) -> Outcome<DescribeProducersResponse> {
        answer(self, |_, index| refused(index, code))
    }
}

fn answer(
    request: &DescribeProducersRequest,
    mut each: impl FnMut(&str, i32) -> PartitionResponse,
) -> Outcome<DescribeProducersResponse> {
    let (mut topics, mut seen) = (Vec::with_capacity(request.topics.len()), BTreeSet::new());
    for topic in &request.topics {
        let indexes = topic.partition_indexes.iter().copied();
        let once = indexes.filter(|index| seen.insert((&topic.name, *index)));
        topics.push(TopicResponse {
            name: topic.name.clone(),
            partitions: once.map(|index| each(&topic.name, index)).collect(),
            ..Default::default()
        });
    }
    Outcome::Answer(DescribeProducersResponse { topics, ..Default::default() })
}

fn describe(
    topic: &str,
    index: i32,
    state: &mut State,
    context: &RequestContext,
) -> Result<PartitionResponse, ErrorCode> {
    state.check_topic(context, AclOperation::Read, topic, Uuid::ZERO)?;
    let expiration = state.config.producer_id_expiration;
    let partition = state.topics.find_mut(topic, Uuid::ZERO)?.partition_mut(index)?;
    partition.check_leader(context.node, -1)?;
    partition.producers.expire_idle(context.now.instant, expiration);
    let told = |(producer_id, entry): (i64, &ProducerEntry)| ProducerState {
        producer_id,
        producer_epoch: i32::from(entry.epoch),
        last_sequence: entry.last_sequence(),
        last_timestamp: entry.last_write.unix_ms,
        coordinator_epoch: if entry.marked { COORDINATOR_EPOCH } else { -1 },
        current_txn_start_offset: entry.transaction.unwrap_or(-1),
        ..Default::default()
    };
    let active_producers = partition.producers.iter().map(told).collect();
    Ok(PartitionResponse { partition_index: index, active_producers, ..Default::default() })
}

fn refused(partition_index: i32, error_code: ErrorCode) -> PartitionResponse {
    let error_message = Some(Str::from_static(error_code.message()));
    PartitionResponse { partition_index, error_code, error_message, ..Default::default() }
}

//! Produce: a batch for each partition, checked and appended.
//!
//! Behavior
//! - One batch of format 2 per partition; checksum, header, records, size, timestamps, and keys on
//!   compacted topics are checked as Kafka does; sequences too.
//! - An append is complete at once: timeout and number of acks do not matter. With acks=0 there is no
//!   answer, and an error closes the connection.
//! - A repetition answers the first offset. Under CreateTime its append time is -1, where Kafka tells the
//!   batch's own timestamp.
//! - A node that does not lead the partition says so, and who does (KIP-951).
//! - Transactional batches are refused. `compression.type` does not recompress.
//!
//! Versions: 5 log start; 7 zstd; 8 record errors; 9 flexible; 10 leader hints; 12
//! KIP-890; 13 topic ids.

use upsert_kafka_protocol::messages::produce::{
    BatchIndexAndErrorMessage, LeaderIdAndEpoch, NodeEndpoint, PartitionProduceData,
    PartitionProduceResponse, TopicProduceData, TopicProduceResponse,
};
use upsert_kafka_protocol::messages::{ProduceRequest, ProduceResponse};
use upsert_kafka_protocol::{ErrorCode, Str};

use super::{Call, Outcome, Serve};
use crate::parking::Place;
use crate::state::batch::check;
use crate::state::nodes::Node;
use crate::state::producers::Verdict;
use crate::state::topics::Topic;
use crate::state::{Refusal, State};

/// The first version whose clients follow leader hints.
const HINTS_SINCE: i16 = 10;

impl Serve for ProduceRequest {
    fn serve(&self, state: &mut State, call: &Call) -> Outcome<ProduceResponse> {
        if !(-1..=1).contains(&self.acks) {
            return self.refuse(call, ErrorCode::INVALID_REQUIRED_ACKS);
        }
        let outcome = answer(self, |topic| produce_topic(topic, state, call));
        outcome.map(|response| hinted(response, state, call))
    }

    fn refuse(&self, _: &Call, code: ErrorCode) -> Outcome<ProduceResponse> {
        let refused = |data: &PartitionProduceData| refused(data.index, code);
        answer(self, |topic| topic.partition_data.iter().map(refused).collect())
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
fn hinted(mut response: ProduceResponse, state: &State, call: &Call) -> ProduceResponse {
    if call.version < HINTS_SINCE {
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
    let endpoint = |node: &Node| NodeEndpoint {
        node_id: node.id,
        host: node.host.clone(),
        port: node.port,
        ..Default::default()
    };
    response.node_endpoints = state.nodes.iter().filter(|node| named(node.id)).map(endpoint).collect();
    response
}

fn produce_topic(data: &TopicProduceData, state: &mut State, call: &Call) -> Vec<PartitionProduceResponse> {
    let topic = match state.topics.find_mut(&data.name, data.topic_id) {
        Ok(topic) => topic,
        Err(code) => return data.partition_data.iter().map(|part| refused(part.index, code)).collect(),
    };
    let (touched, mut answers) = (&mut state.touched, Vec::with_capacity(data.partition_data.len()));
    for part in &data.partition_data {
        answers.push(match produce_partition(part, topic, touched, call) {
            Ok(response) => response,
            Err(refusal) => explained(part.index, refusal),
        });
    }
    answers
}

fn produce_partition(
    data: &PartitionProduceData,
    topic: &mut Topic,
    touched: &mut Vec<Place>,
    call: &Call,
) -> Result<PartitionProduceResponse, Refusal> {
    let (index, place) = (data.index, (topic.id, data.index));
    let checked = {
        let unknown = |code: ErrorCode| Refusal::new(code, format!("{}-{index} does not exist", topic.name));
        let partition = topic.partition(index).map_err(unknown)?;
        let elsewhere = |code: ErrorCode| {
            let (name, node) = (&topic.name, call.node);
            Refusal::new(code, format!("{name}-{index} is not led by node {node}"))
        };
        partition.check_leader(call.node, -1).map_err(elsewhere)?;
        check(data.records.as_ref(), call.version, &topic.configs, call.now.unix_ms)?
    };
    let Ok(partition) = topic.partition_mut(index) else { return Ok(PartitionProduceResponse::default()) };
    let verdict = checked.sequenced.map_or(Ok(Verdict::Append), |batch| partition.producers.check(batch))?;
    let (base_offset, log_append_time_ms) = match verdict {
        Verdict::Duplicate { base_offset, log_append_time_ms } => (base_offset, log_append_time_ms),
        Verdict::Append => {
            let base_offset = partition.log.append(&checked, partition.leader_epoch);
            if let Some(batch) = checked.sequenced {
                partition.producers.record(batch, base_offset, checked.log_append_time_ms);
            }
            touched.push(place);
            (base_offset, checked.log_append_time_ms)
        }
    };
    let log_start_offset = partition.log.start_offset();
    Ok(PartitionProduceResponse {
        index,
        base_offset,
        log_append_time_ms,
        log_start_offset,
        ..Default::default()
    })
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

//! One fetch from one node: asks, and turns the answer into records.

use std::collections::HashMap;
use std::sync::Arc;

use upsert_kafka_protocol::messages::fetch::{FetchPartition, FetchTopic, PartitionData};
use upsert_kafka_protocol::messages::{FetchRequest, FetchResponse};
use upsert_kafka_protocol::{ErrorCode, Str, Uuid};

use super::fetched::PartitionRecords;
use super::position::{Plan, Progress, Wanted};
use super::read::{Reading, read};
use crate::cluster::Cluster;
use crate::{Config, Error, ErrorKind, IsolationLevel};

/// What a node's answer, or the lack of it, says of each partition asked for.
pub(super) struct Answer {
    pub(super) node: i32,
    pub(super) partitions: Vec<(Wanted, Taken)>,
}

/// What came of one partition.
pub(super) type Taken = Result<(Progress, PartitionRecords), Error>;

/// Fetches as planned. Everything that was asked for is answered, if need be with the same error.
pub(super) async fn fetch(cluster: Cluster, plan: Plan) -> Answer {
    let node = plan.node;
    let partitions = match ask(&cluster, &plan).await {
        Ok((version, response)) => sort(&cluster, plan, version, response),
        Err(error) => plan
            .partitions
            .into_iter()
            .map(|wanted| {
                let error = wanted.of.named(error.clone());
                (wanted, Err(error))
            })
            .collect(),
    };
    Answer { node, partitions }
}

async fn ask(cluster: &Cluster, plan: &Plan) -> Result<(i16, FetchResponse), Error> {
    let connection = cluster.fetch_connection(plan.node).await?;
    // A broker may speak of ids in Fetch and not in Metadata: without them the names of version 12 do.
    let named = plan.partitions.iter().any(|wanted| wanted.topic_id == Uuid::ZERO);
    let version = connection.version_up_to::<FetchRequest>(if named { LAST_BY_NAME } else { i16::MAX })?;
    let config = cluster.config();
    let response = connection.call_at(&request(plan, config), version, config.request_timeout).await?;
    match response.error_code {
        ErrorCode::NONE => Ok((version, response)),
        code => Err(connection.named(Error::from_code(code, "Fetch"), "Fetch")),
    }
}

fn request(plan: &Plan, config: &Config) -> FetchRequest {
    let mut topics: Vec<FetchTopic> = Vec::new();
    let mut places: HashMap<&Arc<str>, usize> = HashMap::new();
    for wanted in &plan.partitions {
        let place = *places.entry(&wanted.of.topic).or_insert_with(|| {
            topics.push(FetchTopic {
                topic: Str::from(wanted.of.topic.to_string()),
                topic_id: wanted.topic_id,
                ..Default::default()
            });
            topics.len() - 1
        });
        topics[place].partitions.push(FetchPartition {
            partition: wanted.of.partition,
            current_leader_epoch: wanted.leader_epoch,
            fetch_offset: wanted.offset,
            partition_max_bytes: signed(wanted.bytes_max),
            ..Default::default()
        });
    }
    FetchRequest {
        // Some brokers never answer a fetch that may not wait.
        max_wait_ms: i32::try_from(config.fetch_max_wait.as_millis()).unwrap_or(i32::MAX).max(1),
        min_bytes: signed(config.fetch_min_bytes),
        max_bytes: signed(plan.bytes_max),
        isolation_level: i8::from(config.isolation_level == IsolationLevel::ReadCommitted),
        topics,
        ..Default::default()
    }
}

/// Finds the answer of each partition that was asked for.
fn sort(cluster: &Cluster, plan: Plan, version: i16, response: FetchResponse) -> Vec<(Wanted, Taken)> {
    let by_id = version > LAST_BY_NAME;
    let mut answers: HashMap<(Str, Uuid, i32), PartitionData> = HashMap::new();
    for topic in response.responses {
        for data in topic.partitions {
            answers.insert((topic.topic.clone(), topic.topic_id, data.partition_index), data);
        }
    }
    let key = |wanted: &Wanted| match by_id {
        true => (Str::default(), wanted.topic_id, wanted.of.partition),
        false => (Str::from(wanted.of.topic.to_string()), Uuid::ZERO, wanted.of.partition),
    };
    plan.partitions
        .into_iter()
        .map(|wanted| {
            let taken =
                match answers.remove(&key(&wanted)) {
                    Some(data) => take(cluster, &wanted, data),
                    None => Err(Error::new(ErrorKind::Protocol, "the broker's answer leaves it out")
                        .with_api("Fetch")),
                };
            let taken = taken.map_err(|error| wanted.of.named(error));
            (wanted, taken)
        })
        .collect()
}

fn take(cluster: &Cluster, wanted: &Wanted, data: PartitionData) -> Taken {
    if data.error_code != ErrorCode::NONE {
        let leader = &data.current_leader;
        if leader.leader_id >= 0 {
            cluster.leader_moved(
                &wanted.of.topic,
                wanted.of.partition,
                leader.leader_id,
                leader.leader_epoch,
            );
        }
        return Err(refused(data.error_code, wanted.offset));
    }
    let config = cluster.config();
    let reading = Reading {
        check_crcs: config.check_crcs,
        committed_only: config.isolation_level == IsolationLevel::ReadCommitted,
        batch_bytes_max: config.response_bytes_max,
    };
    let blob = data.records.unwrap_or_default();
    let read = read(&blob, wanted.offset, data.aborted_transactions, reading)
        .map_err(|corrupt| Error::new(ErrorKind::Corrupt, corrupt.to_string()))?;
    let progress = Progress {
        next_offset: read.next_offset,
        high_watermark: data.high_watermark,
        last_stable: data.last_stable_offset,
        cut: read.cut,
    };
    let records = PartitionRecords {
        topic: Arc::clone(&wanted.of.topic),
        topic_id: wanted.topic_id,
        partition: wanted.of.partition,
        high_watermark: data.high_watermark,
        from: wanted.offset,
        next_offset: read.next_offset,
        leader_epoch: read.leader_epoch,
        chunks: read.chunks,
    };
    Ok((progress, records))
}

fn refused(code: ErrorCode, offset: i64) -> Error {
    let error = Error::from_code(code, "Fetch");
    match code {
        ErrorCode::OFFSET_OUT_OF_RANGE => error.within(&format!("offset {offset}")),
        _ => error,
    }
}

fn signed(bytes: u32) -> i32 {
    i32::try_from(bytes).unwrap_or(i32::MAX)
}

/// From version 13 topics are known by id alone.
const LAST_BY_NAME: i16 = 12;

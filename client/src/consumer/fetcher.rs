//! One fetch from one node: asks, and turns the answer into records.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use upsert_kafka_protocol::messages::fetch::{FetchPartition, FetchTopic, PartitionData};
use upsert_kafka_protocol::messages::{FetchRequest, FetchResponse};
use upsert_kafka_protocol::records::Corrupt;
use upsert_kafka_protocol::{ErrorCode, Str, Uuid};

use super::completed_fetch::{CompletedFetch, Piece, Reading};
use super::position::{Plan, Told, Wanted};
use crate::cluster::Cluster;
use crate::{Config, Error, ErrorKind, IsolationLevel};

/// What a node's answer, or the lack of it, says of each partition asked for; handed over from the front.
pub(super) struct Answer {
    pub(super) node: i32,
    /// Nothing was in it, and the broker did not wait for more as it was asked to.
    pub(super) empty_early: bool,
    pub(super) partitions: VecDeque<Fetch>,
}

/// What came of one partition.
pub(super) struct Fetch {
    pub(super) wanted: Wanted,
    pub(super) came: Result<Arrived, Error>,
}

/// A partition's bytes, and as much of them as was prepared.
pub(super) struct Arrived {
    /// Until it was handed to the positions.
    pub(super) told: Option<Told>,
    pub(super) high_watermark: i64,
    pub(super) completed: CompletedFetch,
    pub(super) prepared: Option<Result<Piece, Corrupt>>,
}

/// What one poll may still hand over.
pub(super) struct Budget {
    /// Of decompressed bytes.
    left: usize,
    all: usize,
    /// Something that was prepared goes, so nothing is decompressed while the caller waits.
    prepared_only: bool,
}

impl Budget {
    pub(super) fn new(decompressed_bytes_max: usize) -> Self {
        Self { left: decompressed_bytes_max, all: decompressed_bytes_max, prepared_only: false }
    }
}

impl Arrived {
    /// The next batches within the budget; `None` when that was spent, so that they go with a later poll.
    pub(super) fn next_piece(&mut self, budget: &mut Budget) -> Option<Result<Piece, Corrupt>> {
        let piece = match self.prepared.take() {
            Some(prepared) => {
                budget.prepared_only = true;
                prepared
            }
            None if budget.prepared_only => return None,
            None => self.completed.read(budget.left),
        };
        match &piece {
            Ok(piece) => budget.left = budget.left.saturating_sub(piece.decompressed_bytes),
            // The batch waits for a poll of its own.
            Err(_) if self.completed.waits() && budget.left < budget.all => return None,
            Err(_) => {}
        }
        Some(piece)
    }
}

/// Fetches as planned, and prepares records within the bytes granted. Everything that was asked for is answered, if
/// need be with the same error.
pub(super) async fn fetch(cluster: Cluster, plan: Plan) -> Answer {
    let (node, asked_at) = (plan.node, cluster.now());
    let granted = plan.prepared_bytes_max;
    let mut partitions = match ask(&cluster, &plan).await {
        Ok((version, response)) => sort(&cluster, plan, version, response),
        Err(error) => {
            let failed = |wanted: Wanted| {
                let came = Err(wanted.of.named(error.clone()));
                Fetch { wanted, came }
            };
            plan.partitions.into_iter().map(failed).collect()
        }
    };
    let empty = |fetch: &Fetch| {
        fetch.came.as_ref().is_ok_and(|arrived| arrived.told.is_some_and(|told| !told.has_bytes))
    };
    let empty_early = cluster.environment().clock().since(asked_at) < cluster.config().fetch_max_wait / 2
        && partitions.iter().all(empty);
    prepare(&mut partitions, granted);
    Answer { node, empty_early, partitions }
}

/// Decompresses from the front, until the first batch that does not fit.
fn prepare(partitions: &mut VecDeque<Fetch>, granted: usize) {
    let mut left = granted;
    for arrived in partitions.iter_mut().filter_map(|fetch| fetch.came.as_mut().ok()) {
        match arrived.completed.read(left) {
            Ok(piece) => {
                left -= piece.decompressed_bytes;
                let is_full = piece.is_full;
                arrived.prepared = Some(Ok(piece));
                if is_full {
                    return;
                }
            }
            // For want of room: the poll has more of it.
            Err(_) if arrived.completed.waits() => return,
            Err(corrupt) => arrived.prepared = Some(Err(corrupt)),
        }
    }
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
fn sort(cluster: &Cluster, plan: Plan, version: i16, response: FetchResponse) -> VecDeque<Fetch> {
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
    let fetch = |wanted: Wanted| {
        let came = match answers.remove(&key(&wanted)) {
            Some(data) => take(cluster, &wanted, data),
            None => {
                Err(Error::new(ErrorKind::Protocol, "the broker's answer leaves it out").with_api("Fetch"))
            }
        };
        let came = came.map_err(|error| wanted.of.named(error));
        Fetch { wanted, came }
    };
    plan.partitions.into_iter().map(fetch).collect()
}

fn take(cluster: &Cluster, wanted: &Wanted, data: PartitionData) -> Result<Arrived, Error> {
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
    };
    let blob = data.records.unwrap_or_default();
    let told = Told {
        high_watermark: data.high_watermark,
        last_stable: data.last_stable_offset,
        has_bytes: !blob.is_empty(),
    };
    let completed = CompletedFetch::new(&blob, wanted.offset, data.aborted_transactions, reading);
    Ok(Arrived { told: Some(told), high_watermark: data.high_watermark, completed, prepared: None })
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

//! One Fetch request to one broker, and its answer, sorted by partition and partly decompressed.
//!
//! [`fetch`] runs as a task. What it cannot get becomes an error of each partition that was asked for, so that
//! every partition is answered exactly once.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use upsert_kafka_protocol::messages::fetch::{FetchPartition, FetchTopic, ForgottenTopic, PartitionData};
use upsert_kafka_protocol::messages::{FetchRequest, FetchResponse};
use upsert_kafka_protocol::records::Corrupt;
use upsert_kafka_protocol::{Bytes, ErrorCode, Str, Uuid};

use super::assignment::TopicPartition;
use super::completed_fetch::{CompletedFetch, Piece, ReadOptions};
use super::fetch_session::{FetchSession, SessionFetch};
use super::position::{FetchPlan, FetchTarget, LogStatus};
use crate::cluster::Cluster;
use crate::{Config, Error, ErrorKind, IsolationLevel};

/// The results of one Fetch request, of every partition that it asked for. They are handed over from the front.
pub(super) struct NodeFetch {
    pub(super) node: i32,
    /// The answer was empty, and the broker had not waited for records as long as it was asked to.
    pub(super) empty_early: bool,
    pub(super) partitions: VecDeque<PartitionFetch>,
}

/// The result of one partition.
pub(super) struct PartitionFetch {
    pub(super) target: FetchTarget,
    pub(super) result: Result<FetchedPartition, Error>,
}

/// A partition's fetched bytes, and the piece of them that was decompressed beforehand.
pub(super) struct FetchedPartition {
    /// `None` once the positions were told.
    pub(super) status: Option<LogStatus>,
    pub(super) high_watermark: i64,
    pub(super) completed: CompletedFetch,
    pub(super) prepared: Option<Result<Piece, Corrupt>>,
}

/// How much one poll may still hand over.
pub(super) struct PollBudget {
    /// Decompressed bytes.
    left: usize,
    all: usize,
    /// Something that was decompressed beforehand is handed over, so the caller does not wait for more.
    prepared_only: bool,
}

impl PollBudget {
    pub(super) fn new(decompressed_bytes_max: usize) -> Self {
        Self { left: decompressed_bytes_max, all: decompressed_bytes_max, prepared_only: false }
    }
}

impl FetchedPartition {
    /// A partition of which an incremental answer said nothing.
    fn nothing_new(target: &FetchTarget, status: LogStatus) -> Self {
        let reading = ReadOptions { check_crcs: false, committed_only: false };
        let completed = CompletedFetch::new(&Bytes::new(), target.offset, None, reading);
        Self { status: Some(status), high_watermark: status.high_watermark, completed, prepared: None }
    }

    /// The next piece within the budget; `None` when a later poll must hand it over.
    pub(super) fn next_piece(&mut self, budget: &mut PollBudget) -> Option<Result<Piece, Corrupt>> {
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
            // The batch is too large for what is left of this poll's budget. A later poll has all of it.
            Err(_) if self.completed.waits() && budget.left < budget.all => return None,
            Err(_) => {}
        }
        Some(piece)
    }
}

/// Sends the request and sorts its answer by partition, then decompresses as much of it as the plan allows. Every
/// partition of the plan has a result, if need be the same error.
pub(super) async fn fetch(cluster: Cluster, plan: FetchPlan, session: &mut FetchSession) -> NodeFetch {
    let (node, asked_at) = (plan.node, cluster.now());
    let granted = plan.prepared_bytes_max;
    let mut partitions = match ask(&cluster, &plan, session).await {
        Ok(answer) => sort(&cluster, plan, answer, session),
        Err(error) => {
            let failed = |target: FetchTarget| {
                let result = Err(target.topic_partition.named(error.clone()));
                PartitionFetch { target, result }
            };
            plan.partitions.into_iter().map(failed).collect()
        }
    };
    let empty = |fetch: &PartitionFetch| {
        let nothing = |status: LogStatus| !status.has_bytes && status.read_replica.is_none();
        fetch.result.as_ref().is_ok_and(|arrived| arrived.status.is_some_and(nothing))
    };
    let empty_early = cluster.environment().clock().since(asked_at) < cluster.config().fetch_max_wait / 2
        && partitions.iter().all(empty);
    prepare(&mut partitions, granted);
    NodeFetch { node, empty_early, partitions }
}

/// Decompresses the first pieces, until a batch does not fit.
fn prepare(partitions: &mut VecDeque<PartitionFetch>, granted: usize) {
    let mut left = granted;
    for arrived in partitions.iter_mut().filter_map(|fetch| fetch.result.as_mut().ok()) {
        match arrived.completed.read(left) {
            Ok(piece) => {
                left -= piece.decompressed_bytes;
                let is_full = piece.is_full;
                arrived.prepared = Some(Ok(piece));
                if is_full {
                    return;
                }
            }
            // The batch does not fit here; a poll may have more room.
            Err(_) if arrived.completed.waits() => return,
            Err(corrupt) => arrived.prepared = Some(Err(corrupt)),
        }
    }
}

/// An answer, the version it was asked in, and whether it tells changes alone.
struct NodeAnswer {
    version: i16,
    incremental: bool,
    response: FetchResponse,
}

async fn ask(cluster: &Cluster, plan: &FetchPlan, session: &mut FetchSession) -> Result<NodeAnswer, Error> {
    let connection = cluster.fetch_connection(plan.node).await?;
    // A broker may want topic ids in Fetch and not tell them in Metadata. Version 12 goes by name.
    let named = plan.partitions.iter().any(|target| target.topic_id == Uuid::ZERO);
    let version = connection.version_up_to::<FetchRequest>(if named { LAST_BY_NAME } else { i16::MAX })?;
    let config = cluster.config();
    loop {
        let told = session.next_fetch(&plan.partitions, version > LAST_BY_NAME);
        let incremental = told.epoch > 0;
        let request = request(plan, told, config);
        let answered = connection.call_at(&request, version, config.request_timeout).await;
        let response: FetchResponse = answered.inspect_err(|_| session.handle_unanswered())?;
        match response.error_code {
            ErrorCode::NONE => {
                session.handle_answered(response.session_id);
                throttled(&response, incremental)?;
                return Ok(NodeAnswer { version, incremental, response });
            }
            // At most once: what is sent now is a full fetch.
            code if session.handle_refused(code) => {
                tracing::debug!(node = plan.node, %code, "the fetch session begins again");
            }
            code => return Err(connection.named(Error::from_code(code, "Fetch"), "Fetch")),
        }
    }
}

/// A broker whose quota is spent answers a full fetch with nothing at all (KIP-219). The connection pauses by itself.
fn throttled(response: &FetchResponse, incremental: bool) -> Result<(), Error> {
    match response.throttle_time_ms > 0 && response.responses.is_empty() && !incremental {
        true => Err(Error::from_code(ErrorCode::THROTTLING_QUOTA_EXCEEDED, "Fetch")),
        false => Ok(()),
    }
}

fn request(plan: &FetchPlan, told: SessionFetch<'_>, config: &Config) -> FetchRequest {
    let mut topics: Vec<FetchTopic> = Vec::new();
    let mut places: HashMap<&Arc<str>, usize> = HashMap::new();
    for target in told.changed {
        let place = *places.entry(&target.topic_partition.topic).or_insert_with(|| {
            topics.push(FetchTopic {
                topic: Str::from(target.topic_partition.topic.to_string()),
                topic_id: target.topic_id,
                ..Default::default()
            });
            topics.len() - 1
        });
        topics[place].partitions.push(FetchPartition {
            partition: target.topic_partition.partition,
            current_leader_epoch: target.leader_epoch,
            fetch_offset: target.offset,
            partition_max_bytes: signed(target.bytes_max),
            ..Default::default()
        });
    }
    FetchRequest {
        // Some brokers never answer a fetch whose wait is zero.
        max_wait_ms: i32::try_from(config.fetch_max_wait.as_millis()).unwrap_or(i32::MAX).max(1),
        min_bytes: signed(config.fetch_min_bytes),
        max_bytes: signed(plan.bytes_max),
        isolation_level: i8::from(config.isolation_level == IsolationLevel::ReadCommitted),
        session_id: told.id,
        session_epoch: told.epoch,
        topics,
        forgotten_topics_data: forgotten(told.forgotten),
        rack_id: config.client_rack.clone().map(Str::from).unwrap_or_default(),
        ..Default::default()
    }
}

fn forgotten(partitions: Vec<(TopicPartition, Uuid)>) -> Vec<ForgottenTopic> {
    let mut topics: BTreeMap<(Arc<str>, Uuid), Vec<i32>> = BTreeMap::new();
    for (of, topic_id) in partitions {
        topics.entry((of.topic, topic_id)).or_default().push(of.partition);
    }
    let topic = |((name, topic_id), partitions): ((Arc<str>, Uuid), _)| ForgottenTopic {
        topic: Str::from(name.to_string()),
        topic_id,
        partitions,
        ..Default::default()
    };
    topics.into_iter().map(topic).collect()
}

/// Finds each partition of the plan in the answer. One that an incremental answer leaves out is as it was.
fn sort(
    cluster: &Cluster,
    plan: FetchPlan,
    answer: NodeAnswer,
    session: &mut FetchSession,
) -> VecDeque<PartitionFetch> {
    let by_id = answer.version > LAST_BY_NAME;
    let mut answers: HashMap<(Str, Uuid, i32), PartitionData> = HashMap::new();
    for topic in answer.response.responses {
        for data in topic.partitions {
            answers.insert((topic.topic.clone(), topic.topic_id, data.partition_index), data);
        }
    }
    let key = |target: &FetchTarget| match by_id {
        true => (Str::default(), target.topic_id, target.topic_partition.partition),
        false => (
            Str::from(target.topic_partition.topic.to_string()),
            Uuid::ZERO,
            target.topic_partition.partition,
        ),
    };
    let fetch = |target: FetchTarget| {
        let unchanged = || answer.incremental.then(|| session.unchanged(&target)).flatten();
        let result =
            match answers.remove(&key(&target)) {
                Some(data) => take(cluster, &target, data),
                None => unchanged().map(|status| FetchedPartition::nothing_new(&target, status)).ok_or_else(
                    || Error::new(ErrorKind::Protocol, "the broker's answer leaves it out").with_api("Fetch"),
                ),
            };
        if let Ok(FetchedPartition { status: Some(status), .. }) = result {
            session.handle_status(&target, status);
        }
        let result = result.map_err(|error| target.topic_partition.named(error));
        PartitionFetch { target, result }
    };
    plan.partitions.into_iter().map(fetch).collect()
}

fn take(cluster: &Cluster, target: &FetchTarget, data: PartitionData) -> Result<FetchedPartition, Error> {
    if data.error_code != ErrorCode::NONE {
        let leader = &data.current_leader;
        if leader.leader_id >= 0 {
            cluster.leader_moved(
                &target.topic_partition.topic,
                target.topic_partition.partition,
                leader.leader_id,
                leader.leader_epoch,
            );
        }
        return Err(refused(data.error_code, target.offset));
    }
    let config = cluster.config();
    let reading = ReadOptions {
        check_crcs: config.check_crcs,
        committed_only: config.isolation_level == IsolationLevel::ReadCommitted,
    };
    let blob = data.records.unwrap_or_default();
    let status = LogStatus {
        high_watermark: data.high_watermark,
        last_stable: data.last_stable_offset,
        has_bytes: !blob.is_empty(),
        read_replica: Some(data.preferred_read_replica).filter(|node| *node >= 0),
    };
    let completed = CompletedFetch::new(&blob, target.offset, data.aborted_transactions, reading);
    Ok(FetchedPartition {
        status: Some(status),
        high_watermark: data.high_watermark,
        completed,
        prepared: None,
    })
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

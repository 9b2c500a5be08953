//! Looks up offsets by ListOffsets: the first, the end, that of a time. One request asks a leader for all its
//! partitions.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Instant;

use tokio::task::JoinSet;
use upsert_kafka_protocol::messages::ListOffsetsRequest;
use upsert_kafka_protocol::messages::list_offsets::{ListOffsetsPartition, ListOffsetsTopic};
use upsert_kafka_protocol::{ErrorCode, Str};

use super::assignment::{Position, TopicPartition};
use crate::cluster::{Attempts, Cluster, TopicInterest, TopicMetadata};
use crate::{Error, ErrorKind, IsolationLevel};

/// An offset to look up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OffsetSpec {
    /// Of the first record kept.
    Earliest,
    /// Of the end: of the last stable record under `read_committed`.
    Latest,
    /// Of the first record not older than this, in milliseconds since 1970; of the end if there is none.
    Timestamp(i64),
}

/// A partition, and which of its offsets.
pub(super) type OffsetQuery = (TopicPartition, OffsetSpec);

/// Looks up all of them, in the order of the queries. Failures are tried again for `default.api.timeout.ms`.
pub(super) async fn list_offsets(cluster: &Cluster, queries: &[OffsetQuery]) -> Result<Vec<i64>, Error> {
    let mut found: Vec<Option<i64>> = vec![None; queries.len()];
    let mut attempts = Attempts::new(cluster);
    loop {
        let round = round(cluster, queries, &mut found, attempts.deadline());
        match attempts.run(round).await {
            Ok(()) => return Ok(found.into_iter().flatten().collect()),
            Err(error) => attempts.again(error).await?,
        }
    }
}

/// Asks one leader for offsets, without retries. A time that no record has reached gives the end of the log.
pub(super) async fn ask_leader(
    cluster: Cluster,
    node: i32,
    queries: Vec<OffsetQuery>,
) -> Vec<Result<i64, Error>> {
    let mut answers: Vec<Option<Result<i64, Error>>> = vec![None; queries.len()];
    for layer in layers(&queries) {
        let asked: Vec<&OffsetQuery> = layer.iter().map(|at| &queries[*at]).collect();
        for (at, answer) in layer.iter().zip(ask(&cluster, node, &asked).await) {
            answers[*at] = Some(answer);
        }
    }
    answers.into_iter().map(|answer| answer.unwrap_or_else(|| Err(missing_from_answer()))).collect()
}

impl OffsetSpec {
    /// The offset that a position stands for; the end for a position that is an offset already.
    pub(super) fn of(position: Position) -> Self {
        match position {
            Position::Earliest => Self::Earliest,
            Position::Timestamp(ms) => Self::Timestamp(ms),
            Position::Latest | Position::Offset(_) => Self::Latest,
        }
    }

    fn timestamp(self) -> i64 {
        match self {
            Self::Latest => -1,
            Self::Earliest => -2,
            // To a broker, negative numbers mean something else than times.
            Self::Timestamp(ms) => ms.max(0),
        }
    }
}

/// Asks every leader at once for what is still missing.
async fn round(
    cluster: &Cluster,
    queries: &[OffsetQuery],
    found: &mut [Option<i64>],
    deadline: Instant,
) -> Result<(), Error> {
    let mut topics: HashMap<&Arc<str>, Arc<TopicMetadata>> = HashMap::new();
    let mut by_leader: BTreeMap<i32, Vec<usize>> = BTreeMap::new();
    for (at, (of, _)) in queries.iter().enumerate().filter(|(at, _)| found[*at].is_none()) {
        let topic = match topics.entry(&of.topic) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => {
                new.insert(cluster.topic(&of.topic, TopicInterest::WhileUsed, deadline).await?)
            }
        };
        by_leader.entry(leader(of, topic)?).or_default().push(at);
    }
    let mut asked = JoinSet::new();
    for (node, missing) in by_leader {
        let (cluster, part) = (cluster.clone(), missing.iter().map(|at| queries[*at].clone()).collect());
        asked.spawn(async move { (missing, ask_leader(cluster, node, part).await) });
    }
    let mut failed = None;
    while let Some(answered) = asked.join_next().await {
        let (missing, answers) =
            answered.map_err(|_| Error::new(ErrorKind::Closed, "the runtime shuts down"))?;
        for (at, answer) in missing.into_iter().zip(answers) {
            match answer {
                Ok(offset) => found[at] = Some(offset),
                Err(error) => failed = worse(failed, error),
            }
        }
    }
    failed.map_or(Ok(()), Err)
}

/// Of two errors, the one that a retry cannot help.
fn worse(before: Option<Error>, error: Error) -> Option<Error> {
    match before {
        Some(before) if error.is_retriable() || !before.is_retriable() => Some(before),
        _ => Some(error),
    }
}

fn leader(of: &TopicPartition, topic: &TopicMetadata) -> Result<i32, Error> {
    match topic.partition(of.partition).map(|partition| partition.leader) {
        Some(Some(node)) => Ok(node),
        Some(None) => Err(of.named(Error::from_code(ErrorCode::LEADER_NOT_AVAILABLE, "Metadata"))),
        None => {
            let sentence = format!("the topic has {} partitions", topic.partitions.len());
            Err(of.named(Error::new(ErrorKind::UnknownTopic, sentence)))
        }
    }
}

/// Queries that one request can hold, by index. A broker refuses a request that names a partition twice.
fn layers(queries: &[OffsetQuery]) -> Vec<Vec<usize>> {
    let mut times: HashMap<&TopicPartition, usize> = HashMap::new();
    let mut layers: Vec<Vec<usize>> = Vec::new();
    for (at, (of, _)) in queries.iter().enumerate() {
        let layer = times.entry(of).or_default();
        if layers.len() == *layer {
            layers.push(Vec::new());
        }
        layers[*layer].push(at);
        *layer += 1;
    }
    layers
}

/// Asks for each partition once, and for the ends of those that have no record of the time asked for.
async fn ask(cluster: &Cluster, node: i32, queries: &[&OffsetQuery]) -> Vec<Result<i64, Error>> {
    let specs: Vec<_> = queries.iter().map(|(of, spec)| (of, *spec)).collect();
    let mut answers = ask_once(cluster, node, &specs).await;
    let too_late = |at: &usize| matches!((&answers[*at], specs[*at].1), (Ok(-1), OffsetSpec::Timestamp(_)));
    let later: Vec<usize> = (0..specs.len()).filter(too_late).collect();
    if !later.is_empty() {
        let ends: Vec<_> = later.iter().map(|at| (specs[*at].0, OffsetSpec::Latest)).collect();
        for (at, end) in later.into_iter().zip(ask_once(cluster, node, &ends).await) {
            answers[at] = end;
        }
    }
    let answers = answers.into_iter().zip(specs);
    let sound = answers.map(|(answer, (of, _))| match answer {
        Ok(offset) if offset < 0 => {
            let sentence = format!("the broker says that it begins or ends at offset {offset}");
            Err(of.named(Error::new(ErrorKind::Protocol, sentence).with_api("ListOffsets")))
        }
        answer => answer,
    });
    sound.collect()
}

/// One request. If it fails, all of its queries fail.
async fn ask_once(
    cluster: &Cluster,
    node: i32,
    queries: &[(&TopicPartition, OffsetSpec)],
) -> Vec<Result<i64, Error>> {
    let asked = async {
        let connection = cluster.connection(node).await?;
        let response = connection.call(&request(cluster, queries)).await?;
        Ok((connection, response))
    };
    let (connection, response) = match asked.await {
        Ok(answered) => answered,
        Err(error) => {
            let error: Error = error;
            return queries.iter().map(|(of, _)| Err(of.named(error.clone()))).collect();
        }
    };
    let mut answers = HashMap::new();
    for topic in &response.topics {
        for partition in &topic.partitions {
            answers
                .insert((&*topic.name, partition.partition_index), (partition.error_code, partition.offset));
        }
    }
    let answer = |of: &TopicPartition| match answers.get(&(&*of.topic, of.partition)) {
        Some((ErrorCode::NONE, offset)) => Ok(*offset),
        Some((code, _)) => Err(Error::from_code(*code, "ListOffsets")),
        None => Err(missing_from_answer()),
    };
    let named = |of: &TopicPartition, error| of.named(connection.named(error, "ListOffsets"));
    queries.iter().map(|(of, _)| answer(of).map_err(|error| named(of, error))).collect()
}

fn request(cluster: &Cluster, queries: &[(&TopicPartition, OffsetSpec)]) -> ListOffsetsRequest {
    let view = cluster.metadata();
    let mut topics: BTreeMap<&Arc<str>, Vec<ListOffsetsPartition>> = BTreeMap::new();
    for (of, spec) in queries {
        topics.entry(&of.topic).or_default().push(ListOffsetsPartition {
            partition_index: of.partition,
            current_leader_epoch: view.leader(&of.topic, of.partition).map_or(-1, |(_, epoch)| epoch),
            timestamp: spec.timestamp(),
            ..Default::default()
        });
    }
    let config = cluster.config();
    let topic = |(name, partitions): (&Arc<str>, _)| ListOffsetsTopic {
        name: Str::from(name.to_string()),
        partitions,
        ..Default::default()
    };
    ListOffsetsRequest {
        replica_id: -1,
        isolation_level: i8::from(config.isolation_level == IsolationLevel::ReadCommitted),
        topics: topics.into_iter().map(topic).collect(),
        timeout_ms: i32::try_from(config.request_timeout.as_millis()).unwrap_or(i32::MAX),
        ..Default::default()
    }
}

pub(super) fn missing_from_answer() -> Error {
    Error::new(ErrorKind::Protocol, "the broker's answer leaves it out")
}

//! Looks up offsets: of the start, of the end, of a time.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Instant;

use upsert_kafka_protocol::messages::ListOffsetsRequest;
use upsert_kafka_protocol::messages::list_offsets::{ListOffsetsPartition, ListOffsetsTopic};
use upsert_kafka_protocol::{ErrorCode, Str};

use super::assignment::{Position, TopicPartition};
use crate::cluster::{Attempts, Cluster, Want};
use crate::{Error, IsolationLevel};

/// An offset to look up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OffsetSpec {
    /// Of the first record kept.
    Earliest,
    /// Of the end: of the last stable record under `read_committed`.
    Latest,
    /// Of the first record not older than this, in milliseconds since 1970; of the end if there is none.
    Timestamp(i64),
}

/// Looks all of them up, asking again for as long as `default.api.timeout.ms`.
pub(super) async fn find(
    cluster: &Cluster,
    wanted: &[(TopicPartition, OffsetSpec)],
) -> Result<Vec<i64>, Error> {
    let mut found: Vec<Option<i64>> = vec![None; wanted.len()];
    let mut specs: Vec<OffsetSpec> = wanted.iter().map(|(_, spec)| *spec).collect();
    let mut attempts = Attempts::new(cluster);
    loop {
        let round = round(cluster, wanted, &mut specs, &mut found, attempts.deadline());
        match attempts.run(round).await {
            Ok(()) if found.iter().all(Option::is_some) => return Ok(found.into_iter().flatten().collect()),
            // A time later than every record: the end is asked for next.
            Ok(()) => {}
            Err(error) => attempts.again(error).await?,
        }
    }
}

impl OffsetSpec {
    /// What a position that is not an offset stands for.
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
            Self::Timestamp(ms) => ms,
        }
    }
}

/// Asks every leader for what is still missing.
async fn round(
    cluster: &Cluster,
    wanted: &[(TopicPartition, OffsetSpec)],
    specs: &mut [OffsetSpec],
    found: &mut [Option<i64>],
    deadline: Instant,
) -> Result<(), Error> {
    let mut by_leader: BTreeMap<i32, Vec<usize>> = BTreeMap::new();
    for (at, (of, _)) in wanted.iter().enumerate().filter(|(at, _)| found[*at].is_none()) {
        let topic = cluster.topic(&of.topic, Want::WhileUsed, deadline).await?;
        let leader = topic.partition(of.partition).map(|partition| partition.leader);
        let code = match leader {
            Some(Some(node)) => {
                by_leader.entry(node).or_default().push(at);
                continue;
            }
            Some(None) => ErrorCode::LEADER_NOT_AVAILABLE,
            None => return Err(no_partition(of, topic.partitions.len())),
        };
        return Err(of.named(Error::from_code(code, "Metadata")));
    }
    let mut failed = None;
    for (node, missing) in by_leader {
        let asked = ask(cluster, node, wanted, &missing, specs, found).await;
        failed = failed.or(asked.err());
    }
    failed.map_or(Ok(()), Err)
}

/// Asks one leader. The first refusal is returned after all answers are taken.
async fn ask(
    cluster: &Cluster,
    node: i32,
    wanted: &[(TopicPartition, OffsetSpec)],
    missing: &[usize],
    specs: &mut [OffsetSpec],
    found: &mut [Option<i64>],
) -> Result<(), Error> {
    let connection = cluster.connection(node).await?;
    let request = request(cluster, wanted, missing, specs);
    let response = connection.call(&request).await?;
    let at: HashMap<(&str, i32), usize> =
        missing.iter().map(|at| ((&*wanted[*at].0.topic, wanted[*at].0.partition), *at)).collect();
    let mut failed = None;
    for (topic, partition) in response
        .topics
        .iter()
        .flat_map(|topic| topic.partitions.iter().map(move |partition| (topic, partition)))
    {
        let Some(at) = at.get(&(&*topic.name, partition.partition_index)).copied() else { continue };
        match partition.error_code {
            ErrorCode::NONE if partition.offset >= 0 => found[at] = Some(partition.offset),
            ErrorCode::NONE => specs[at] = OffsetSpec::Latest,
            code => {
                let error = connection.named(Error::from_code(code, "ListOffsets"), "ListOffsets");
                failed.get_or_insert(wanted[at].0.named(error));
            }
        }
    }
    failed.map_or(Ok(()), Err)
}

fn request(
    cluster: &Cluster,
    wanted: &[(TopicPartition, OffsetSpec)],
    missing: &[usize],
    specs: &[OffsetSpec],
) -> ListOffsetsRequest {
    let view = cluster.metadata();
    let mut topics: BTreeMap<&Arc<str>, Vec<ListOffsetsPartition>> = BTreeMap::new();
    for at in missing {
        let of = &wanted[*at].0;
        topics.entry(&of.topic).or_default().push(ListOffsetsPartition {
            partition_index: of.partition,
            current_leader_epoch: view.leader(&of.topic, of.partition).map_or(-1, |(_, epoch)| epoch),
            timestamp: specs[*at].timestamp(),
            ..Default::default()
        });
    }
    let config = cluster.config();
    ListOffsetsRequest {
        replica_id: -1,
        isolation_level: i8::from(config.isolation_level == IsolationLevel::ReadCommitted),
        topics: topics
            .into_iter()
            .map(|(name, partitions)| ListOffsetsTopic {
                name: Str::from(name.to_string()),
                partitions,
                ..Default::default()
            })
            .collect(),
        timeout_ms: i32::try_from(config.request_timeout.as_millis()).unwrap_or(i32::MAX),
        ..Default::default()
    }
}

fn no_partition(of: &TopicPartition, partitions: usize) -> Error {
    let sentence = format!("the topic has {partitions} partitions");
    of.named(Error::new(crate::ErrorKind::UnknownTopic, sentence))
}

//! Asks by OffsetForLeaderEpoch where leader epochs ended (KIP-320).

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use upsert_kafka_protocol::messages::OffsetForLeaderEpochRequest;
use upsert_kafka_protocol::messages::offset_for_leader_epoch::{
    OffsetForLeaderPartition, OffsetForLeaderTopic,
};
use upsert_kafka_protocol::{ErrorCode, Str};

use super::assignment::TopicPartition;
use super::list_offsets::missing_from_answer;
use super::position::EpochEnd;
use crate::Error;
use crate::cluster::Cluster;

/// A partition, the epoch to look up, and the epoch in which the one who is asked leads.
#[derive(Debug)]
pub(super) struct EpochEndQuery {
    pub(super) topic_partition: TopicPartition,
    pub(super) offset_epoch: i32,
    pub(super) leader_epoch: i32,
}

/// What a leader knows of an epoch.
#[derive(Clone, Copy, Debug)]
pub(super) enum EpochEndAnswer {
    End(Option<EpochEnd>),
    /// The broker is older than Kafka 2.3, and does not let consumers ask.
    Unsupported,
}

/// Asks one leader, without retries. Each query has its own result, if need be the same error.
pub(super) async fn ask_leader(
    cluster: Cluster,
    node: i32,
    queries: &[EpochEndQuery],
) -> Vec<Result<EpochEndAnswer, Error>> {
    let answered = ask(&cluster, node, queries).await;
    let answer = |query: &EpochEndQuery| {
        let of = &query.topic_partition;
        let answers = match &answered {
            Ok(Some(answers)) => answers,
            Ok(None) => return Ok(EpochEndAnswer::Unsupported),
            Err(error) => return Err(of.named(error.clone())),
        };
        match answers.get(&(Str::from(of.topic.to_string()), of.partition)) {
            Some(Ok(end)) => Ok(EpochEndAnswer::End(*end)),
            Some(Err(code)) => Err(of.named(Error::from_code(*code, "OffsetForLeaderEpoch"))),
            None => Err(of.named(missing_from_answer().with_api("OffsetForLeaderEpoch"))),
        }
    };
    queries.iter().map(answer).collect()
}

type EpochEndAnswers = HashMap<(Str, i32), Result<Option<EpochEnd>, ErrorCode>>;

/// `None` where the broker does not answer consumers.
async fn ask(
    cluster: &Cluster,
    node: i32,
    queries: &[EpochEndQuery],
) -> Result<Option<EpochEndAnswers>, Error> {
    let connection = cluster.connection(node).await?;
    let version = connection.version_up_to::<OffsetForLeaderEpochRequest>(i16::MAX);
    let Some(version) = version.ok().filter(|version| *version >= OF_CONSUMERS_SINCE) else {
        return Ok(None);
    };
    let timeout = cluster.config().request_timeout;
    let response = connection.call_at(&request(queries), version, timeout).await?;
    let mut answers = HashMap::new();
    for topic in response.topics {
        for partition in topic.partitions {
            let end = EpochEnd { epoch: partition.leader_epoch, offset: partition.end_offset };
            let known = Some(end).filter(|end| end.epoch >= 0 && end.offset >= 0);
            let answer = match partition.error_code {
                ErrorCode::NONE => Ok(known),
                code => Err(code),
            };
            answers.insert((topic.topic.clone(), partition.partition), answer);
        }
    }
    Ok(Some(answers))
}

fn request(queries: &[EpochEndQuery]) -> OffsetForLeaderEpochRequest {
    let mut topics: BTreeMap<&Arc<str>, Vec<OffsetForLeaderPartition>> = BTreeMap::new();
    for EpochEndQuery { topic_partition, offset_epoch, leader_epoch } in queries {
        topics.entry(&topic_partition.topic).or_default().push(OffsetForLeaderPartition {
            partition: topic_partition.partition,
            current_leader_epoch: *leader_epoch,
            leader_epoch: *offset_epoch,
            ..Default::default()
        });
    }
    let topic = |(name, partitions): (&Arc<str>, _)| OffsetForLeaderTopic {
        topic: Str::from(name.to_string()),
        partitions,
        ..Default::default()
    };
    OffsetForLeaderEpochRequest {
        replica_id: -1,
        topics: topics.into_iter().map(topic).collect(),
        ..Default::default()
    }
}

/// Before this version only replicas may ask.
const OF_CONSUMERS_SINCE: i16 = 3;

//! DescribeLogDirs and AlterReplicaLogDirs: the one log directory, which does not exist.
//!
//! Behavior
//! - Logs are in memory; their sizes are shown as in one directory, whose volume is of unknown size.
//! - Replicas cannot move: to move one to where it is succeeds, to any other directory is `LOG_DIR_NOT_FOUND`.
//!
//! Versions: DescribeLogDirs 2 flexible; 3 an error for the whole; 4 the volume's size; 5 cordoned folders.
//! AlterReplicaLogDirs 2 flexible.

use std::collections::{BTreeMap, BTreeSet};

use upsert_kafka_protocol::messages::alter_replica_log_dirs::{
    AlterReplicaLogDir, AlterReplicaLogDirPartitionResult, AlterReplicaLogDirTopic,
    AlterReplicaLogDirTopicResult,
};
use upsert_kafka_protocol::messages::describe_log_dirs::{
    DescribeLogDirsPartition, DescribeLogDirsResult, DescribeLogDirsTopic,
};
use upsert_kafka_protocol::messages::{
    AlterReplicaLogDirsRequest, AlterReplicaLogDirsResponse, DescribeLogDirsRequest, DescribeLogDirsResponse,
};
use upsert_kafka_protocol::{ErrorCode, Str, Uuid};

use super::{Outcome, RequestContext, Serve};
use crate::state::State;
use crate::state::topics::Topic;

const LOG_DIR: &str = "/memory";

impl Serve for DescribeLogDirsRequest {
    fn serve(&self, state: &mut State, _: &RequestContext) -> Outcome<DescribeLogDirsResponse> {
        let topics = match &self.topics {
            None => {
                let all = |topic: &Topic| (0..).zip(&topic.partitions).map(|(index, _)| index).collect();
                state.topics.iter().map(|topic| described(topic, &all(topic))).collect()
            }
            Some(asked) => {
                let mut wanted: BTreeMap<&str, BTreeSet<i32>> = BTreeMap::new();
                asked.iter().for_each(|it| wanted.entry(&it.topic).or_default().extend(&it.partitions));
                let one = |(name, partitions): (&str, BTreeSet<i32>)| {
                    Some(described(state.topics.by_name(name)?, &partitions))
                };
                wanted.into_iter().filter_map(one).filter(|topic| !topic.partitions.is_empty()).collect()
            }
        };
        let result =
            DescribeLogDirsResult { log_dir: Str::from_static(LOG_DIR), topics, ..Default::default() };
        Outcome::Answer(DescribeLogDirsResponse { results: vec![result], ..Default::default() })
    }

    fn refuse(&self, context: &RequestContext, code: ErrorCode) -> Outcome<DescribeLogDirsResponse> {
        let error_code = if context.version >= 3 { code } else { ErrorCode::NONE };
        Outcome::Answer(DescribeLogDirsResponse { error_code, ..Default::default() })
    }
}

fn described(topic: &Topic, wanted: &BTreeSet<i32>) -> DescribeLogDirsTopic {
    let one = |index: &i32| {
        Some(DescribeLogDirsPartition {
            partition_index: *index,
            partition_size: i64::try_from(topic.partition(*index).ok()?.log.bytes()).unwrap_or(i64::MAX),
            ..Default::default()
        })
    };
    let partitions = wanted.iter().filter_map(one).collect();
    DescribeLogDirsTopic { name: topic.name.clone(), partitions, ..Default::default() }
}

impl Serve for AlterReplicaLogDirsRequest {
    fn serve(&self, state: &mut State, _: &RequestContext) -> Outcome<AlterReplicaLogDirsResponse> {
        moved(self, |dir, topic, index| match state.topics.find(&topic.name, Uuid::ZERO) {
            _ if *dir.path != *LOG_DIR => ErrorCode::LOG_DIR_NOT_FOUND,
            Ok(topic) => topic.partition(index).err().unwrap_or(ErrorCode::NONE),
            Err(code) => code,
        })
    }

    fn refuse(&self, _: &RequestContext, code: ErrorCode) -> Outcome<AlterReplicaLogDirsResponse> {
        moved(self, |_, _, _| code)
    }
}

fn moved(
    request: &AlterReplicaLogDirsRequest,
    each: impl Fn(&AlterReplicaLogDir, &AlterReplicaLogDirTopic, i32) -> ErrorCode,
) -> Outcome<AlterReplicaLogDirsResponse> {
    let topics = request.dirs.iter().flat_map(|dir| dir.topics.iter().map(move |topic| (dir, topic)));
    let one = |(dir, topic): (&AlterReplicaLogDir, &AlterReplicaLogDirTopic)| {
        let partition = |index: &i32| AlterReplicaLogDirPartitionResult {
            partition_index: *index,
            error_code: each(dir, topic, *index),
            ..Default::default()
        };
        let partitions = topic.partitions.iter().map(partition).collect();
        AlterReplicaLogDirTopicResult { topic_name: topic.name.clone(), partitions, ..Default::default() }
    };
    let results = topics.map(one).collect();
    Outcome::Answer(AlterReplicaLogDirsResponse { results, ..Default::default() })
}

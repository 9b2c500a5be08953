//! DescribeTopicPartitions: topics and their partitions, page by page.
//!
//! Behavior
//! - Topics come in the order of their names, from the cursor on; no topic asked for is all. A page has at most 2,000
//!   partitions, and a topic that is missing counts for none.
//! - Replicas as in Metadata; none is eligible without being in sync.
//!
//! Versions: 0 only (KIP-966).

use upsert_kafka_protocol::messages::describe_topic_partitions::{
    Cursor, DescribeTopicPartitionsResponsePartition, DescribeTopicPartitionsResponseTopic,
};
use upsert_kafka_protocol::messages::{DescribeTopicPartitionsRequest, DescribeTopicPartitionsResponse};
use upsert_kafka_protocol::{ErrorCode, Str};

use super::metadata::TOPIC_OPERATIONS;
use super::{Outcome, RequestContext, Serve};
use crate::config::{AclOperation, AclResource};
use crate::state::nodes::Nodes;
use crate::state::topics::{Partition, Topic};
use crate::state::{State, names};

/// Kafka's `max.request.partition.size.limit`.
const PAGE_PARTITIONS_MAX: usize = 2000;

impl Serve for DescribeTopicPartitionsRequest {
    fn serve(&self, state: &mut State, context: &RequestContext) -> Outcome<DescribeTopicPartitionsResponse> {
        if self.cursor.as_ref().is_some_and(|cursor| cursor.partition_index < 0) {
            return self.refuse(context, ErrorCode::INVALID_REQUEST);
        }
        let mut asked: Vec<&Str> = match self.topics.is_empty() {
            true => {
                let names = state.topics.iter().map(|topic| &topic.name);
                names.filter(|name| state.may_topic(context, AclOperation::Describe, name)).collect()
            }
            false => self.topics.iter().map(|topic| &topic.name).collect(),
        };
        asked.sort_unstable();
        asked.dedup();
        let (first, mut from) =
            self.cursor.as_ref().map_or(("", 0), |it| (&it.topic_name, it.partition_index));
        asked.retain(|name| &***name >= first);
        if asked.first().is_none_or(|name| &***name != first) {
            from = 0;
        }
        Outcome::Answer(page(&asked, from, self.response_partition_limit, state, context))
    }

    fn refuse(&self, _: &RequestContext, code: ErrorCode) -> Outcome<DescribeTopicPartitionsResponse> {
        let topics = self.topics.iter().map(|topic| refused(&topic.name, code)).collect();
        Outcome::Answer(DescribeTopicPartitionsResponse { topics, ..Default::default() })
    }
}

/// The topics from a partition of the first one on, as far as the page reaches.
fn page(
    asked: &[&Str],
    from: i32,
    limit: i32,
    state: &State,
    context: &RequestContext,
) -> DescribeTopicPartitionsResponse {
    let mut left = usize::try_from(limit).unwrap_or(0).clamp(1, PAGE_PARTITIONS_MAX);
    let (mut topics, mut next_cursor, mut from) = (Vec::new(), None, usize::try_from(from).unwrap_or(0));
    for name in asked {
        if left == 0 {
            next_cursor = Some(Cursor { topic_name: (*name).clone(), ..Default::default() });
            break;
        }
        match state.topics.by_name(name) {
            _ if !state.may_topic(context, AclOperation::Describe, name) => {
                topics.push(refused(name, ErrorCode::TOPIC_AUTHORIZATION_FAILED));
            }
            None if names::check(name).is_err() => {
                topics.push(refused(name, ErrorCode::INVALID_TOPIC_EXCEPTION));
            }
            None => topics.push(refused(name, ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)),
            Some(topic) => {
                let to = topic.partitions.len().min(from.saturating_add(left));
                topics.push(described(topic, from, to, &state.nodes));
                if to < topic.partitions.len() {
                    let partition_index = i32::try_from(to).unwrap_or(i32::MAX);
                    let topic_name = topic.name.clone();
                    next_cursor = Some(Cursor { topic_name, partition_index, ..Default::default() });
                    break;
                }
                left -= to.saturating_sub(from);
            }
        }
        from = 0;
    }
    for topic in topics.iter_mut().filter(|it| it.error_code != ErrorCode::TOPIC_AUTHORIZATION_FAILED) {
        if let Some(name) = &topic.name {
            let named = (AclResource::Topic, &**name);
            topic.topic_authorized_operations = state.authorized_operations(context, named, TOPIC_OPERATIONS);
        }
    }
    let next_cursor = next_cursor.map(Box::new);
    DescribeTopicPartitionsResponse { topics, next_cursor, ..Default::default() }
}

fn described(topic: &Topic, from: usize, to: usize, nodes: &Nodes) -> DescribeTopicPartitionsResponseTopic {
    let partitions = (0..).zip(&topic.partitions).take(to).skip(from);
    DescribeTopicPartitionsResponseTopic {
        name: Some(topic.name.clone()),
        topic_id: topic.id,
        partitions: partitions.map(|(index, it)| partition(index, it, nodes)).collect(),
        ..Default::default()
    }
}

fn partition(
    partition_index: i32,
    partition: &Partition,
    nodes: &Nodes,
) -> DescribeTopicPartitionsResponsePartition {
    let leaderless = ErrorCode::LEADER_NOT_AVAILABLE;
    let (live, dead): (Vec<_>, Vec<_>) =
        partition.replicas(nodes).into_iter().partition(|id| nodes.is_live(*id));
    DescribeTopicPartitionsResponsePartition {
        error_code: if partition.leader.is_some() { ErrorCode::NONE } else { leaderless },
        partition_index,
        leader_id: partition.leader.unwrap_or(-1),
        leader_epoch: partition.leader_epoch,
        replica_nodes: partition.replicas(nodes),
        isr_nodes: live,
        eligible_leader_replicas: Some(Vec::new()),
        last_known_elr: Some(Vec::new()),
        offline_replicas: dead,
        ..Default::default()
    }
}

fn refused(name: &Str, error_code: ErrorCode) -> DescribeTopicPartitionsResponseTopic {
    DescribeTopicPartitionsResponseTopic { error_code, name: Some(name.clone()), ..Default::default() }
}

//! Metadata: the live nodes, and the topics asked for.
//!
//! Behavior
//! - Topics by name or id, each once; null asks for all (an empty list does at version 0).
//! - A missing topic is created when the request and the broker allow it, and is in the same answer, where Kafka lets
//!   the client ask again.
//! - Every node holds every partition; those that are stopped are not in sync. A partition without a live
//!   leader is `LEADER_NOT_AVAILABLE`. The controller is the first live node.
//! - Without an authorizer everything is authorized.
//!
//! Versions: 1 controller; 2 cluster id; 4 `allow_auto_topic_creation`; 7 leader epochs; 8 to 10 authorized
//! operations; 10 topic ids; 12 topics by id; 13 an error for the whole.

use upsert_kafka_protocol::messages::metadata::{
    MetadataRequestTopic, MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};
use upsert_kafka_protocol::messages::{MetadataRequest, MetadataResponse};
use upsert_kafka_protocol::{ErrorCode, Str, Uuid};

use super::{Outcome, RequestContext, Serve, once};
use crate::config::{AclOperation, AclResource};
use crate::state::State;
use crate::state::configs::Configs;
use crate::state::nodes::{Advertised, Node, Nodes};
use crate::state::topics::{Partition, Topic};

/// A bit for each operation on a topic: read, write, create, delete, alter, describe and those on configs.
pub(super) const TOPIC_OPERATIONS: i32 = 0b1101_1111_1000;
/// Likewise for the cluster.
pub(super) const CLUSTER_OPERATIONS: i32 = 0b1_1111_1010_0000;

impl Serve for MetadataRequest {
    fn serve(&self, state: &mut State, context: &RequestContext) -> Outcome<MetadataResponse> {
        let topics = match &self.topics {
            Some(asked) if !(asked.is_empty() && context.version == 0) => {
                let once = once(asked, |topic| (&topic.name, topic.topic_id));
                once.map(|topic| describe(topic, self, state, context)).collect()
            }
            _ => {
                let allowed = |topic: &&Topic| state.may_topic(context, AclOperation::Describe, &topic.name);
                let topics = state.topics.iter().filter(allowed);
                topics.map(|topic| described(topic, &state.nodes)).collect()
            }
        };
        let broker = |node: &Node| {
            let Advertised { host, port } = node.address(context.caller.listener).clone();
            MetadataResponseBroker {
                node_id: node.id,
                host,
                port,
                rack: node.rack.clone(),
                ..Default::default()
            }
        };
        let mut response = MetadataResponse {
            brokers: state.nodes.live().map(broker).collect(),
            cluster_id: Some(Str::from(state.config.cluster_id.as_str())),
            controller_id: state.nodes.live().next().map_or(-1, |node| node.id),
            topics,
            ..Default::default()
        };
        if self.include_topic_authorized_operations {
            authorize(&mut response.topics, state, context);
        }
        name_all(&mut response, context);
        if self.include_cluster_authorized_operations {
            response.cluster_authorized_operations = state.cluster_operations(context, CLUSTER_OPERATIONS);
        }
        Outcome::Answer(response)
    }

    fn refuse(&self, context: &RequestContext, code: ErrorCode) -> Outcome<MetadataResponse> {
        let refused = |asked: &MetadataRequestTopic| refused(asked, code);
        let topics = self.topics.iter().flatten().map(refused).collect();
        let error_code = if context.version >= 13 { code } else { ErrorCode::NONE };
        let mut response = MetadataResponse { topics, error_code, ..Default::default() };
        name_all(&mut response, context);
        Outcome::Answer(response)
    }
}

/// A topic that was asked for without a name has an empty one in answers that cannot leave it out, as in Kafka.
fn name_all(response: &mut MetadataResponse, context: &RequestContext) {
    /// The first version whose topics may lack a name.
    const NULL_SINCE: i16 = 12;
    if context.version < NULL_SINCE {
        for topic in &mut response.topics {
            topic.name.get_or_insert_with(Str::default);
        }
    }
}

fn describe(
    asked: &MetadataRequestTopic,
    request: &MetadataRequest,
    state: &mut State,
    context: &RequestContext,
) -> MetadataResponseTopic {
    if asked.topic_id != Uuid::ZERO {
        return match state.topics.by_id(asked.topic_id) {
            Some(topic) if state.may_topic(context, AclOperation::Describe, &topic.name) => {
                described(topic, &state.nodes)
            }
            _ => refused(asked, ErrorCode::UNKNOWN_TOPIC_ID),
        };
    }
    let Some(name) = &asked.name else { return refused(asked, ErrorCode::INVALID_REQUEST) };
    if !state.may_topic(context, AclOperation::Describe, name) {
        return refused(asked, ErrorCode::TOPIC_AUTHORIZATION_FAILED);
    }
    if let Some(topic) = state.topics.by_name(name) {
        return described(topic, &state.nodes);
    }
    match state.topics.check_new(name) {
        Err(refusal) => refused(asked, refusal.code),
        Ok(()) if request.allow_auto_topic_creation && state.config.auto_create_topics => {
            let may_create = state.may_cluster(context, AclOperation::Create)
                || state.may_topic(context, AclOperation::Create, name);
            if !may_create {
                return refused(asked, ErrorCode::TOPIC_AUTHORIZATION_FAILED);
            }
            let partitions = state.config.default_partitions;
            if let Err(refusal) = state.topics.check_room(1, usize::try_from(partitions).unwrap_or(0)) {
                return refused(asked, refusal.code);
            }
            let leaders: Vec<_> = (0..partitions).map(|index| state.nodes.leader_of(index)).collect();
            let configs = Configs::default().over(state.topics.defaults());
            state.topics.create(name, &leaders, configs);
            match state.topics.by_name(name) {
                Some(topic) => described(topic, &state.nodes),
                None => refused(asked, ErrorCode::UNKNOWN_TOPIC_OR_PARTITION),
            }
        }
        Ok(()) => refused(asked, ErrorCode::UNKNOWN_TOPIC_OR_PARTITION),
    }
}

fn described(topic: &Topic, nodes: &Nodes) -> MetadataResponseTopic {
    MetadataResponseTopic {
        name: Some(topic.name.clone()),
        topic_id: topic.id,
        partitions: (0..).zip(&topic.partitions).map(|(index, it)| partition(index, it, nodes)).collect(),
        ..Default::default()
    }
}

/// What the caller may do with each topic that it may see, also where there is none of that name.
fn authorize(topics: &mut [MetadataResponseTopic], state: &State, context: &RequestContext) {
    for topic in topics {
        let hidden = topic.error_code == ErrorCode::TOPIC_AUTHORIZATION_FAILED;
        if let Some(name) = topic.name.as_ref().filter(|_| !hidden) {
            let named = (AclResource::Topic, &**name);
            topic.topic_authorized_operations = state.authorized_operations(context, named, TOPIC_OPERATIONS);
        }
    }
}

fn partition(partition_index: i32, partition: &Partition, nodes: &Nodes) -> MetadataResponsePartition {
    let leaderless = ErrorCode::LEADER_NOT_AVAILABLE;
    MetadataResponsePartition {
        error_code: if partition.leader.is_some() { ErrorCode::NONE } else { leaderless },
        partition_index,
        leader_id: partition.leader.unwrap_or(-1),
        leader_epoch: partition.leader_epoch,
        replica_nodes: partition.replicas(nodes),
        isr_nodes: nodes.live().map(|node| node.id).collect(),
        offline_replicas: nodes.iter().filter(|node| !node.live).map(|node| node.id).collect(),
        ..Default::default()
    }
}

fn refused(asked: &MetadataRequestTopic, error_code: ErrorCode) -> MetadataResponseTopic {
    let (name, topic_id) = (asked.name.clone(), asked.topic_id);
    MetadataResponseTopic { error_code, name, topic_id, ..Default::default() }
}

//! StreamsGroupDescribe: the state, topology, members and tasks of streams groups (KIP-1071).

use upsert_kafka_protocol_derive::message;

use crate::{ErrorCode, Str};

#[message(key = 89, versions = 0..=1, flexible = 0..)]
pub struct StreamsGroupDescribeRequest {
    pub group_ids: Vec<Str>,
    pub include_authorized_operations: bool,
    #[versions(1..)]
    pub include_topology_description: bool,
}

#[message(answers = StreamsGroupDescribeRequest)]
pub struct StreamsGroupDescribeResponse {
    /// How long the client should pause, in milliseconds (KIP-219).
    pub throttle_time_ms: i32,
    pub groups: Vec<DescribedGroup>,
}

#[message]
pub struct DescribedGroup {
    pub error_code: ErrorCode,
    /// The error in words, for people.
    #[versions(0.., nullable = 0.., default = None)]
    pub error_message: Option<Str>,
    pub group_id: Str,
    pub group_state: Str,
    pub group_epoch: i32,
    pub assignment_epoch: i32,
    #[versions(0.., nullable = 0..)]
    pub topology: Option<Box<Topology>>,
    pub members: Vec<Member>,
    /// A bit set of operations; the least int32 when it was not asked for.
    #[versions(0.., default = -2147483648)]
    pub authorized_operations: i32,
    #[versions(1.., nullable = 1..)]
    pub topology_description: Option<Box<TopologyDescription>>,
    #[versions(1..)]
    pub topology_description_status: i8,
    #[versions(1.., nullable = 1.., default = None, ignorable)]
    pub assignor_name: Option<Str>,
}

#[message]
pub struct Topology {
    pub epoch: i32,
    #[versions(0.., nullable = 0.., default = None)]
    pub subtopologies: Option<Vec<Subtopology>>,
}

#[message]
pub struct Subtopology {
    pub subtopology_id: Str,
    pub source_topics: Vec<Str>,
    pub repartition_sink_topics: Vec<Str>,
    pub state_changelog_topics: Vec<TopicInfo>,
    pub repartition_source_topics: Vec<TopicInfo>,
}

#[message]
pub struct Member {
    pub member_id: Str,
    pub member_epoch: i32,
    /// The name of a static member; it comes back under it (KIP-345).
    #[versions(0.., nullable = 0.., default = None)]
    pub instance_id: Option<Str>,
    #[versions(0.., nullable = 0.., default = None)]
    pub rack_id: Option<Str>,
    pub client_id: Str,
    pub client_host: Str,
    pub topology_epoch: i32,
    pub process_id: Str,
    #[versions(0.., nullable = 0..)]
    pub user_endpoint: Option<Box<Endpoint>>,
    pub client_tags: Vec<KeyValue>,
    pub task_offsets: Vec<TaskOffset>,
    pub task_end_offsets: Vec<TaskOffset>,
    pub assignment: Assignment,
    pub target_assignment: Assignment,
    pub is_classic: bool,
}

/// Where somebody listens.
#[message]
pub struct Endpoint {
    pub host: Str,
    pub port: u16,
}

/// How far a task's changelog is.
#[message]
pub struct TaskOffset {
    pub subtopology_id: Str,
    pub partition: i32,
    pub offset: i64,
}

#[message]
pub struct Assignment {
    pub active_tasks: Vec<TaskIds>,
    pub standby_tasks: Vec<TaskIds>,
    pub warmup_tasks: Vec<TaskIds>,
}

/// Tasks of one part of the topology, by partition.
#[message]
pub struct TaskIds {
    pub subtopology_id: Str,
    pub partitions: Vec<i32>,
}

/// A key and its value.
#[message]
pub struct KeyValue {
    pub key: Str,
    pub value: Str,
}

/// A topic, and how it shall look.
#[message]
pub struct TopicInfo {
    pub name: Str,
    pub partitions: i32,
    pub replication_factor: i16,
    pub topic_configs: Vec<KeyValue>,
}

#[message]
pub struct TopologyDescription {
    pub subtopologies: Vec<TopologyDescriptionSubtopology>,
    pub global_stores: Vec<TopologyDescriptionGlobalStore>,
}

#[message]
pub struct TopologyDescriptionSubtopology {
    pub subtopology_id: Str,
    pub nodes: Vec<TopologyDescriptionNode>,
}

#[message]
pub struct TopologyDescriptionNode {
    pub name: Str,
    pub node_type: i8,
    pub source_topics: Vec<Str>,
    #[versions(0.., nullable = 1.., default = None)]
    pub sink_topic: Option<Str>,
    pub stores: Vec<Str>,
    pub successors: Vec<Str>,
}

#[message]
pub struct TopologyDescriptionGlobalStore {
    pub source: TopologyDescriptionNode,
    pub processor: TopologyDescriptionNode,
}

//! StreamsGroupHeartbeat: the one request of a member of a streams group, by which it joins, lives, is
//! assigned and leaves (KIP-1071).

use upsert_kafka_protocol_derive::message;

use crate::{ErrorCode, Str};

#[message(key = 88, versions = 0..=1, flexible = 0..)]
pub struct StreamsGroupHeartbeatRequest {
    pub group_id: Str,
    pub member_id: Str,
    pub member_epoch: i32,
    pub endpoint_information_epoch: i32,
    /// The name of a static member; it comes back under it (KIP-345).
    #[versions(0.., nullable = 0.., default = None)]
    pub instance_id: Option<Str>,
    #[versions(0.., nullable = 0.., default = None)]
    pub rack_id: Option<Str>,
    /// How long a member may take to give up partitions and join again, in milliseconds.
    #[versions(0.., default = -1)]
    pub rebalance_timeout_ms: i32,
    #[versions(0.., nullable = 0..)]
    pub topology: Option<Box<Topology>>,
    #[versions(0.., nullable = 0.., default = None)]
    pub active_tasks: Option<Vec<TaskIds>>,
    #[versions(0.., nullable = 0.., default = None)]
    pub standby_tasks: Option<Vec<TaskIds>>,
    #[versions(0.., nullable = 0.., default = None)]
    pub warmup_tasks: Option<Vec<TaskIds>>,
    #[versions(0.., nullable = 0.., default = None)]
    pub process_id: Option<Str>,
    #[versions(0.., nullable = 0..)]
    pub user_endpoint: Option<Box<Endpoint>>,
    #[versions(0.., nullable = 0.., default = None)]
    pub client_tags: Option<Vec<KeyValue>>,
    #[versions(0.., nullable = 0.., default = None)]
    pub task_offsets: Option<Vec<TaskOffset>>,
    #[versions(0.., nullable = 0.., default = None)]
    pub task_end_offsets: Option<Vec<TaskOffset>>,
    pub shutdown_application: bool,
}

#[message]
pub struct Topology {
    pub epoch: i32,
    pub subtopologies: Vec<Subtopology>,
}

#[message]
pub struct Subtopology {
    pub subtopology_id: Str,
    pub source_topics: Vec<Str>,
    pub source_topic_regex: Vec<Str>,
    pub state_changelog_topics: Vec<TopicInfo>,
    pub repartition_sink_topics: Vec<Str>,
    pub repartition_source_topics: Vec<TopicInfo>,
    pub copartition_groups: Vec<CopartitionGroup>,
}

#[message]
pub struct CopartitionGroup {
    pub source_topics: Vec<i16>,
    pub source_topic_regex: Vec<i16>,
    pub repartition_source_topics: Vec<i16>,
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

/// Tasks of one part of the topology, by partition.
#[message]
pub struct TaskIds {
    pub subtopology_id: Str,
    pub partitions: Vec<i32>,
}

#[message(answers = StreamsGroupHeartbeatRequest)]
pub struct StreamsGroupHeartbeatResponse {
    /// How long the client should pause, in milliseconds (KIP-219).
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    /// The error in words, for people.
    #[versions(0.., nullable = 0.., default = None)]
    pub error_message: Option<Str>,
    pub member_id: Str,
    pub member_epoch: i32,
    /// How often to send a heartbeat, in milliseconds.
    pub heartbeat_interval_ms: i32,
    #[versions(0..=0)]
    pub acceptable_recovery_lag_legacy: i32,
    pub task_offset_interval_ms: i32,
    #[versions(1.., default = -1, ignorable)]
    pub acceptable_recovery_lag: i64,
    #[versions(0.., nullable = 0..)]
    pub status: Option<Vec<Status>>,
    #[versions(0.., nullable = 0.., default = None)]
    pub active_tasks: Option<Vec<TaskIds>>,
    #[versions(0.., nullable = 0.., default = None)]
    pub standby_tasks: Option<Vec<TaskIds>>,
    #[versions(0.., nullable = 0.., default = None)]
    pub warmup_tasks: Option<Vec<TaskIds>>,
    #[versions(1..)]
    pub topology_description_required: bool,
    pub endpoint_information_epoch: i32,
    #[versions(0.., nullable = 0.., default = None)]
    pub partitions_by_user_endpoint: Option<Vec<EndpointToPartitions>>,
}

/// One partition.
#[message]
pub struct EndpointToPartitions {
    pub user_endpoint: Endpoint,
    pub active_partitions: Vec<TopicPartition>,
    pub standby_partitions: Vec<TopicPartition>,
}

#[message]
pub struct Status {
    pub status_code: i8,
    pub status_detail: Str,
}

/// One topic, and what is said of its partitions.
#[message]
pub struct TopicPartition {
    pub topic: Str,
    pub partitions: Vec<i32>,
}

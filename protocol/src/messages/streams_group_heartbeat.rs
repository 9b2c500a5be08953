//! StreamsGroupHeartbeat: the one request of a member of a streams group, by which it joins, lives, is
//! assigned and leaves (KIP-1071).

use upsert_kafka_protocol_derive::message;

use crate::{ErrorCode, Str};

#[message(key = 88, versions = 0..=1, flexible = 0..)]
pub struct StreamsGroupHeartbeatRequest {
    pub group_id: Str,
    /// A random id that the client makes up as it starts.
    pub member_id: Str,
    /// The last one the broker told; 0 joins, -1 leaves, -2 leaves for a while as a static member.
    pub member_epoch: i32,
    /// The last one the broker told; it sends the endpoints only when they have changed since.
    pub endpoint_information_epoch: i32,
    /// The name of a static member; it comes back under it (KIP-345).
    #[versions(0.., nullable = 0.., default = None)]
    pub instance_id: Option<Str>,
    /// Null for none, or when it has not changed.
    #[versions(0.., nullable = 0.., default = None)]
    pub rack_id: Option<Str>,
    /// How long a member may take to give up tasks, in milliseconds; -1 when it has not changed.
    #[versions(0.., default = -1)]
    pub rebalance_timeout_ms: i32,
    /// What the application computes; sent with the join alone, else null.
    #[versions(0.., nullable = 0..)]
    pub topology: Option<Box<Topology>>,
    /// The tasks that the member runs; null when they have not changed.
    #[versions(0.., nullable = 0.., default = None)]
    pub active_tasks: Option<Vec<TaskIds>>,
    /// The tasks of others whose state it copies; null when they have not changed.
    #[versions(0.., nullable = 0.., default = None)]
    pub standby_tasks: Option<Vec<TaskIds>>,
    /// The tasks it makes ready to run; null when they have not changed.
    #[versions(0.., nullable = 0.., default = None)]
    pub warmup_tasks: Option<Vec<TaskIds>>,
    /// One for all members in the same process; null when it has not changed.
    #[versions(0.., nullable = 0.., default = None)]
    pub process_id: Option<Str>,
    /// Where others may query the member's state; null for none, or when it has not changed.
    #[versions(0.., nullable = 0..)]
    pub user_endpoint: Option<Box<Endpoint>>,
    /// Where the member runs, so that copies lie apart; null when they have not changed.
    #[versions(0.., nullable = 0.., default = None)]
    pub client_tags: Option<Vec<KeyValue>>,
    /// How far the member's state is; null when it has not changed.
    #[versions(0.., nullable = 0.., default = None)]
    pub task_offsets: Option<Vec<TaskOffset>>,
    /// Where the changelogs end; null when it has not changed.
    #[versions(0.., nullable = 0.., default = None)]
    pub task_end_offsets: Option<Vec<TaskOffset>>,
    /// Asks all members of the group to stop.
    pub shutdown_application: bool,
}

/// What a streams application computes, in parts that run on their own.
#[message]
pub struct Topology {
    /// Grows when the application is changed; all members must have the same.
    pub epoch: i32,
    pub subtopologies: Vec<Subtopology>,
}

/// A part of the topology that runs on its own, with the topics it reads and writes.
#[message]
pub struct Subtopology {
    /// A name for this part, the same on all members.
    pub subtopology_id: Str,
    pub source_topics: Vec<Str>,
    /// Patterns of further topics to read.
    pub source_topic_regex: Vec<Str>,
    /// The topics that keep its state; made by the broker.
    pub state_changelog_topics: Vec<TopicInfo>,
    /// The topics it writes to for other parts.
    pub repartition_sink_topics: Vec<Str>,
    /// The topics it reads from other parts; made by the broker.
    pub repartition_source_topics: Vec<TopicInfo>,
    pub copartition_groups: Vec<CopartitionGroup>,
}

/// Topics that must have the same number of partitions, by their index in the lists of the subtopology.
#[message]
pub struct CopartitionGroup {
    pub source_topics: Vec<i16>,
    pub source_topic_regex: Vec<i16>,
    pub repartition_source_topics: Vec<i16>,
}

/// A tag of a member or a setting of a topic, and its value.
#[message]
pub struct KeyValue {
    pub key: Str,
    pub value: Str,
}

/// A topic that the group needs, and how it shall look.
#[message]
pub struct TopicInfo {
    pub name: Str,
    /// 0 for no number in particular, and always for changelogs.
    pub partitions: i32,
    /// 0 for the broker's default.
    pub replication_factor: i16,
    pub topic_configs: Vec<KeyValue>,
}

/// Where a member's state can be queried.
#[message]
pub struct Endpoint {
    pub host: Str,
    pub port: u16,
}

/// An offset in a task's changelog.
#[message]
pub struct TaskOffset {
    pub subtopology_id: Str,
    pub partition: i32,
    pub offset: i64,
}

/// Tasks of one subtopology, by partition.
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
    /// To be sent with the next heartbeat.
    pub member_epoch: i32,
    /// How often to send a heartbeat, in milliseconds.
    pub heartbeat_interval_ms: i32,
    /// As `acceptable_recovery_lag` from version 1 on.
    #[versions(0..=0)]
    pub acceptable_recovery_lag_legacy: i32,
    /// How often to send task offsets, in milliseconds.
    pub task_offset_interval_ms: i32,
    /// A task no further behind than this, in offsets, is warm; -1 when unknown.
    #[versions(1.., default = -1, ignorable)]
    pub acceptable_recovery_lag: i64,
    /// What is wrong with the group; null when nothing has changed.
    #[versions(0.., nullable = 0..)]
    pub status: Option<Vec<Status>>,
    /// The tasks to run; null when they have not changed.
    #[versions(0.., nullable = 0.., default = None)]
    pub active_tasks: Option<Vec<TaskIds>>,
    /// The tasks whose state to copy; null when they have not changed.
    #[versions(0.., nullable = 0.., default = None)]
    pub standby_tasks: Option<Vec<TaskIds>>,
    /// The tasks to make ready; null when they have not changed.
    #[versions(0.., nullable = 0.., default = None)]
    pub warmup_tasks: Option<Vec<TaskIds>>,
    /// Asks for a StreamsGroupTopologyDescriptionUpdate (KIP-1331).
    #[versions(1..)]
    pub topology_description_required: bool,
    /// Grows when the endpoints, or what lies there, change.
    pub endpoint_information_epoch: i32,
    /// Whose state can be queried where; null when nothing has changed.
    #[versions(0.., nullable = 0.., default = None)]
    pub partitions_by_user_endpoint: Option<Vec<EndpointToPartitions>>,
}

/// Which partitions' state can be queried at one member.
#[message]
pub struct EndpointToPartitions {
    pub user_endpoint: Endpoint,
    pub active_partitions: Vec<TopicPartition>,
    pub standby_partitions: Vec<TopicPartition>,
}

/// Something that is wrong with the group.
#[message]
pub struct Status {
    /// 0 another topology, 1 no such source topics, 2 topics of unequal partitions, 3 no internal topics yet,
    /// 4 all shall stop.
    pub status_code: i8,
    /// The same in words, for people.
    pub status_detail: Str,
}

/// Partitions of one topic.
#[message]
pub struct TopicPartition {
    pub topic: Str,
    pub partitions: Vec<i32>,
}

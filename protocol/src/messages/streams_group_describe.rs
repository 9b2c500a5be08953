//! StreamsGroupDescribe: the state, topology, members and tasks of streams groups (KIP-1071).

use upsert_kafka_protocol_derive::message;

use crate::{ErrorCode, Str};

#[message(key = 89, versions = 0..=1, flexible = 0..)]
pub struct StreamsGroupDescribeRequest {
    pub group_ids: Vec<Str>,
    pub include_authorized_operations: bool,
    /// Also the topology's nodes and stores (KIP-1331).
    #[versions(1..)]
    pub include_topology_description: bool,
}

#[message(answers = StreamsGroupDescribeRequest)]
pub struct StreamsGroupDescribeResponse {
    /// How long the client should pause, in milliseconds (KIP-219).
    pub throttle_time_ms: i32,
    pub groups: Vec<DescribedGroup>,
}

/// One group: its state, topology and members.
#[message]
pub struct DescribedGroup {
    pub error_code: ErrorCode,
    /// The error in words, for people.
    #[versions(0.., nullable = 0.., default = None)]
    pub error_message: Option<Str>,
    pub group_id: Str,
    pub group_state: Str,
    /// Grows whenever members, topology or topics change.
    pub group_epoch: i32,
    /// The group epoch that the target assignment was made for.
    pub assignment_epoch: i32,
    /// Null while no member has told it.
    #[versions(0.., nullable = 0..)]
    pub topology: Option<Box<Topology>>,
    pub members: Vec<Member>,
    /// A bit set of operations; the least int32 when it was not asked for.
    #[versions(0.., default = -2147483648)]
    pub authorized_operations: i32,
    /// Null unless the status is 3 (KIP-1331).
    #[versions(1.., nullable = 1..)]
    pub topology_description: Option<Box<TopologyDescription>>,
    /// 0 not asked for, 1 none is kept, 2 an error, 3 here it is.
    #[versions(1..)]
    pub topology_description_status: i8,
    #[versions(1.., nullable = 1.., default = None, ignorable)]
    pub assignor_name: Option<Str>,
}

/// What a streams application computes, in parts that run on their own.
#[message]
pub struct Topology {
    /// Grows when the application is changed.
    pub epoch: i32,
    /// Null while the topology has not been checked against the topics.
    #[versions(0.., nullable = 0.., default = None)]
    pub subtopologies: Option<Vec<Subtopology>>,
}

/// A part of the topology that runs on its own, with the topics it reads and writes.
#[message]
pub struct Subtopology {
    /// A name for this part, the same on all members.
    pub subtopology_id: Str,
    pub source_topics: Vec<Str>,
    /// The topics it writes to for other parts.
    pub repartition_sink_topics: Vec<Str>,
    /// The topics that keep its state; made by the broker.
    pub state_changelog_topics: Vec<TopicInfo>,
    /// The topics it reads from other parts; made by the broker.
    pub repartition_source_topics: Vec<TopicInfo>,
}

/// A member: where it runs, what it has and what it shall have.
#[message]
pub struct Member {
    pub member_id: Str,
    /// The epoch of the assignment it has come to.
    pub member_epoch: i32,
    /// The name of a static member; it comes back under it (KIP-345).
    #[versions(0.., nullable = 0.., default = None)]
    pub instance_id: Option<Str>,
    #[versions(0.., nullable = 0.., default = None)]
    pub rack_id: Option<Str>,
    pub client_id: Str,
    /// The address it comes from.
    pub client_host: Str,
    /// Of the topology that it runs.
    pub topology_epoch: i32,
    /// One for all members in the same process.
    pub process_id: Str,
    /// Where others may query its state; null for none.
    #[versions(0.., nullable = 0..)]
    pub user_endpoint: Option<Box<Endpoint>>,
    /// Where it runs, so that copies lie apart.
    pub client_tags: Vec<KeyValue>,
    /// How far its state is.
    pub task_offsets: Vec<TaskOffset>,
    /// Where the changelogs end.
    pub task_end_offsets: Vec<TaskOffset>,
    /// What it has now.
    pub assignment: Assignment,
    /// What it shall have once others have let go.
    pub target_assignment: Assignment,
    /// Speaks the classic protocol.
    pub is_classic: bool,
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

/// The tasks of a member: those it runs, copies and makes ready.
#[message]
pub struct Assignment {
    pub active_tasks: Vec<TaskIds>,
    pub standby_tasks: Vec<TaskIds>,
    pub warmup_tasks: Vec<TaskIds>,
}

/// Tasks of one subtopology, by partition.
#[message]
pub struct TaskIds {
    pub subtopology_id: Str,
    pub partitions: Vec<i32>,
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

/// The topology's nodes and stores, for people.
#[message]
pub struct TopologyDescription {
    pub subtopologies: Vec<TopologyDescriptionSubtopology>,
    pub global_stores: Vec<TopologyDescriptionGlobalStore>,
}

/// One part of the topology, node by node.
#[message]
pub struct TopologyDescriptionSubtopology {
    pub subtopology_id: Str,
    pub nodes: Vec<TopologyDescriptionNode>,
}

/// A step records go through.
#[message]
pub struct TopologyDescriptionNode {
    pub name: Str,
    /// 1 a source, 2 a processor, 3 a sink.
    pub node_type: i8,
    /// What a source reads; empty when that is decided on the way.
    pub source_topics: Vec<Str>,
    /// What a sink writes; null when that is decided on the way.
    #[versions(0.., nullable = 1.., default = None)]
    pub sink_topic: Option<Str>,
    /// The stores a processor uses.
    pub stores: Vec<Str>,
    /// The nodes that come next, by name.
    pub successors: Vec<Str>,
}

/// A store that each member keeps whole, and the two nodes that fill it.
#[message]
pub struct TopologyDescriptionGlobalStore {
    pub source: TopologyDescriptionNode,
    pub processor: TopologyDescriptionNode,
}

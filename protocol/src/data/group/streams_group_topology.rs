//! A streams group's topology (KIP-1071).

use upsert_kafka_protocol_derive::message;

use crate::Str;

/// The key of a record of the log.
#[message(key = 23, versions = 0..=0)]
pub struct StreamsGroupTopologyKey {
    pub group_id: Str,
}

/// Its value.
#[message(key = 23, versions = 0..=0, flexible = 0..)]
pub struct StreamsGroupTopologyValue {
    /// Grows when the application is changed.
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

/// A setting of a topic, and its value.
#[message]
pub struct TopicConfig {
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
    pub topic_configs: Vec<TopicConfig>,
}

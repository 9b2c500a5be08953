//! StreamsGroupTopologyDescriptionUpdate: the description of a streams group's topology, for people
//! (KIP-1071).

use upsert_kafka_protocol_derive::message;

use crate::{ErrorCode, Str};

#[message(key = 93, versions = 0..=0, flexible = 0..)]
pub struct StreamsGroupTopologyDescriptionUpdateRequest {
    pub group_id: Str,
    pub member_id: Str,
    pub topology_epoch: i32,
    pub topology_description: TopologyDescription,
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
    #[versions(0.., nullable = 0.., default = None)]
    pub sink_topic: Option<Str>,
    pub stores: Vec<Str>,
    pub successors: Vec<Str>,
}

#[message]
pub struct TopologyDescriptionGlobalStore {
    pub source: TopologyDescriptionNode,
    pub processor: TopologyDescriptionNode,
}

#[message(answers = StreamsGroupTopologyDescriptionUpdateRequest)]
pub struct StreamsGroupTopologyDescriptionUpdateResponse {
    /// How long the client should pause, in milliseconds (KIP-219).
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    /// The error in words, for people.
    #[versions(0.., nullable = 0.., default = None)]
    pub error_message: Option<Str>,
}

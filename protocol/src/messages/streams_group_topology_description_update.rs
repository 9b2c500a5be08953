//! StreamsGroupTopologyDescriptionUpdate: the description of a streams group's topology, for people
//! (KIP-1331).

use upsert_kafka_protocol_derive::message;

use crate::{ErrorCode, Str};

#[message(key = 93, versions = 0..=0, flexible = 0..)]
pub struct StreamsGroupTopologyDescriptionUpdateRequest {
    pub group_id: Str,
    pub member_id: Str,
    /// Of the topology that is described.
    pub topology_epoch: i32,
    pub topology_description: TopologyDescription,
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
    #[versions(0.., nullable = 0.., default = None)]
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

#[message(answers = StreamsGroupTopologyDescriptionUpdateRequest)]
pub struct StreamsGroupTopologyDescriptionUpdateResponse {
    /// How long the client should pause, in milliseconds (KIP-219).
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    /// The error in words, for people.
    #[versions(0.., nullable = 0.., default = None)]
    pub error_message: Option<Str>,
}

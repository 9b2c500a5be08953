//! The voters of the metadata quorum (KIP-853).

use upsert_kafka_protocol_derive::message;

use crate::{Str, Uuid};

#[message(versions = 0..=0, flexible = 0..)]
pub struct VotersRecord {
    pub version: i16,
    pub voters: Vec<Voter>,
}

/// A member of the quorum that votes.
#[message]
pub struct Voter {
    pub voter_id: i32,
    pub voter_directory_id: Uuid,
    pub endpoints: Vec<Endpoint>,
    pub k_raft_version_feature: KRaftVersionFeature,
}

/// Where somebody listens.
#[message]
pub struct Endpoint {
    pub name: Str,
    pub host: Str,
    pub port: u16,
}

#[message]
pub struct KRaftVersionFeature {
    pub min_supported_version: i16,
    pub max_supported_version: i16,
}

//! The voters of the metadata quorum (KIP-853).

use upsert_kafka_protocol_derive::message;

use crate::{Str, Uuid};

#[message(versions = 0..=0, flexible = 0..)]
pub struct VotersRecord {
    /// Of this record.
    pub version: i16,
    pub voters: Vec<Voter>,
}

/// A voter: its folder, where it listens, and what it could run.
#[message]
pub struct Voter {
    pub voter_id: i32,
    /// The id of the folder that its log lies in.
    pub voter_directory_id: Uuid,
    pub endpoints: Vec<Endpoint>,
    pub k_raft_version_feature: KRaftVersionFeature,
}

/// Where the voter listens.
#[message]
pub struct Endpoint {
    /// The listener's, such as `CONTROLLER`.
    pub name: Str,
    pub host: Str,
    pub port: u16,
}

/// The levels of `kraft.version` that the voter could run.
#[message]
pub struct KRaftVersionFeature {
    pub min_supported_version: i16,
    pub max_supported_version: i16,
}

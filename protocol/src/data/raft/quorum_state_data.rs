//! What a controller keeps of its epoch, vote and leader, in the file quorum-state.

use upsert_kafka_protocol_derive::message;

use crate::{Str, Uuid};

#[message(versions = 0..=1, flexible = 0..)]
pub struct QuorumStateData {
    #[versions(0..=0)]
    pub cluster_id: Str,
    /// -1 when unknown.
    #[versions(0.., default = -1)]
    pub leader_id: i32,
    /// -1 when unknown.
    #[versions(0.., default = -1)]
    pub leader_epoch: i32,
    /// Who got its vote in this epoch; -1 for nobody.
    #[versions(0.., default = -1)]
    pub voted_id: i32,
    /// The folder of the one who got its vote (KIP-853); all zeros for nobody, or when unknown.
    #[versions(1..)]
    pub voted_directory_id: Uuid,
    #[versions(0..=0)]
    pub applied_offset: i64,
    #[versions(0..=0, nullable = 0..=0)]
    pub current_voters: Option<Vec<Voter>>,
}

/// A voter, by id.
#[message]
pub struct Voter {
    pub voter_id: i32,
}

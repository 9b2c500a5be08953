//! What a controller keeps of its epoch, vote and leader, in the file quorum-state.

use upsert_kafka_protocol_derive::message;

use crate::{Str, Uuid};

#[message(versions = 0..=1, flexible = 0..)]
pub struct QuorumStateData {
    #[versions(0..=0)]
    pub cluster_id: Str,
    #[versions(0.., default = -1)]
    pub leader_id: i32,
    #[versions(0.., default = -1)]
    pub leader_epoch: i32,
    #[versions(0.., default = -1)]
    pub voted_id: i32,
    #[versions(1..)]
    pub voted_directory_id: Uuid,
    #[versions(0..=0)]
    pub applied_offset: i64,
    #[versions(0..=0, nullable = 0..=0)]
    pub current_voters: Option<Vec<Voter>>,
}

/// A member of the quorum that votes.
#[message]
pub struct Voter {
    pub voter_id: i32,
}

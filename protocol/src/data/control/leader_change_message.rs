//! A new leader of the metadata quorum (KIP-595).

use upsert_kafka_protocol_derive::message;

use crate::Uuid;

#[message(versions = 0..=1, flexible = 0..)]
pub struct LeaderChangeMessage {
    pub version: i16,
    pub leader_id: i32,
    pub voters: Vec<Voter>,
    pub granting_voters: Vec<Voter>,
}

/// A member of the quorum that votes.
#[message]
pub struct Voter {
    pub voter_id: i32,
    #[versions(1..)]
    pub voter_directory_id: Uuid,
}

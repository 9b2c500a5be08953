//! The version of the metadata quorum's protocol (KIP-853).

use upsert_kafka_protocol_derive::message;

#[message(versions = 0..=0, flexible = 0..)]
pub struct KRaftVersionRecord {
    pub version: i16,
    pub k_raft_version: i16,
}

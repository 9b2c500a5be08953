//! The version of the metadata quorum's protocol (KIP-853).

use upsert_kafka_protocol_derive::message;

#[message(versions = 0..=0, flexible = 0..)]
pub struct KRaftVersionRecord {
    /// Of this record.
    pub version: i16,
    /// The level of `kraft.version`: 0 for voters that are set in files, 1 for voters kept in the log.
    pub k_raft_version: i16,
}

//! Begins a snapshot of the metadata log (KIP-630).

use upsert_kafka_protocol_derive::message;

#[message(versions = 0..=0, flexible = 0..)]
pub struct SnapshotHeaderRecord {
    pub version: i16,
    pub last_contained_log_timestamp: i64,
}

//! Begins a snapshot of the metadata log (KIP-630).

use upsert_kafka_protocol_derive::message;

#[message(versions = 0..=0, flexible = 0..)]
pub struct SnapshotHeaderRecord {
    /// Of this record.
    pub version: i16,
    /// Of the last batch of the log in it, in milliseconds since 1970.
    pub last_contained_log_timestamp: i64,
}

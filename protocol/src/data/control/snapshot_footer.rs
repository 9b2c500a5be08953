//! Ends a snapshot of the metadata log (KIP-630).

use upsert_kafka_protocol_derive::message;

#[message(versions = 0..=0, flexible = 0..)]
pub struct SnapshotFooterRecord {
    pub version: i16,
}

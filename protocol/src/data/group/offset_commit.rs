//! A group's position in a partition.

use upsert_kafka_protocol_derive::message;

use crate::{Str, Uuid};

/// The key of a record of the log.
#[message(key = 1, versions = 0..=0)]
pub struct OffsetCommitKey {
    pub group: Str,
    pub topic: Str,
    pub partition: i32,
}

/// Its value.
#[message(key = 1, versions = 0..=4, flexible = 4..)]
pub struct OffsetCommitValue {
    /// The next one to read.
    pub offset: i64,
    /// Of the last record read; -1 when unknown (KIP-320).
    #[versions(3.., default = -1, ignorable)]
    pub leader_epoch: i32,
    /// A note of the client's own.
    pub metadata: Str,
    /// Milliseconds since 1970.
    pub commit_timestamp: i64,
    /// When it may be forgotten, in milliseconds since 1970; -1 when the broker decides.
    #[versions(1..=1, default = -1, ignorable)]
    pub expire_timestamp: i64,
    /// All zeros when unknown.
    #[versions(4.., tag = 0, ignorable)]
    pub topic_id: Uuid,
}

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
    pub offset: i64,
    #[versions(3.., default = -1, ignorable)]
    pub leader_epoch: i32,
    pub metadata: Str,
    pub commit_timestamp: i64,
    #[versions(1..=1, default = -1, ignorable)]
    pub expire_timestamp: i64,
    #[versions(4.., tag = 0, ignorable)]
    pub topic_id: Uuid,
}

//! One record to keep: a value that shares the fetched bytes instead of borrowing them.

use std::sync::Arc;

use upsert_kafka_protocol::Bytes;
use upsert_kafka_protocol::records::{self, TimestampType};

use super::batch_records::BatchRecords;

/// One record that may be kept and sent to other tasks. Key, value and headers' values are slices of what was
/// fetched, so a record that is kept keeps those bytes: its batch where that was compressed, else the broker's
/// whole answer. Whoever keeps a few of many records copies them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OwnedRecord {
    /// The topic that it is from.
    pub topic: Arc<str>,
    /// The partition that it is from.
    pub partition: i32,
    /// Its place in the partition.
    pub offset: i64,
    /// Milliseconds since 1970; see `timestamp_type`.
    pub timestamp_ms: i64,
    /// Whose clock that was.
    pub timestamp_type: TimestampType,
    /// The epoch of the leader that took it; -1 when not known.
    pub leader_epoch: i32,
    /// Which partition a producer chose by.
    pub key: Option<Bytes>,
    /// `None` is a tombstone.
    pub value: Option<Bytes>,
    /// In order; names may repeat.
    pub headers: Vec<OwnedHeader>,
}

/// A header of an [`OwnedRecord`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OwnedHeader {
    /// Its name.
    pub key: String,
    /// Its value; a null is allowed.
    pub value: Option<Bytes>,
}

impl OwnedRecord {
    pub(super) fn new(
        topic: &Arc<str>,
        partition: i32,
        chunk: &BatchRecords,
        record: &records::Record<'_>,
    ) -> Self {
        let shared = |part: &[u8]| chunk.body.bytes().slice_ref(part);
        let header = |(key, value): (std::borrow::Cow<'_, str>, Option<&[u8]>)| OwnedHeader {
            key: key.into_owned(),
            value: value.map(shared),
        };
        Self {
            topic: Arc::clone(topic),
            partition,
            offset: record.offset,
            timestamp_ms: record.timestamp_ms,
            timestamp_type: chunk.timestamp_type,
            leader_epoch: chunk.leader_epoch,
            key: record.key.map(shared),
            value: record.value.map(shared),
            headers: record.headers().map(header).collect(),
        }
    }
}

//! What a caller hands to `send`, borrowed: its bytes are copied once, into the batch.

pub use upsert_kafka_protocol::records::Header;

use crate::Topic;

/// A record on its way in. Without a value it is a tombstone.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    /// Where it goes.
    pub topic: &'a Topic,
    /// `None` leaves the choice to the partitioner: by key, else sticky.
    pub partition: Option<i32>,
    /// The key; a compacted topic needs one.
    pub key: Option<&'a [u8]>,
    /// The value; `None` deletes the key from a compacted topic.
    pub value: Option<&'a [u8]>,
    /// Milliseconds since 1970; `None` is now, at the kernel's tick of a few milliseconds.
    pub timestamp_ms: Option<i64>,
    /// Kept in this order, keys may repeat.
    pub headers: &'a [Header<'a>],
}

impl<'a> Record<'a> {
    /// Nothing but its topic.
    pub fn new(topic: &'a Topic) -> Self {
        Self { topic, partition: None, key: None, value: None, timestamp_ms: None, headers: &[] }
    }

    /// With a key.
    pub fn key(self, key: &'a [u8]) -> Self {
        Self { key: Some(key), ..self }
    }

    /// With a value.
    pub fn value(self, value: &'a [u8]) -> Self {
        Self { value: Some(value), ..self }
    }

    /// To this partition and no other.
    pub fn partition(self, partition: i32) -> Self {
        Self { partition: Some(partition), ..self }
    }

    /// With a time of its own.
    pub fn timestamp_ms(self, timestamp_ms: i64) -> Self {
        Self { timestamp_ms: Some(timestamp_ms), ..self }
    }

    /// With headers.
    pub fn headers(self, headers: &'a [Header<'a>]) -> Self {
        Self { headers, ..self }
    }
}

/// Where a record came to lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Receipt {
    /// The partition.
    pub partition: i32,
    /// The offset; -1 where the broker says that it has the record but no longer where.
    pub offset: i64,
    /// The record's own time, or the broker's where the topic keeps that.
    pub timestamp_ms: i64,
}

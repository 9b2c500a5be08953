//! One record as a consumer sees it, borrowed from the fetched bytes.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use upsert_kafka_protocol::records::{self, TimestampType};

use super::batch_records::BatchRecords;
use super::owned_record::OwnedRecord;

/// One record, borrowed from what was fetched.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct ConsumerRecord<'a> {
    /// The topic that it is from.
    pub topic: &'a str,
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
    pub key: Option<&'a [u8]>,
    /// `None` is a tombstone.
    pub value: Option<&'a [u8]>,
    record: records::Record<'a>,
    shared_topic: &'a Arc<str>,
    chunk: &'a BatchRecords,
}

impl<'a> ConsumerRecord<'a> {
    /// Its headers, in order; names may repeat.
    pub fn headers(&self) -> impl Iterator<Item = (Cow<'a, str>, Option<&'a [u8]>)> + use<'a> {
        self.record.headers()
    }

    /// The same record, to keep or to send to another task: it shares the fetched bytes.
    pub fn detach(&self) -> OwnedRecord {
        OwnedRecord::new(self.shared_topic, self.partition, self.chunk, &self.record)
    }

    #[inline]
    pub(super) fn new(
        topic: &'a Arc<str>,
        partition: i32,
        chunk: &'a BatchRecords,
        record: records::Record<'a>,
    ) -> Self {
        Self {
            topic,
            partition,
            offset: record.offset,
            timestamp_ms: record.timestamp_ms,
            timestamp_type: chunk.timestamp_type,
            leader_epoch: chunk.leader_epoch,
            key: record.key,
            value: record.value,
            record,
            shared_topic: topic,
            chunk,
        }
    }
}

impl fmt::Debug for ConsumerRecord<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConsumerRecord")
            .field("topic", &self.topic)
            .field("partition", &self.partition)
            .field("offset", &self.offset)
            .field("timestamp_ms", &self.timestamp_ms)
            .field("timestamp_type", &self.timestamp_type)
            .field("leader_epoch", &self.leader_epoch)
            .field("key", &self.key)
            .field("value", &self.value)
            .finish_non_exhaustive()
    }
}

//! Records to keep: values that share the fetched bytes instead of borrowing them.

use std::sync::Arc;
use std::vec;

use upsert_kafka_protocol::Bytes;
use upsert_kafka_protocol::records::{self, TimestampType};

#[cfg(feature = "stream")]
use super::assignment::TopicPartition;
use super::fetched::{BatchRecords, PartitionRecords};
use crate::Error;

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

/// The records of a [`Fetched`](crate::Fetched), to keep. An error ends those of its partition, not the others'.
#[derive(Debug, Default)]
pub struct OwnedRecords {
    partitions: vec::IntoIter<PartitionRecords>,
    current: Option<OwnedPartition>,
}

/// A partition of which records were taken.
#[derive(Debug)]
struct OwnedPartition {
    /// Without its chunks; `from` is the offset that comes next.
    of: PartitionRecords,
    chunks: vec::IntoIter<BatchRecords>,
    /// The batch that records are taken from: it holds those still to come.
    chunk: Option<BatchRecords>,
}

impl OwnedRecord {
    pub(super) fn new(of: &PartitionRecords, chunk: &BatchRecords, record: &records::Record<'_>) -> Self {
        let shared = |part: &[u8]| chunk.body.bytes().slice_ref(part);
        let header = |(key, value): (std::borrow::Cow<'_, str>, Option<&[u8]>)| OwnedHeader {
            key: key.into_owned(),
            value: value.map(shared),
        };
        Self {
            topic: Arc::clone(&of.topic),
            partition: of.partition,
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

impl OwnedRecords {
    pub(super) fn new(partitions: Vec<PartitionRecords>) -> Self {
        Self { partitions: partitions.into_iter(), current: None }
    }
}

#[cfg(feature = "stream")]
impl OwnedRecords {
    /// The partition whose record was taken last, and the offset that comes next of it.
    pub(super) fn stands_at(&self) -> Option<(TopicPartition, i64)> {
        self.current.as_ref().map(|current| current.of.stands_at())
    }

    /// Partitions of which records were not taken, and the offset that comes next of each.
    pub(super) fn not_taken(&self) -> impl Iterator<Item = (TopicPartition, i64)> {
        let begun = self.current.iter().filter(|current| current.chunk.is_some() || current.chunks.len() > 0);
        let waiting = self.partitions.as_slice().iter().filter(|partition| !partition.chunks.is_empty());
        begun.map(|current| &current.of).chain(waiting).map(PartitionRecords::stands_at)
    }
}

impl Iterator for OwnedRecords {
    type Item = Result<OwnedRecord, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(record) = self.current.as_mut().and_then(OwnedPartition::next) {
                return Some(record);
            }
            self.current = Some(OwnedPartition::new(self.partitions.next()?));
        }
    }
}

impl OwnedPartition {
    fn new(mut of: PartitionRecords) -> Self {
        let chunks = std::mem::take(&mut of.chunks).into_iter();
        Self { of, chunks, chunk: None }
    }

    fn next(&mut self) -> Option<Result<OwnedRecord, Error>> {
        loop {
            let Some(chunk) = &mut self.chunk else {
                self.chunk = Some(self.chunks.next()?);
                continue;
            };
            let mut records = chunk.body.iter();
            match records.next() {
                None => self.chunk = None,
                Some(Ok(record)) => {
                    let rest = records.rest();
                    // A batch may begin before the offset that was asked for.
                    let owned =
                        (record.offset >= self.of.from).then(|| OwnedRecord::new(&self.of, chunk, &record));
                    chunk.body = rest;
                    if let Some(owned) = owned {
                        self.of.from = owned.offset.saturating_add(1);
                        return Some(Ok(owned));
                    }
                }
                Some(Err(corrupt)) => {
                    let error = self.of.corrupt(&corrupt);
                    (self.chunks, self.chunk) = (Vec::new().into_iter(), None);
                    return Some(Err(error));
                }
            }
        }
    }
}

//! What a poll hands over: records lent from the fetched bytes.

use std::borrow::Cow;
use std::slice;
use std::sync::Arc;

use upsert_kafka_protocol::Uuid;
use upsert_kafka_protocol::records::{self, Body, TimestampType};

use super::completed_fetch::Piece;
use super::position::Wanted;
use super::reset::PositionReset;
use crate::{Error, ErrorKind};

/// The records of one answer, or as many of them as `Config::fetch_max_decompressed_bytes` allows, by partition.
#[derive(Debug, Default)]
pub struct Fetched {
    pub(super) partitions: Vec<PartitionRecords>,
    pub(super) resets: Vec<PositionReset>,
}

/// The records of one partition, in order of their offsets. It may hold none and yet have moved on:
/// past markers, aborted transactions and what compaction took.
#[derive(Debug)]
pub struct PartitionRecords {
    pub(super) topic: Arc<str>,
    pub(super) topic_id: Uuid,
    pub(super) partition: i32,
    pub(super) high_watermark: i64,
    pub(super) from: i64,
    pub(super) next_offset: i64,
    pub(super) leader_epoch: i32,
    pub(super) chunks: Vec<Chunk>,
}

/// The visible records of one batch.
#[derive(Debug)]
pub(super) struct Chunk {
    pub(super) body: Body,
    pub(super) leader_epoch: i32,
    pub(super) timestamp_type: TimestampType,
}

/// One record, borrowed from what was fetched.
#[derive(Clone, Copy, Debug)]
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
}

/// The records of a [`PartitionRecords`]; an error ends them.
#[derive(Clone, Debug)]
pub struct Records<'a> {
    of: &'a PartitionRecords,
    chunks: slice::Iter<'a, Chunk>,
    current: Option<(records::Records<'a>, &'a Chunk)>,
}

impl Fetched {
    /// The partitions that have something new, each at most once.
    pub fn partitions(&self) -> &[PartitionRecords] {
        &self.partitions
    }

    /// The partitions that are read on from elsewhere, which happened before the records of this answer: look at
    /// these first. A partition may have none of its records with it yet.
    pub fn resets(&self) -> &[PositionReset] {
        &self.resets
    }
}

impl<'a> IntoIterator for &'a Fetched {
    type Item = &'a PartitionRecords;
    type IntoIter = slice::Iter<'a, PartitionRecords>;

    fn into_iter(self) -> Self::IntoIter {
        self.partitions.iter()
    }
}

impl PartitionRecords {
    pub(super) fn new(wanted: &Wanted, high_watermark: i64, piece: Piece) -> Self {
        Self {
            topic: Arc::clone(&wanted.of.topic),
            topic_id: wanted.topic_id,
            partition: wanted.of.partition,
            high_watermark,
            from: wanted.offset,
            next_offset: piece.next_offset,
            leader_epoch: piece.leader_epoch,
            chunks: piece.chunks,
        }
    }

    /// The topic.
    pub fn topic(&self) -> &Arc<str> {
        &self.topic
    }

    /// The id of the topic that the records are from; zero where brokers know no ids.
    pub fn topic_id(&self) -> Uuid {
        self.topic_id
    }

    /// The partition.
    pub fn partition(&self) -> i32 {
        self.partition
    }

    /// The end of what all replicas have.
    pub fn high_watermark(&self) -> i64 {
        self.high_watermark
    }

    /// Where the consumer reads on: the offset to commit once these records are dealt with.
    pub fn next_offset(&self) -> i64 {
        self.next_offset
    }

    /// The leader epoch of the last batch, to commit with the offset; -1 when not known.
    pub fn leader_epoch(&self) -> i32 {
        self.leader_epoch
    }

    /// The records in order; no allocation.
    pub fn records(&self) -> Records<'_> {
        Records { of: self, chunks: self.chunks.iter(), current: None }
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Result<ConsumerRecord<'a>, Error>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let Some((records, chunk)) = &mut self.current else {
                let chunk = self.chunks.next()?;
                self.current = Some((chunk.body.iter(), chunk));
                continue;
            };
            match records.next() {
                // A batch may begin before the offset that was asked for.
                Some(Ok(record)) if record.offset < self.of.from => {}
                Some(Ok(record)) => return Some(Ok(ConsumerRecord::new(self.of, chunk, record))),
                Some(Err(corrupt)) => {
                    (self.chunks, self.current) = ([].iter(), None);
                    return Some(Err(self.of.corrupt(&corrupt)));
                }
                None => self.current = None,
            }
        }
    }
}

impl<'a> ConsumerRecord<'a> {
    /// Its headers, in order; names may repeat.
    pub fn headers(&self) -> impl Iterator<Item = (Cow<'a, str>, Option<&'a [u8]>)> + use<'a> {
        self.record.headers()
    }

    #[inline]
    fn new(of: &'a PartitionRecords, chunk: &Chunk, record: records::Record<'a>) -> Self {
        Self {
            topic: &of.topic,
            partition: of.partition,
            offset: record.offset,
            timestamp_ms: record.timestamp_ms,
            timestamp_type: chunk.timestamp_type,
            leader_epoch: chunk.leader_epoch,
            key: record.key,
            value: record.value,
            record,
        }
    }
}

impl PartitionRecords {
    #[cold]
    fn corrupt(&self, corrupt: &records::Corrupt) -> Error {
        Error::new(ErrorKind::Corrupt, corrupt.to_string())
            .with_topic(Arc::clone(&self.topic))
            .with_partition(self.partition)
    }
}

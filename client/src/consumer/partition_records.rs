//! What a poll hands over of one partition.

use std::slice;
use std::sync::Arc;

use upsert_kafka_protocol::Uuid;
use upsert_kafka_protocol::records;

#[cfg(feature = "stream")]
use super::assignment::TopicPartition;
use super::batch_records::BatchRecords;
use super::completed_fetch::Piece;
use super::consumer_record::ConsumerRecord;
use super::position::FetchTarget;
use crate::{Error, ErrorKind};

/// The records of one partition, in the order of their offsets. There may be none though the position has
/// moved: past markers, aborted transactions and what compaction took.
#[derive(Debug)]
pub struct PartitionRecords {
    pub(super) topic: Arc<str>,
    pub(super) topic_id: Uuid,
    pub(super) partition: i32,
    pub(super) high_watermark: i64,
    /// The first offset that is for the caller; a batch may begin before it.
    pub(super) from: i64,
    pub(super) next_offset: i64,
    pub(super) leader_epoch: i32,
    pub(super) chunks: Vec<BatchRecords>,
}

/// The records of a [`PartitionRecords`]; an error ends them.
#[derive(Clone, Debug)]
pub struct Records<'a> {
    partition: &'a PartitionRecords,
    chunks: slice::Iter<'a, BatchRecords>,
    current: Option<(records::Records<'a>, &'a BatchRecords)>,
}

impl<'a> IntoIterator for &'a PartitionRecords {
    type Item = Result<ConsumerRecord<'a>, Error>;
    type IntoIter = Records<'a>;

    fn into_iter(self) -> Self::IntoIter {
        self.records()
    }
}

impl PartitionRecords {
    pub(super) fn new(target: &FetchTarget, high_watermark: i64, piece: Piece) -> Self {
        Self {
            topic: Arc::clone(&target.topic_partition.topic),
            topic_id: target.topic_id,
            partition: target.topic_partition.partition,
            high_watermark,
            from: piece.from,
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

    /// The high watermark: the offset behind the last record that all in-sync replicas have.
    pub fn high_watermark(&self) -> i64 {
        self.high_watermark
    }

    /// The offset behind these records, to commit once they are processed.
    pub fn next_offset(&self) -> i64 {
        self.next_offset
    }

    /// The leader epoch of the last batch, to commit with the offset; -1 when not known.
    pub fn leader_epoch(&self) -> i32 {
        self.leader_epoch
    }

    /// The partition, and the offset of the first record for the caller, or the one behind what was taken.
    #[cfg(feature = "stream")]
    pub(super) fn stands_at(&self) -> (TopicPartition, i64) {
        (TopicPartition::new(Arc::clone(&self.topic), self.partition), self.from)
    }

    /// The records in order; no allocation.
    pub fn records(&self) -> Records<'_> {
        Records { partition: self, chunks: self.chunks.iter(), current: None }
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
                Some(Ok(record)) if record.offset < self.partition.from => {}
                Some(Ok(record)) => {
                    return Some(Ok(ConsumerRecord::new(
                        &self.partition.topic,
                        self.partition.partition,
                        chunk,
                        record,
                    )));
                }
                Some(Err(corrupt)) => {
                    (self.chunks, self.current) = ([].iter(), None);
                    return Some(Err(self.partition.corrupt(&corrupt)));
                }
                None => self.current = None,
            }
        }
    }
}

impl PartitionRecords {
    #[cold]
    pub(super) fn corrupt(&self, corrupt: &records::Corrupt) -> Error {
        Error::new(ErrorKind::Corrupt, corrupt.to_string())
            .with_topic(Arc::clone(&self.topic))
            .with_partition(self.partition)
    }
}

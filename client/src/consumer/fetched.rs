//! What a poll hands over: records by partition, borrowed from the fetched bytes.

use std::iter::Flatten;
use std::slice;
use std::sync::Arc;

use upsert_kafka_protocol::Uuid;
use upsert_kafka_protocol::records::{self, Body, TimestampType};

#[cfg(feature = "stream")]
use super::assignment::TopicPartition;
use super::completed_fetch::Piece;
use super::consumer_record::ConsumerRecord;
use super::owned_record::{OwnedRecord, OwnedRecords};
use super::position::FetchTarget;
use super::reset::PositionReset;
use crate::{Error, ErrorKind};

/// What one poll hands over: the records of one broker's answer, or as many of them as
/// [`Config::fetch_max_decompressed_bytes`](crate::Config::fetch_max_decompressed_bytes) allows.
///
/// ```no_run
/// # async fn read(consumer: &mut upsert_kafka_client::Consumer) -> Result<(), upsert_kafka_client::Error> {
/// let fetched = consumer.poll().await?;
/// for record in &fetched {
///     let record = record?;
///     println!("{}-{} at {}: {:?}", record.topic, record.partition, record.offset, record.value);
/// }
/// # Ok(())
/// # }
/// ```
///
/// `for record in &fetched` gives [`ConsumerRecord`]s, which borrow from the fetched bytes and allocate
/// nothing; `for record in fetched` gives [`OwnedRecord`](crate::OwnedRecord)s, which share them.
/// [`Fetched::partitions`] has what concerns a partition as a whole, such as the offset to commit.
#[derive(Debug, Default)]
#[must_use = "records are handed over once"]
pub struct Fetched {
    pub(super) partitions: Vec<PartitionRecords>,
    pub(super) resets: Vec<PositionReset>,
}

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

/// The records of one batch that users may see.
#[derive(Debug)]
pub(super) struct BatchRecords {
    pub(super) body: Body,
    pub(super) leader_epoch: i32,
    pub(super) timestamp_type: TimestampType,
}

/// The records of a [`Fetched`], partition by partition. An error ends those of its partition, not the others'.
#[derive(Clone, Debug)]
pub struct FetchedRecords<'a>(Flatten<slice::Iter<'a, PartitionRecords>>);

/// The records of a [`PartitionRecords`]; an error ends them.
#[derive(Clone, Debug)]
pub struct Records<'a> {
    partition: &'a PartitionRecords,
    chunks: slice::Iter<'a, BatchRecords>,
    current: Option<(records::Records<'a>, &'a BatchRecords)>,
}

impl Fetched {
    /// The partitions whose position has moved, each at most once.
    pub fn partitions(&self) -> &[PartitionRecords] {
        &self.partitions
    }

    /// The partitions whose position was reset before the records of this poll: look at these first. The first
    /// records at the new position may come with a later poll.
    pub fn resets(&self) -> &[PositionReset] {
        &self.resets
    }

    /// The records of all partitions, each partition's in order of their offsets; no allocation. An item is an
    /// error where a record is damaged inside a batch whose checksum is sound, or was not checked.
    pub fn records(&self) -> FetchedRecords<'_> {
        FetchedRecords(self.partitions.iter().flatten())
    }
}

/// See [`Fetched::records`].
impl<'a> IntoIterator for &'a Fetched {
    type Item = Result<ConsumerRecord<'a>, Error>;
    type IntoIter = FetchedRecords<'a>;

    fn into_iter(self) -> Self::IntoIter {
        self.records()
    }
}

/// Records to keep: they share the fetched bytes.
impl IntoIterator for Fetched {
    type Item = Result<OwnedRecord, Error>;
    type IntoIter = OwnedRecords;

    fn into_iter(self) -> Self::IntoIter {
        OwnedRecords::new(self.partitions)
    }
}

impl<'a> IntoIterator for &'a PartitionRecords {
    type Item = Result<ConsumerRecord<'a>, Error>;
    type IntoIter = Records<'a>;

    fn into_iter(self) -> Self::IntoIter {
        self.records()
    }
}

impl<'a> Iterator for FetchedRecords<'a> {
    type Item = Result<ConsumerRecord<'a>, Error>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        self.0.next()
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
                Some(Ok(record)) => return Some(Ok(ConsumerRecord::new(self.partition, chunk, record))),
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

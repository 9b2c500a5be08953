//! What a poll hands over: records by partition, borrowed from the fetched bytes.

use std::iter::Flatten;
use std::slice;

use super::consumer_record::ConsumerRecord;
use super::owned_record::OwnedRecord;
use super::owned_records::OwnedRecords;
use super::partition_records::PartitionRecords;
use super::reset::PositionReset;
use crate::Error;

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

/// The records of a [`Fetched`], partition by partition. An error ends those of its partition, not the others'.
#[derive(Clone, Debug)]
pub struct FetchedRecords<'a>(Flatten<slice::Iter<'a, PartitionRecords>>);

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

impl<'a> Iterator for FetchedRecords<'a> {
    type Item = Result<ConsumerRecord<'a>, Error>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        self.0.next()
    }
}

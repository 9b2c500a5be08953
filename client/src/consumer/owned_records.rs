//! The records of a poll to keep, one by one.

use std::vec;

#[cfg(feature = "stream")]
use super::assignment::TopicPartition;
use super::batch_records::BatchRecords;
use super::owned_record::OwnedRecord;
use super::partition_records::PartitionRecords;
use crate::Error;

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
                    let owned = (record.offset >= self.of.from)
                        .then(|| OwnedRecord::new(&self.of.topic, self.of.partition, chunk, &record));
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

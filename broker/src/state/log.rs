//! A partition's log: batches one after the other in a few large buffers, lent to whoever fetches.
//!
//! A batch is copied once, from its request into the open buffer. A fetch that reaches the open buffer
//! freezes what is written so far and lends it; appending goes on in the rest of the same allocation.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};
use upsert_kafka_protocol::records::{self, batches};

use super::batch::{Checked, Larger};

/// Buffers grow with the log, within these bounds; a larger batch has one of its own.
const BUFFER_BYTES_MIN: usize = 1 << 10;
const BUFFER_BYTES_MAX: usize = 1 << 20;

/// A frozen buffer that gives this much is lent alone; smaller ones are copied together.
const LENT_BYTES_MIN: usize = 64 << 10;

/// Batches in the order of their offsets.
#[derive(Debug, Default)]
pub(crate) struct Log {
    /// Whole batches, no longer written to.
    frozen: VecDeque<Frozen>,
    /// What was appended since.
    open: BytesMut,
    /// Where the open buffer begins, in bytes from the log's first.
    open_at: u64,
    index: VecDeque<Entry>,
    start_offset: i64,
    end_offset: i64,
}

#[derive(Debug)]
struct Frozen {
    at: u64,
    bytes: Bytes,
}

/// One batch: where it begins, in offsets and in bytes from the log's first.
#[derive(Clone, Copy, Debug)]
struct Entry {
    base_offset: i64,
    max_timestamp: i64,
    at: u64,
}

/// A record found by its time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Found {
    pub(crate) offset: i64,
    pub(crate) timestamp_ms: i64,
    pub(crate) leader_epoch: i32,
}

/// Looks into a batch, which may decompress to so many bytes, for the first record that is not older than the time;
/// and how many bytes were looked at. `Err` when they are more.
pub(crate) fn find_time(
    batch: &Bytes,
    timestamp_ms: i64,
    limit: usize,
) -> Result<(Option<Found>, usize), Larger> {
    // What lies in the log was read whole when it was appended.
    let Some(Ok(batch)) = batches(batch).next() else { return Ok((None, 0)) };
    let body = match batch.body(limit) {
        Err(why) if why.exceeds_limit() => return Err(Larger),
        Err(_) => return Ok((None, 0)),
        Ok(body) => body,
    };
    let record = body.iter().map_while(Result::ok).find(|record| record.timestamp_ms >= timestamp_ms);
    let found = record.map(|record| Found {
        offset: record.offset,
        timestamp_ms: record.timestamp_ms,
        leader_epoch: batch.leader_epoch(),
    });
    Ok((found, body.size()))
}

impl Log {
    /// The offset of the first record still there.
    pub(crate) fn start_offset(&self) -> i64 {
        self.start_offset
    }

    /// The offset that the next record will have. One broker, so it is the high watermark too.
    pub(crate) fn end_offset(&self) -> i64 {
        self.end_offset
    }

    /// How many bytes of batches there are.
    pub(crate) fn bytes(&self) -> u64 {
        self.end_at() - self.index.front().map_or(self.end_at(), |entry| entry.at)
    }

    /// How many batches there are.
    pub(crate) fn batches(&self) -> usize {
        self.index.len()
    }

    /// Appends a batch and tells the offset of its first record.
    pub(crate) fn append(&mut self, checked: &Checked, leader_epoch: i32) -> i64 {
        let Checked { batch, max_timestamp, log_append_time_ms, .. } = checked;
        let base_offset = self.end_offset;
        let at = self.write(batch.bytes(), *max_timestamp, batch.count(), leader_epoch);
        if *log_append_time_ms != -1 {
            records::set_log_append_time(&mut self.open[at..], *log_append_time_ms);
        }
        base_offset
    }

    /// Appends the marker at the end of a transaction, and tells its offset.
    pub(crate) fn append_marker(&mut self, marker: &[u8], timestamp_ms: i64, leader_epoch: i32) -> i64 {
        let offset = self.end_offset;
        self.write(marker, timestamp_ms, 1, leader_epoch);
        offset
    }

    /// Where in the open buffer it is written.
    fn write(&mut self, bytes: &[u8], max_timestamp: i64, count: i32, leader_epoch: i32) -> usize {
        self.make_room(bytes.len());
        let (base_offset, begin) = (self.end_offset, self.open.len());
        self.open.extend_from_slice(bytes);
        records::set_offset(&mut self.open[begin..], base_offset, leader_epoch);
        let at = self.open_at + begin as u64;
        self.index.push_back(Entry { base_offset, max_timestamp, at });
        self.end_offset += i64::from(count);
        begin
    }

    /// How many bytes lie from the batch that holds the offset to the bound, an offset where a batch begins,
    /// up to the limit. `None` when the offset is out of range.
    pub(crate) fn available(&self, offset: i64, bound: i64, limit: usize) -> Option<usize> {
        let (from, end) = (self.position(offset)?, self.position(bound)?);
        Some(usize::try_from(end.saturating_sub(from)).map_or(limit, |bytes| bytes.min(limit)))
    }

    /// Whole batches from the one that holds the offset to the bound, an offset where a batch begins, as many
    /// as the limit allows; one at least when asked. `None` when the offset is out of range.
    pub(crate) fn read(
        &mut self,
        offset: i64,
        bound: i64,
        limit: usize,
        at_least_one: bool,
    ) -> Option<Bytes> {
        let (from, end) = (self.position(offset)?, self.position(bound)?);
        if end <= from {
            return Some(Bytes::new());
        }
        let first = self.index.partition_point(|entry| entry.at <= from);
        let farthest = from.saturating_add(limit as u64);
        let past = self.index.partition_point(|entry| entry.at <= farthest);
        // The last batch that begins within the limit may end beyond it.
        let mut to = if end <= farthest { end } else { self.index[past - 1].at.max(from) };
        if to == from && at_least_one {
            to = self.index.get(first).map_or(end, |entry| entry.at);
        }
        Some(self.lend(from, to))
    }

    /// Every batch with the offset of its first record.
    pub(crate) fn all(&mut self) -> Vec<(i64, Bytes)> {
        let ends = self.index.iter().skip(1).map(|entry| entry.at).chain([self.end_at()]);
        let spans: Vec<_> = self.index.iter().zip(ends).map(|(entry, end)| (*entry, end)).collect();
        spans.into_iter().map(|(entry, end)| (entry.base_offset, self.lend(entry.at, end))).collect()
    }

    /// The batch that holds the first record, in the order of offsets, that is not older than the time.
    pub(crate) fn batch_at_time(&mut self, timestamp_ms: i64) -> Option<Bytes> {
        let index = self.index.iter().position(|entry| entry.max_timestamp >= timestamp_ms)?;
        let from = self.index[index].at;
        let to = self.index.get(index + 1).map_or(self.end_at(), |entry| entry.at);
        Some(self.lend(from, to))
    }

    /// The greatest timestamp of a record.
    pub(crate) fn max_timestamp(&self) -> Option<i64> {
        self.index.iter().map(|entry| entry.max_timestamp).max()
    }

    /// Where the batch with that offset begins; the end for the end offset.
    fn position(&self, offset: i64) -> Option<u64> {
        if offset < self.start_offset || offset > self.end_offset {
            return None;
        }
        if offset == self.end_offset {
            return Some(self.end_at());
        }
        let after = self.index.partition_point(|entry| entry.base_offset <= offset);
        Some(self.index[after - 1].at)
    }

    fn end_at(&self) -> u64 {
        self.open_at + self.open.len() as u64
    }

    /// Bytes `from..to`, both bounds of batches; fewer when a large buffer ends in between.
    fn lend(&mut self, from: u64, to: u64) -> Bytes {
        if from == to {
            return Bytes::new();
        }
        if to > self.open_at {
            self.freeze();
        }
        let first = self.frozen.partition_point(|frozen| frozen.at <= from) - 1;
        let slice = |frozen: &Frozen| {
            let begin = from.saturating_sub(frozen.at) as usize;
            frozen.bytes.slice(begin..frozen.bytes.len().min((to - frozen.at) as usize))
        };
        let lent = slice(&self.frozen[first]);
        if from + lent.len() as u64 == to || lent.len() >= LENT_BYTES_MIN {
            return lent;
        }
        let pieces = self.frozen.range(first..).take_while(|frozen| frozen.at < to).map(slice);
        let mut together = BytesMut::with_capacity((to - from) as usize);
        pieces.for_each(|piece| together.extend_from_slice(&piece));
        together.freeze()
    }

    fn make_room(&mut self, size: usize) {
        if self.open.capacity() - self.open.len() < size {
            self.freeze();
            let grown = usize::try_from(self.bytes()).unwrap_or(usize::MAX);
            self.open = BytesMut::with_capacity(size.max(grown.clamp(BUFFER_BYTES_MIN, BUFFER_BYTES_MAX)));
        }
    }

    fn freeze(&mut self) {
        if !self.open.is_empty() {
            let frozen = Frozen { at: self.open_at, bytes: self.open.split().freeze() };
            self.open_at += frozen.bytes.len() as u64;
            self.frozen.push_back(frozen);
        }
    }
}

#[cfg(test)]
mod tests;

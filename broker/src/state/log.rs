//! A partition's log: batches one after the other in a few large buffers, and an index of one entry per batch.
//!
//! ```text
//!   frozen            frozen    open
//!  ┌─────┬───────────┬────────┬──────┬┄┄┄┄┄┄┄┄┐        bytes, counted from the first that was ever appended
//!  │ b b │ b b b b b │ b b    │ b b  │  room  ┆
//!  └─────┴───────────┴────────┴──────┴┄┄┄┄┄┄┄┄┘
//!     ▲ start_offset                 ▲ end_offset
//! ```
//!
//! A batch is copied once, from its request into the open buffer, and gets its offsets there. A Fetch is lent slices of
//! frozen buffers, without a copy where they are large. A Fetch that reaches the open buffer freezes what is written so
//! far; appending goes on in the rest of the same allocation.
//!
//! The index knows each batch's offsets, greatest timestamp and size, so that reading by offset or by time decompresses
//! nothing but the batch that was found. Three things change a log besides appending: `delete_before` (retention and
//! DeleteRecords) moves its start, `replace` (compaction) puts fewer records in the place of its first batches, and a
//! buffer is dropped when no batch in it is left. Offsets never change: compaction leaves holes between batches, and a
//! reader that asks for an offset in a hole gets the batch behind it.
//!
//! There is one replica, so the end of the log is also its high watermark.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};
use upsert_kafka_protocol::records::{self, Batch, HEADER_BYTES, batches};

use super::batch::{CheckedBatch, ExceedsLimit};

/// Buffers grow with the log, within these bounds; a larger batch has one of its own.
const BUFFER_BYTES_MIN: usize = 1 << 10;
const BUFFER_BYTES_MAX: usize = 1 << 20;

/// A frozen buffer that gives this much is lent alone; smaller ones are copied together.
const LENT_BYTES_MIN: usize = 64 << 10;

/// Batches in the order of their offsets.
#[derive(Debug, Default)]
pub(crate) struct Log {
    /// Whole batches, no longer written to.
    frozen: VecDeque<FrozenBuffer>,
    /// What was appended since.
    open: BytesMut,
    /// Where the open buffer begins, in bytes from the log's first.
    open_at: u64,
    index: VecDeque<IndexEntry>,
    start_offset: i64,
    end_offset: i64,
}

#[derive(Debug)]
struct FrozenBuffer {
    at: u64,
    bytes: Bytes,
}

/// One batch, and where it begins in bytes from the log's first.
#[derive(Clone, Copy, Debug)]
struct IndexEntry {
    span: Span,
    at: u64,
}

impl IndexEntry {
    /// Whether compaction has left any.
    fn has_records(&self) -> bool {
        self.span.bytes > HEADER_BYTES as u64
    }
}

/// What the index knows of a batch. Compaction leaves holes between a batch's last offset and the next one's base.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Span {
    pub(crate) base_offset: i64,
    pub(crate) last_offset: i64,
    pub(crate) max_timestamp: i64,
    pub(crate) bytes: u64,
    /// When compaction may remove the tombstones and the marker in it, once it has met them.
    pub(crate) delete_horizon_ms: Option<i64>,
}

/// A record found by its time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct FoundRecord {
    pub(crate) offset: i64,
    pub(crate) timestamp_ms: i64,
    pub(crate) leader_epoch: i32,
}

/// Looks into batches, each of which may decompress to `limit` bytes, for the first record from an offset on that is not
/// older than the time. Returns it with the number of bytes that were looked at.
pub(crate) fn find_time(
    packed: &[Bytes],
    from: i64,
    timestamp_ms: i64,
    limit: usize,
) -> Result<(Option<FoundRecord>, usize), ExceedsLimit> {
    let mut size = 0;
    for batch in packed {
        // What lies in the log was read whole when it was appended.
        let Some(Ok(batch)) = batches(batch).next() else { continue };
        let body = match batch.body(limit) {
            Err(why) if why.exceeds_limit() => return Err(ExceedsLimit),
            Err(_) => continue,
            Ok(body) => body,
        };
        size += body.size();
        let mut records = body.iter().map_while(Result::ok);
        if let Some(record) = records.find(|it| it.timestamp_ms >= timestamp_ms && it.offset >= from) {
            let (offset, timestamp_ms) = (record.offset, record.timestamp_ms);
            return Ok((
                Some(FoundRecord { offset, timestamp_ms, leader_epoch: batch.leader_epoch() }),
                size,
            ));
        }
    }
    Ok((None, size))
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

    /// Every batch in order, unread.
    pub(crate) fn spans(&self) -> impl Iterator<Item = Span> {
        self.index.iter().map(|entry| entry.span)
    }

    /// The batch of that number in the order of [`spans`](Self::spans).
    pub(crate) fn batch(&mut self, index: usize) -> Option<Batch> {
        let entry = *self.index.get(index)?;
        // What lies in the log was read whole when it was appended.
        batches(&self.lend(entry.at, entry.at + entry.span.bytes)).next()?.ok()
    }

    /// Moves the start of the log up to an offset, and drops the batches that lie before it.
    pub(crate) fn delete_before(&mut self, offset: i64) {
        self.start_offset = self.start_offset.max(offset.min(self.end_offset));
        let kept = self.index.partition_point(|entry| entry.span.last_offset < self.start_offset);
        self.index.drain(..kept);
        let at = self.index.front().map_or(self.end_at(), |entry| entry.at);
        let gone =
            self.frozen.iter().take_while(|frozen| frozen.at + frozen.bytes.len() as u64 <= at).count();
        self.frozen.drain(..gone);
        if at == self.end_at() {
            (self.open_at, self.open) = (at, BytesMut::new());
        }
    }

    /// Puts other batches, of the same offsets or fewer, in the place of the first `count` ones.
    pub(crate) fn replace(&mut self, count: usize, by: impl IntoIterator<Item = (Span, Bytes)>) {
        let rest_at = self.index.get(count).map_or(self.end_at(), |entry| entry.at);
        let (mut rest, mut from) = (Vec::new(), rest_at);
        while from < self.end_at() {
            let lent = self.lend(from, self.end_at());
            from += lent.len() as u64;
            rest.push(lent);
        }
        let rest_index = self.index.split_off(count.min(self.index.len()));
        (self.index, self.frozen) = (VecDeque::new(), VecDeque::new());
        (self.open, self.open_at) = (BytesMut::new(), 0);
        for (span, bytes) in by {
            self.place(&bytes, span);
        }
        self.freeze();
        let moved_to = self.open_at;
        for bytes in rest {
            let at = self.open_at;
            self.open_at += bytes.len() as u64;
            self.frozen.push_back(FrozenBuffer { at, bytes });
        }
        let moved = |entry: IndexEntry| IndexEntry { at: entry.at - rest_at + moved_to, ..entry };
        self.index.extend(rest_index.into_iter().map(moved));
    }

    /// Appends a batch; returns the offset of its first record.
    pub(crate) fn append(&mut self, checked: &CheckedBatch, leader_epoch: i32) -> i64 {
        let CheckedBatch { batch, max_timestamp, log_append_time_ms, .. } = checked;
        let base_offset = self.end_offset;
        let at = self.write(batch.bytes(), *max_timestamp, batch.count(), leader_epoch);
        if *log_append_time_ms != -1 {
            records::set_log_append_time(&mut self.open[at..], *log_append_time_ms);
        }
        base_offset
    }

    /// Appends the marker at the end of a transaction; returns its offset.
    pub(crate) fn append_marker(&mut self, marker: &[u8], timestamp_ms: i64, leader_epoch: i32) -> i64 {
        let offset = self.end_offset;
        self.write(marker, timestamp_ms, 1, leader_epoch);
        offset
    }

    /// Writes a batch of the next offsets; returns its place in the open buffer.
    fn write(&mut self, bytes: &[u8], max_timestamp: i64, count: i32, leader_epoch: i32) -> usize {
        let base_offset = self.end_offset;
        self.end_offset += i64::from(count);
        let begin = self.place(
            bytes,
            Span {
                base_offset,
                last_offset: self.end_offset - 1,
                max_timestamp,
                bytes: bytes.len() as u64,
                delete_horizon_ms: None,
            },
        );
        records::set_offset(&mut self.open[begin..], base_offset, leader_epoch);
        begin
    }

    /// Copies a batch into the open buffer as it is; returns its place there.
    fn place(&mut self, bytes: &[u8], span: Span) -> usize {
        self.make_room(bytes.len());
        let begin = self.open.len();
        self.open.extend_from_slice(bytes);
        self.index.push_back(IndexEntry { span, at: self.open_at + begin as u64 });
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
        let entries: Vec<_> = self.index.iter().copied().collect();
        let mut lend = |IndexEntry { span, at }| (span.base_offset, self.lend(at, at + span.bytes));
        entries.into_iter().map(&mut lend).collect()
    }

    /// The batch that holds the first record, in the order of offsets, that is not older than the time; and the next such
    /// when in the first it may lie before the log's start.
    pub(crate) fn batches_at_time(&mut self, timestamp_ms: i64) -> Vec<Bytes> {
        let late = |entry: &&IndexEntry| entry.span.max_timestamp >= timestamp_ms && entry.has_records();
        let cut = self.index.front().is_some_and(|entry| entry.span.base_offset < self.start_offset);
        let found: Vec<_> = self.index.iter().filter(late).take(1 + usize::from(cut)).copied().collect();
        found.into_iter().map(|IndexEntry { span, at }| self.lend(at, at + span.bytes)).collect()
    }

    /// The greatest timestamp of a record.
    pub(crate) fn max_timestamp(&self) -> Option<i64> {
        let entries = self.index.iter().filter(|entry| entry.has_records());
        entries.map(|entry| entry.span.max_timestamp).max()
    }

    /// Where the batch with that offset begins, or the next one if compaction has removed it; the end for the end
    /// offset.
    fn position(&self, offset: i64) -> Option<u64> {
        if offset < self.start_offset || offset > self.end_offset {
            return None;
        }
        let holder = self.index.partition_point(|entry| entry.span.last_offset < offset);
        Some(self.index.get(holder).map_or(self.end_at(), |entry| entry.at))
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
        let slice = |frozen: &FrozenBuffer| {
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
            let frozen = FrozenBuffer { at: self.open_at, bytes: self.open.split().freeze() };
            self.open_at += frozen.bytes.len() as u64;
            self.frozen.push_back(frozen);
        }
    }
}

#[cfg(test)]
mod tests;

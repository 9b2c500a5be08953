//! The compaction of one log: the newest record of each key stays, at its offset.
//!
//! As Kafka's `Cleaner` (4.x), in three steps: map each key to its newest offset; go through the batches and keep what
//! is to stay; swap the result for what was there. The work can pause between any two batches. A log whose beginning has
//! changed meanwhile is left as it is.
//!
//! - Records of aborted transactions go, and never replace an older value.
//! - A tombstone, and a marker whose transaction has no batch left before it, stays for `delete.retention.ms` after the
//!   first compaction that met it. So only a reader that is slower than that can miss it.
//! - A batch without records goes, except the last one: a reader could not get past a hole at the end of the log.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use upsert_kafka_protocol::records::{Batch, Record, batches};

use super::configs::Configs;
use super::isolation::Isolation;
use super::log::{Log, Span};

/// When and how thoroughly to clean.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cleaning {
    /// Milliseconds since 1970.
    pub(crate) now_ms: i64,
    /// Takes each batch for a segment that is closed, and compacts however little there is to gain.
    pub(crate) thorough: bool,
    /// The most that one batch may decompress to.
    pub(crate) batch_bytes_max: usize,
}

/// How far the compaction of a log's first batches has come.
#[derive(Debug)]
pub(crate) struct Compaction {
    now_ms: i64,
    /// The most that one batch may decompress to, which Produce has seen to.
    batch_bytes_max: usize,
    /// When a tombstone that is met for the first time may go.
    horizon_ms: i64,
    spans: Vec<Span>,
    /// How many batches were read for their keys, and how many were cleaned after that.
    mapped: usize,
    cleaned: usize,
    offset_map: BTreeMap<Vec<u8>, i64>,
    retained: Vec<(Span, Bytes)>,
    /// Producers of whose batches no marker has decided so far.
    writing: BTreeSet<i64>,
}

/// A batch without the records that go.
struct RetainedBatch {
    bytes: Bytes,
    records: i32,
    max_timestamp: i64,
    /// It holds tombstones or a marker that go when their time has come.
    deletes: bool,
}

impl Compaction {
    /// `None` when there is nothing to look at.
    pub(crate) fn begin(log: &Log, count: usize, configs: &Configs, cleaning: Cleaning) -> Option<Self> {
        let spans: Vec<_> = log.spans().take(count).collect();
        (!spans.is_empty()).then(|| Self {
            now_ms: cleaning.now_ms,
            batch_bytes_max: cleaning.batch_bytes_max,
            horizon_ms: cleaning.now_ms.saturating_add(configs.cleaning.delete_retention_ms),
            mapped: 0,
            cleaned: 0,
            offset_map: BTreeMap::new(),
            retained: Vec::new(),
            writing: BTreeSet::new(),
            spans,
        })
    }

    /// Works until about `bytes_max` bytes were decompressed; returns whether all is done.
    pub(crate) fn run(&mut self, log: &mut Log, isolation: &Isolation, bytes_max: usize) -> bool {
        let mut left = bytes_max;
        while self.is_current(log) && self.cleaned < self.spans.len() && left > 0 {
            let mapping = self.mapped < self.spans.len();
            let index = if mapping { self.mapped } else { self.cleaned };
            let Some(batch) = log.batch(index) else { return true };
            let aborted =
                batch.is_transactional() && isolation.is_aborted(batch.producer_id(), batch.base_offset());
            if mapping {
                left = left.saturating_sub(self.map_keys(&batch, aborted));
                self.mapped += 1;
            } else {
                left = left.saturating_sub(self.clean_batch(&batch, aborted));
                self.cleaned += 1;
            }
        }
        !self.is_current(log) || self.cleaned == self.spans.len()
    }

    /// Swaps the result for the first batches of the log, if they are still the same; returns the offset up to which the
    /// log is compacted then.
    pub(crate) fn finish(self, log: &mut Log) -> Option<i64> {
        let last = self.spans.last().filter(|_| self.is_current(log) && self.cleaned == self.spans.len())?;
        log.replace(self.spans.len(), self.retained);
        Some(last.last_offset + 1)
    }

    /// Whether the batches are still there. A log changes at its ends alone, so it is enough to look at the first.
    fn is_current(&self, log: &Log) -> bool {
        log.spans().next() == self.spans.first().copied()
    }

    /// Maps the batch's keys to their offsets; returns how many bytes were read.
    fn map_keys(&mut self, batch: &Batch, aborted: bool) -> usize {
        if aborted || batch.is_control() {
            return batch.bytes().len();
        }
        // What lies in the log was read whole when it was appended.
        let Ok(body) = batch.body(self.batch_bytes_max) else { return batch.bytes().len() };
        for record in body.iter().map_while(Result::ok) {
            if let Some(key) = record.key {
                match self.offset_map.get_mut(key) {
                    Some(offset) => *offset = record.offset,
                    None => drop(self.offset_map.insert(key.to_vec(), record.offset)),
                }
            }
        }
        body.size().max(batch.bytes().len())
    }

    /// Keeps what is to stay of the next batch; returns about how many bytes were read.
    fn clean_batch(&mut self, batch: &Batch, aborted: bool) -> usize {
        let (span, last) = (self.spans[self.cleaned], self.cleaned + 1 == self.spans.len());
        let expired = span.delete_horizon_ms.is_some_and(|horizon_ms| horizon_ms <= self.now_ms);
        let mut read = 0;
        let left = if batch.is_control() {
            self.retain_marker(batch, expired)
        } else {
            let is_newest = |record: &Record<'_>| {
                read += record.key.map_or(0, <[u8]>::len) + record.value.map_or(0, <[u8]>::len);
                let newest = record.key.and_then(|key| self.offset_map.get(key));
                !aborted && newest.is_some_and(|offset| record.offset >= *offset)
            };
            retain_records(batch, self.batch_bytes_max, is_newest, expired)
        };
        if batch.is_transactional() && !batch.is_control() {
            self.writing.insert(batch.producer_id());
        }
        if left.records > 0 || last {
            let (max_timestamp, bytes) = (left.max_timestamp, left.bytes.len() as u64);
            let delete_horizon_ms = span.delete_horizon_ms.or(left.deletes.then_some(self.horizon_ms));
            self.retained.push((Span { max_timestamp, bytes, delete_horizon_ms, ..span }, left.bytes));
        }
        read.max(batch.bytes().len())
    }

    fn retain_marker(&mut self, batch: &Batch, expired: bool) -> RetainedBatch {
        let decides = self.writing.remove(&batch.producer_id());
        let records = if expired && !decides { 0 } else { batch.count() };
        RetainedBatch { records, ..RetainedBatch::of(batch, !decides) }
    }
}

impl RetainedBatch {
    fn of(batch: &Batch, deletes: bool) -> Self {
        Self {
            bytes: batch.bytes().clone(),
            records: batch.count(),
            max_timestamp: batch.max_timestamp(),
            deletes,
        }
    }
}

/// Keeps the wanted records, and of tombstones those that have not expired.
fn retain_records(
    batch: &Batch,
    bytes_max: usize,
    mut wanted: impl FnMut(&Record<'_>) -> bool,
    expired: bool,
) -> RetainedBatch {
    let mut tombstones = false;
    let keep = |record: &Record<'_>| {
        let kept = wanted(record) && (record.value.is_some() || !expired);
        tombstones |= kept && record.value.is_none();
        kept
    };
    let rewritten = batch.retain(bytes_max, keep).ok();
    match rewritten.and_then(|bytes| batches(&bytes).next()) {
        Some(Ok(left)) if left.count() < batch.count() => RetainedBatch::of(&left, tombstones),
        // All stay, and nothing is to be written.
        _ => RetainedBatch::of(batch, tombstones),
    }
}

//! Retention and compaction: which records a partition lets go.
//!
//! As Kafka's `UnifiedLog` and `LogCleaner` (4.x) decide it. There are no files, so segments are counted as if there
//! were: a batch that would make one larger than `segment.bytes`, or that is `segment.ms` younger than its first,
//! begins the next. Retention takes whole segments, compaction leaves the last one alone.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use upsert_kafka_protocol::records::{Batch, Record};

use super::State;
use super::configs::Configs;
use super::log::{Log, Span};
use super::topics::Partition;
use crate::parking::Place;

/// The most that compaction decompresses of one batch.
const DECOMPRESSED_BYTES_MAX: usize = 256 << 20;

/// When and how thoroughly to clean.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cleaning {
    /// Milliseconds since 1970.
    pub(crate) now_ms: i64,
    /// Takes each batch for a segment that is closed, and compacts however little there is to gain.
    pub(crate) thorough: bool,
}

/// Some batches one after the other.
#[derive(Clone, Copy, Debug, Default)]
struct Segment {
    batches: usize,
    bytes: u64,
    first_timestamp: i64,
    max_timestamp: i64,
}

impl State {
    /// Deletes what the topics' retention lets go.
    pub(crate) fn expire_records(&mut self, cleaning: Cleaning) {
        for topic in self.topics.iter_mut().filter(|topic| topic.configs.deleted) {
            for (index, partition) in (0..).zip(&mut topic.partitions) {
                if partition.expire_records(&topic.configs, cleaning) {
                    // Who waits before the new start hears that it has moved.
                    self.touched.push(Place::Partition(topic.id, index));
                }
            }
        }
    }

    /// Compacts every partition that is due; or the one that is the dirtiest, so that no more than one holds up who
    /// waits for an answer.
    pub(crate) fn compact(&mut self, cleaning: Cleaning) {
        let topics = self.topics.iter_mut().filter(|topic| topic.configs.compacted);
        let mut due: Vec<_> = topics
            .flat_map(|topic| topic.partitions.iter_mut().map(|partition| (&topic.configs, partition)))
            .filter_map(|(configs, partition)| {
                let dirty = partition.dirt(configs, cleaning)?;
                Some((dirty, configs, partition))
            })
            .collect();
        due.sort_by(|(one, ..), (other, ..)| other.ratio.total_cmp(&one.ratio));
        let turns = if cleaning.thorough { due.len() } else { 1 };
        for (dirt, configs, partition) in due.into_iter().take(turns) {
            partition.compact(dirt.batches, configs, cleaning.now_ms);
        }
    }
}

/// What there is to compact in a partition.
#[derive(Clone, Copy, Debug)]
struct Dirt {
    /// How many batches from the log's start compaction may take.
    batches: usize,
    /// How much of their bytes was never compacted.
    ratio: f64,
}

impl Partition {
    /// Deletes leading segments that are too old, or more than the topic may have; whether there were any.
    pub(crate) fn expire_records(&mut self, configs: &Configs, cleaning: Cleaning) -> bool {
        let limits = &configs.cleaning;
        let old = |it: &Segment| {
            let age_ms = cleaning.now_ms.saturating_sub(it.max_timestamp);
            it.max_timestamp >= 0 && limits.retention_ms >= 0 && age_ms > limits.retention_ms
        };
        let mut excess = match u64::try_from(limits.retention_bytes) {
            Ok(bytes_max) => self.log.bytes().saturating_sub(bytes_max),
            Err(_unlimited) => 0,
        };
        let mut gone = 0;
        for segment in segments(&self.log, configs, cleaning) {
            if !old(&segment) && (excess == 0 || segment.bytes > excess) {
                break;
            }
            excess = excess.saturating_sub(segment.bytes);
            gone += segment.batches;
        }
        let start = self.log.spans().nth(gone).map_or(self.log.end_offset(), |span| span.base_offset);
        if gone > 0 {
            self.cut(start.max(self.log.start_offset()));
        }
        gone > 0
    }

    /// What is to be compacted now, if anything.
    fn dirt(&self, configs: &Configs, cleaning: Cleaning) -> Option<Dirt> {
        let limits = &configs.cleaning;
        let closed = self.closed(configs, cleaning);
        let stable = self.last_stable_offset();
        let settled_ms = cleaning.now_ms.saturating_sub(limits.compaction_lag_ms_min);
        let may = |span: &Span| {
            let lags = limits.compaction_lag_ms_min > 0 && span.max_timestamp > settled_ms;
            span.last_offset < stable && !lags
        };
        let (mut batches, mut total, mut dirty, mut overdue) = (0, 0, 0, false);
        for span in self.log.spans().take(closed).take_while(may) {
            batches += 1;
            total += span.bytes;
            if span.base_offset >= self.compacted_to {
                dirty += span.bytes;
                let age_ms = cleaning.now_ms.saturating_sub(span.max_timestamp);
                overdue |= span.max_timestamp >= 0 && age_ms > limits.compaction_lag_ms_max;
            }
        }
        let ratio = dirty as f64 / (total as f64).max(1.0);
        let due = dirty > 0 && (overdue || ratio > limits.dirty_ratio_min);
        (batches > 0 && (due || cleaning.thorough)).then_some(Dirt { batches, ratio })
    }

    /// How many batches lie in closed segments.
    fn closed(&self, configs: &Configs, cleaning: Cleaning) -> usize {
        let active = segments(&self.log, configs, cleaning).last().map_or(0, |segment| segment.batches);
        if cleaning.thorough { self.log.batches() } else { self.log.batches() - active }
    }

    /// Leaves the newest record of each key in so many batches from the start. The offsets of the others become
    /// holes; those that aborted transactions wrote go with them. The last batch stays, if need be without records:
    /// a reader that waits for the end of the log could not get past a hole there.
    fn compact(&mut self, count: usize, configs: &Configs, now_ms: i64) {
        let newest = self.newest_by_key(count);
        let horizon_ms = now_ms.saturating_add(configs.cleaning.delete_retention_ms);
        let (mut kept, mut writing) = (Vec::with_capacity(count), BTreeSet::new());
        let spans: Vec<_> = self.log.spans().take(count).collect();
        for (index, span) in spans.iter().copied().enumerate() {
            let Some(batch) = self.log.batch(index) else { continue };
            let expired = span.delete_horizon_ms.is_some_and(|horizon_ms| horizon_ms <= now_ms);
            let left = match () {
                () if batch.is_control() => left_of_marker(&batch, &mut writing, expired),
                () if self.is_aborted(&batch) => left_of_data(&batch, |_| false, expired),
                () => left_of_data(&batch, |record| is_newest(record, &newest), expired),
            };
            let last = index + 1 == count;
            if left.records > 0 && batch.is_transactional() && !batch.is_control() {
                writing.insert(batch.producer_id());
            }
            if left.records > 0 || last {
                let delete_horizon_ms = span.delete_horizon_ms.or(left.deletes.then_some(horizon_ms));
                let max_timestamp = if left.changed { left.max_timestamp } else { span.max_timestamp };
                let bytes = left.bytes.len() as u64;
                kept.push((Span { max_timestamp, bytes, delete_horizon_ms, ..span }, left.bytes));
            }
        }
        self.log.replace(count, kept);
        if let Some(last) = spans.last() {
            self.compacted_to = last.last_offset + 1;
            self.isolation.forget_before(self.compacted_to);
        }
    }

    /// The offset of the newest record of each key, those of aborted transactions left out.
    fn newest_by_key(&mut self, count: usize) -> BTreeMap<Vec<u8>, i64> {
        let mut newest = BTreeMap::new();
        for index in 0..count {
            let Some(batch) = self.log.batch(index) else { continue };
            if batch.is_control() || self.is_aborted(&batch) {
                continue;
            }
            let Ok(body) = batch.body(DECOMPRESSED_BYTES_MAX) else { continue };
            for record in body.iter().map_while(Result::ok) {
                if let Some(key) = record.key {
                    match newest.get_mut(key) {
                        Some(offset) => *offset = record.offset,
                        None => drop(newest.insert(key.to_vec(), record.offset)),
                    }
                }
            }
        }
        newest
    }

    fn is_aborted(&self, batch: &Batch) -> bool {
        batch.is_transactional() && self.isolation.is_aborted(batch.producer_id(), batch.base_offset())
    }
}

/// What compaction leaves of a batch.
struct Left {
    bytes: Bytes,
    records: i32,
    max_timestamp: i64,
    /// It holds what is to go when its time has come.
    deletes: bool,
    changed: bool,
}

impl Left {
    fn of(batch: &Batch, deletes: bool) -> Self {
        Self {
            bytes: batch.bytes().clone(),
            records: batch.count(),
            max_timestamp: batch.max_timestamp(),
            deletes,
            changed: false,
        }
    }
}

fn is_newest(record: &Record<'_>, newest: &BTreeMap<Vec<u8>, i64>) -> bool {
    record.key.and_then(|key| newest.get(key)).is_some_and(|offset| record.offset >= *offset)
}

/// Records that are wanted, tombstones only while they have not expired.
fn left_of_data(batch: &Batch, wanted: impl Fn(&Record<'_>) -> bool, expired: bool) -> Left {
    let mut tombstones = false;
    let keep = |record: &Record<'_>| {
        let kept = wanted(record) && (record.value.is_some() || !expired);
        tombstones |= kept && record.value.is_none();
        kept
    };
    let rewritten = batch.retain(DECOMPRESSED_BYTES_MAX, keep);
    let rewritten = rewritten.ok().and_then(|bytes| upsert_kafka_protocol::records::batches(&bytes).next());
    match rewritten {
        Some(Ok(left)) if left.count() < batch.count() => {
            Left { changed: true, ..Left::of(&left, tombstones) }
        }
        // All stay, or what was readable when it came is not any more: it is left alone.
        _ => Left::of(batch, tombstones),
    }
}

/// A marker stays while there are records before it that it decides about, and then for as long as a tombstone.
fn left_of_marker(batch: &Batch, writing: &mut BTreeSet<i64>, expired: bool) -> Left {
    let decides = writing.remove(&batch.producer_id());
    let records = if expired && !decides { 0 } else { batch.count() };
    Left { records, ..Left::of(batch, !decides) }
}

/// The log in segments, the last of which is the one that is written to.
fn segments(log: &Log, configs: &Configs, cleaning: Cleaning) -> Vec<Segment> {
    let limits = &configs.cleaning;
    let bytes_max = u64::try_from(limits.segment_bytes).unwrap_or(u64::MAX);
    let ms_max = match configs.compacted {
        true => limits.segment_ms.min(limits.compaction_lag_ms_max),
        false => limits.segment_ms,
    };
    let mut segments: Vec<Segment> = Vec::new();
    for span in log.spans() {
        let full = |it: &Segment| {
            let waited_ms = span.max_timestamp.saturating_sub(it.first_timestamp);
            cleaning.thorough || it.bytes + span.bytes > bytes_max || waited_ms > ms_max
        };
        match segments.last_mut().filter(|it| !full(it)) {
            Some(segment) => {
                segment.batches += 1;
                segment.bytes += span.bytes;
                segment.max_timestamp = segment.max_timestamp.max(span.max_timestamp);
            }
            None => segments.push(Segment {
                batches: 1,
                bytes: span.bytes,
                first_timestamp: span.max_timestamp,
                max_timestamp: span.max_timestamp,
            }),
        }
    }
    segments
}

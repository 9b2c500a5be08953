//! Retention and compaction: which records a partition lets go.
//!
//! As Kafka's `UnifiedLog` and `LogCleaner` (4.x) decide it. There are no files, so segments are counted as if there
//! were: a batch that would make one larger than `segment.bytes`, or that is `segment.ms` younger than its first,
//! begins the next. Retention takes whole segments, compaction leaves the last one alone.

use super::State;
use super::compaction::{Cleaning, Compaction};
use super::configs::Configs;
use super::log::{Log, Span};
use super::topics::{Partition, Topic};
use crate::wait::WatchKey;

/// Compaction pauses after this many decompressed bytes, some ten milliseconds of work, so that requests are answered.
const TURN_BYTES_MAX: usize = 4 << 20;

/// Consecutive batches that would be one file of Kafka's.
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
                    self.completed.push(WatchKey::Partition(topic.id, index));
                }
            }
        }
    }

    /// Compacts for a turn: goes on with the partition that was begun, or begins with the dirtiest. Returns whether there
    /// may be more to do. A thorough cleaning compacts every partition to the end.
    pub(crate) fn compact(&mut self, cleaning: Cleaning) -> bool {
        if cleaning.thorough {
            for topic in self.topics.iter_mut().filter(|topic| topic.configs.compacted) {
                for partition in &mut topic.partitions {
                    partition.begin_compaction(&topic.configs, cleaning);
                    partition.continue_compaction(usize::MAX);
                }
            }
            return false;
        }
        let compacted = || self.topics.iter().filter(|topic| topic.configs.compacted);
        let all = || {
            compacted().flat_map(|topic| (0..).zip(&topic.partitions).map(move |(at, it)| (topic, at, it)))
        };
        let begun = all().find(|(.., partition)| partition.compaction.is_some());
        let ratio = |(topic, at, partition): (&Topic, i32, &Partition)| {
            Some((partition.to_clean(&topic.configs, cleaning)?.ratio, (topic.name.clone(), at)))
        };
        let dirtiest = || all().filter_map(ratio).max_by(|(one, _), (other, _)| one.total_cmp(other));
        let chosen = begun.map(|(topic, at, _)| (topic.name.clone(), at)).or_else(|| Some(dirtiest()?.1));
        let Some((name, at)) = chosen else { return false };
        if let Some(topic) = self.topics.by_name_mut(&name)
            && let Some(partition) = usize::try_from(at).ok().and_then(|at| topic.partitions.get_mut(at))
        {
            if partition.compaction.is_none() {
                partition.begin_compaction(&topic.configs, cleaning);
            }
            partition.continue_compaction(TURN_BYTES_MAX);
        }
        true
    }
}

/// What there is to compact in a partition (Kafka's class of this name).
#[derive(Clone, Copy, Debug)]
struct LogToClean {
    /// How many batches from the log's start compaction may take.
    batches: usize,
    /// How much of their bytes was never compacted.
    ratio: f64,
}

impl Partition {
    /// Deletes the oldest segments that are too old, or more than the topic may have; returns whether there were any.
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
            self.delete_before(start.max(self.log.start_offset()));
        }
        gone > 0
    }

    /// What is to be compacted now, if anything.
    fn to_clean(&self, configs: &Configs, cleaning: Cleaning) -> Option<LogToClean> {
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
        (batches > 0 && (due || cleaning.thorough)).then_some(LogToClean { batches, ratio })
    }

    fn begin_compaction(&mut self, configs: &Configs, cleaning: Cleaning) {
        let to_clean = self.to_clean(configs, cleaning);
        self.compaction =
            to_clean.and_then(|to_clean| Compaction::begin(&self.log, to_clean.batches, configs, cleaning));
    }

    /// Reads about `bytes_max` decompressed bytes, and swaps the log when compaction is done.
    fn continue_compaction(&mut self, bytes_max: usize) {
        let Some(mut compaction) = self.compaction.take() else { return };
        if compaction.run(&mut self.log, &self.isolation, bytes_max) {
            if let Some(compacted_to) = compaction.finish(&mut self.log) {
                self.compacted_to = compacted_to;
                self.isolation.forget_before(compacted_to);
            }
        } else {
            self.compaction = Some(compaction);
        }
    }

    /// How many batches lie in closed segments.
    fn closed(&self, configs: &Configs, cleaning: Cleaning) -> usize {
        let active = segments(&self.log, configs, cleaning).last().map_or(0, |segment| segment.batches);
        if cleaning.thorough { self.log.batches() } else { self.log.batches() - active }
    }
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

//! What became of batches in doubt, by what their partition's log holds.
//!
//! A leader that starts again after kill -9 loads a snapshot, which holds the *last* batch of each producer, where
//! it remembered five. Earlier ones whose answers were lost are then refused as out of order, though they lie in
//! the log. Only the log can tell, so it is read: in the order of its offsets,
//!
//! ```text
//!   anchor: the last batch                              high watermark when
//!   that was acknowledged                               the leader was asked
//!   ───┬──────────┬─────────┬──────────┬───────────────────────┬─── log
//!      │ anchor   │ others  │ found    │ others                │
//!   ───┴──────────┴─────────┴──────────┴───────────────────────┴───
//! ```
//!
//! **From** the anchor, since what this producer sent later lies behind it: a leader that has the anchor knows the
//! producer, and takes nothing after a gap. Where there is no anchor, or it is no longer in the log, a part of the log
//! before its end is read, and only what is found is proven. **To** the high watermark, which a leader tells when it covers all that
//! the leader had when it became one (KIP-207); and what it appended since, it remembers. So a batch of this
//! producer id, epoch and sequence that is found was written, once, where it was found; and one that is not found
//! between the two is not in the log.
//!
//! Nothing is proven, and the batch fails as one that may have been written, when
//! - nothing was acknowledged before it with an offset, and it is not among the last [`TAIL_OFFSETS_MAX`];
//! - the anchor is not where it was: the log was cut off (an unclean election, a disk that was lost), or compaction
//!   removed it;
//! - the log no longer begins before the anchor (retention, DeleteRecords);
//! - a later batch of this producer is there and this one is not: it was there, and was removed since;
//! - the topic may not be read, or more than [`TAIL_BYTES_MAX`] lie behind the anchor.

use std::time::Instant;

use bytes::Bytes;
use upsert_kafka_protocol::ErrorCode;
use upsert_kafka_protocol::records::{Batch, Corrupt, TimestampType, batches};

use super::producer_id::ProducerId;
use crate::Error;
use crate::retry::Backoff;

/// The search of one partition's log.
#[derive(Debug)]
pub(crate) struct Resolution {
    identity: ProducerId,
    anchor: Option<Anchor>,
    sought: Vec<SequenceRange>,
    found: Vec<FoundBatch>,
    /// The last sequence of this producer and epoch that was read.
    last_sequence: Option<i32>,
    /// Everything is read that can hold them: the anchor was found where it should be, or the log has all it ever had.
    anchored: bool,
    /// The high watermark, once it is known: where to end.
    end: Option<i64>,
    /// Where to read next, once it is known.
    position: Option<i64>,
    /// The anchor is no longer in the log.
    out_of_range: bool,
    bytes_read: usize,
    /// A query is in flight.
    in_flight: bool,
    not_before: Option<Instant>,
    backoff: Backoff,
}

/// The last batch in line that was acknowledged with its offset.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Anchor {
    pub(crate) identity: ProducerId,
    pub(crate) last_sequence: i32,
    pub(crate) last_offset: i64,
}

/// The sequences of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SequenceRange {
    pub(crate) first: i32,
    pub(crate) count: u32,
}

/// A batch that lies in the log.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FoundBatch {
    range: SequenceRange,
    base_offset: i64,
    log_append_time_ms: Option<i64>,
}

/// What to ask the partition's leader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LogQuery {
    /// For the offset below which everything is replicated.
    HighWatermark,
    /// For the first offset that is still in the log.
    LogStart,
    /// For the batches from this offset on.
    Batches(i64),
}

/// What the leader answers.
#[derive(Clone, Debug)]
pub(crate) enum LogAnswer {
    HighWatermark(i64),
    LogStart(i64),
    Batches(Bytes),
}

/// What is known in the end.
#[derive(Debug)]
pub(crate) struct Conclusion {
    found: Vec<FoundBatch>,
    /// Of those that were not found.
    pub(crate) not_found: NotFound,
}

/// What is known of the batches that were not found.
#[derive(Clone, Debug)]
pub(crate) enum NotFound {
    /// They are not in the log.
    Absent,
    /// Nothing, for this reason.
    Unknown(String),
}

impl Resolution {
    /// Looks for these batches of `identity`.
    pub(crate) fn new(
        identity: ProducerId,
        anchor: Option<Anchor>,
        sought: Vec<SequenceRange>,
        mut backoff: Backoff,
    ) -> Self {
        backoff.reset();
        Self {
            identity,
            anchor,
            sought,
            found: Vec::new(),
            last_sequence: None,
            anchored: false,
            end: None,
            position: anchor.map(|anchor| anchor.last_offset),
            out_of_range: false,
            bytes_read: 0,
            in_flight: false,
            not_before: None,
            backoff,
        }
    }

    /// When the next query is due; `None` while one is in flight.
    pub(crate) fn due(&self, now: Instant) -> Option<Instant> {
        (!self.in_flight).then(|| self.not_before.unwrap_or(now))
    }

    /// The next query, when it is due.
    pub(crate) fn poll_query(&mut self, now: Instant) -> Option<LogQuery> {
        self.due(now).filter(|due| *due <= now)?;
        self.in_flight = true;
        Some(match (self.end, self.position) {
            (None, _) => LogQuery::HighWatermark,
            (Some(_), None) => LogQuery::LogStart,
            (Some(_), Some(position)) => LogQuery::Batches(position),
        })
    }

    /// The leader's answer, or why there was none; what is known, when that is all that can be.
    pub(crate) fn handle_answer(
        &mut self,
        answer: Result<&LogAnswer, &Error>,
        now: Instant,
        chance: f64,
    ) -> Option<Conclusion> {
        self.in_flight = false;
        self.not_before = None;
        match answer {
            Err(error) => self.refused(error, now, chance),
            Ok(LogAnswer::HighWatermark(end)) => self.ends_at(*end),
            Ok(LogAnswer::LogStart(start)) => {
                let tail = self.end.unwrap_or_default().saturating_sub(TAIL_OFFSETS_MAX);
                let from = (*start).max(self.anchor.map_or(tail, |anchor| anchor.last_offset));
                (self.position, self.anchored) = (Some(from), from == 0);
                None
            }
            Ok(LogAnswer::Batches(bytes)) => self.read(bytes, now, chance),
        }
    }

    fn ends_at(&mut self, end: i64) -> Option<Conclusion> {
        if let Some(anchor) = self.anchor.filter(|anchor| end <= anchor.last_offset) {
            let acknowledged = anchor.last_offset;
            return self.conclude(&format!(
                "the log was cut off: it ends at offset {end}, and offset {acknowledged} was acknowledged"
            ));
        }
        self.end = Some(end);
        self.backoff.reset();
        None
    }

    fn refused(&mut self, error: &Error, now: Instant, chance: f64) -> Option<Conclusion> {
        if error.code() == Some(ErrorCode::OFFSET_OUT_OF_RANGE) && !self.out_of_range {
            (self.out_of_range, self.position) = (true, None);
            return None;
        }
        if error.is_retriable() {
            self.not_before = Some(now + self.backoff.wait(chance));
            return None;
        }
        self.conclude(&format!("the log cannot be read: {error}"))
    }

    fn read(&mut self, bytes: &Bytes, now: Instant, chance: f64) -> Option<Conclusion> {
        let from = self.position;
        for batch in batches(bytes) {
            if let Err(corrupt) = batch.and_then(|batch| self.see(&batch)) {
                return self.conclude(&format!("the log cannot be read: {corrupt}"));
            }
        }
        self.bytes_read = self.bytes_read.saturating_add(bytes.len());
        if self.sought.iter().all(|range| self.is_found(*range)) {
            return self.conclude("");
        }
        if self.position >= self.end {
            return self.end_reached();
        }
        if self.bytes_read > TAIL_BYTES_MAX {
            let mib = TAIL_BYTES_MAX >> 20;
            return self.conclude(&format!("it is not in the {mib} MiB that were read"));
        }
        if self.position == from {
            self.not_before = Some(now + self.backoff.wait(chance));
        } else {
            self.backoff.reset();
        }
        None
    }

    fn is_found(&self, range: SequenceRange) -> bool {
        self.found.iter().any(|found| found.place(range).is_some())
    }

    fn see(&mut self, batch: &Batch) -> Result<(), Corrupt> {
        self.position = self.position.max(Some(batch.next_offset()));
        let identity = ProducerId { id: batch.producer_id(), epoch: batch.producer_epoch() };
        self.anchored |= self.anchor.is_some_and(|anchor| {
            identity == anchor.identity
                && batch.last_offset() == anchor.last_offset
                && batch.last_sequence() == anchor.last_sequence
        });
        if identity != self.identity || batch.is_control() {
            return Ok(());
        }
        batch.check()?;
        self.last_sequence = Some(batch.last_sequence());
        let found = FoundBatch {
            range: SequenceRange { first: batch.base_sequence(), count: offsets(batch) },
            base_offset: batch.base_offset(),
            log_append_time_ms: (batch.timestamp_type() == TimestampType::LogAppendTime)
                .then(|| batch.max_timestamp()),
        };
        if self.sought.iter().any(|range| found.place(*range).is_some()) {
            self.found.push(found);
        }
        Ok(())
    }

    /// All is read that can hold them.
    fn end_reached(&mut self) -> Option<Conclusion> {
        let passed = |range: &SequenceRange| self.last_sequence.is_some_and(|last| range.is_before(last));
        if self.sought.iter().any(|range| passed(range) && !self.is_found(*range)) {
            return self.conclude("a later batch is in the log, and this one was removed from it");
        }
        if !self.anchored {
            return self.conclude(&match self.anchor {
                Some(anchor) => format!(
                    "offset {}, which was acknowledged, is not in the log any more: the log was cut off, or compacted",
                    anchor.last_offset
                ),
                None => format!(
                    "it is not among the last {TAIL_OFFSETS_MAX} offsets, and nothing was acknowledged before it"
                ),
            });
        }
        let found = std::mem::take(&mut self.found);
        Some(Conclusion { found, not_found: NotFound::Absent })
    }

    fn conclude(&mut self, why: &str) -> Option<Conclusion> {
        Some(Conclusion {
            found: std::mem::take(&mut self.found),
            not_found: NotFound::Unknown(why.to_owned()),
        })
    }
}

impl Conclusion {
    /// Where a batch lies: the offset of its first record, and the broker's stamp if it has one.
    pub(crate) fn place(&self, range: SequenceRange) -> Option<(i64, Option<i64>)> {
        self.found.iter().find_map(|found| Some((found.place(range)?, found.log_append_time_ms)))
    }
}

impl FoundBatch {
    /// The offset of the range's first record, if this batch holds the whole of it: a batch that was split after it
    /// had been written lies there whole.
    fn place(&self, range: SequenceRange) -> Option<i64> {
        let before = distance(self.range.first, range.first);
        let within = u64::from(before) + u64::from(range.count) <= u64::from(self.range.count);
        within.then(|| self.base_offset.saturating_add(i64::from(before)))
    }
}

impl SequenceRange {
    /// Whether it begins at this sequence or before it: sequences wrap, but never are half of them under way.
    fn is_before(self, sequence: i32) -> bool {
        distance(self.first, sequence) <= i32::MAX.unsigned_abs() / 2
    }
}

/// How many offsets it takes, whatever records compaction has left of it.
fn offsets(batch: &Batch) -> u32 {
    u32::try_from(batch.next_offset().wrapping_sub(batch.base_offset())).unwrap_or(0)
}

/// How far it is from one sequence to another; they run from 0 to `i32::MAX` and wrap.
fn distance(from: i32, to: i32) -> u32 {
    (to.wrapping_sub(from) & i32::MAX).unsigned_abs()
}

/// So far before the log's end reading begins where nothing says that it must begin earlier.
const TAIL_OFFSETS_MAX: i64 = 100_000;

/// The most that is read of a partition. In memory there is one answer at a time.
const TAIL_BYTES_MAX: usize = 64 << 20;

#[cfg(test)]
pub(super) mod tests;

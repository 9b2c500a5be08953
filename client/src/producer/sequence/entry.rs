//! A batch in its partition's line: what was tried with it, and what its deliveries know.

use std::sync::Arc;
use std::time::Duration;

use tracing::Span;
use tracing::field::Empty;

use super::{BatchStats, ProducerId};
use crate::producer::batch::Batch;
use crate::producer::resolution::{Anchor, SequenceRange};
use crate::{Error, ErrorKind};

/// A batch in line.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) batch: Batch,
    /// Given when it first leaves, and kept: the broker knows it by that.
    pub(super) base_sequence: Option<i32>,
    /// Its place among the batches that got a sequence.
    pub(super) place: u64,
    pub(super) flying: bool,
    pub(super) attempts: u32,
    /// An attempt may have been written though nobody said so.
    pub(super) doubt: bool,
    /// An attempt got no answer, and may still come to the broker.
    pub(super) unanswered: bool,
    /// It is part of a batch that may have been written whole: the leader knows that one again, but not its parts.
    pub(super) of_doubtful: bool,
    /// The refusal as out of order of a batch that may lie in the log all the same.
    pub(super) unresolved: Option<Error>,
    /// A batch before it was given up.
    pub(super) after_gap: bool,
    pub(super) reported: Reported,
    pub(super) last_error: Option<Error>,
    /// From the first time it leaves to its end.
    pub(super) trace_span: Span,
}

/// What its deliveries know of a batch that is still in line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reported {
    Nothing,
    /// That its transaction was aborted; it is sent until it is answered for good.
    Aborted,
    /// That it came too late; it only waits for its answer.
    TimedOut,
}

impl Entry {
    pub(super) fn new(batch: Batch) -> Self {
        Self {
            batch,
            base_sequence: None,
            place: 0,
            flying: false,
            attempts: 0,
            doubt: false,
            unanswered: false,
            of_doubtful: false,
            unresolved: None,
            after_gap: false,
            reported: Reported::Nothing,
            last_error: None,
            trace_span: Span::none(),
        }
    }

    /// Whether it may lie in the log though nobody said so.
    pub(super) fn is_in_doubt(&self) -> bool {
        self.doubt || self.may_come()
    }

    /// Whether it may come to lie there yet: an attempt at it, or at the whole that it is part of, got no answer.
    pub(super) fn may_come(&self) -> bool {
        self.unanswered || self.of_doubtful
    }

    /// Its sequences, if it has left.
    pub(super) fn sequences(&self) -> Option<SequenceRange> {
        Some(SequenceRange { first: self.base_sequence?, count: self.batch.count })
    }

    /// Where to read on, now that the broker has said where it lies.
    pub(super) fn anchor(&self, identity: ProducerId, base_offset: i64) -> Option<Anchor> {
        let before_last = self.batch.count.checked_sub(1)?;
        Some(Anchor {
            identity,
            last_sequence: self.base_sequence?.wrapping_add(before_last.cast_signed()) & i32::MAX,
            last_offset: base_offset.checked_add(i64::from(before_last)).filter(|_| base_offset >= 0)?,
        })
    }

    /// A span for each batch: `batch{topic, partition, records, bytes, base_sequence}`, with its attempts and end.
    pub(super) fn trace(&mut self, stats: &BatchStats) {
        if !stats.again {
            self.trace_span = tracing::debug_span!(
                "batch",
                topic = &*self.batch.partition.topic,
                partition = self.batch.partition.index,
                records = stats.records,
                bytes = stats.bytes,
                base_sequence = self.base_sequence,
                attempts = Empty,
                base_offset = Empty,
                error = Empty,
            );
        }
        self.trace_span.record("attempts", self.attempts);
    }
}

pub(super) fn late(entry: &Entry, timeout: Duration) -> Error {
    let why = entry.last_error.as_ref().map_or_else(String::new, |error| format!("; at last: {error}"));
    let sentence = format!("not acknowledged within delivery.timeout.ms ({}){why}", timeout.as_millis());
    placed(Error::new(ErrorKind::Timeout, sentence), &entry.batch).with_written(entry.doubt || entry.flying)
}

pub(super) fn placed(error: Error, batch: &Batch) -> Error {
    error.with_topic(Arc::clone(&batch.partition.topic)).with_partition(batch.partition.index)
}

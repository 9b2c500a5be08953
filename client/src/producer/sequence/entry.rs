//! A batch in its partition's line: what was tried with it, and what its deliveries know.

use std::sync::Arc;
use std::time::Duration;

use tracing::Span;
use tracing::field::Empty;

use super::{BatchStats, ProducerId};
use crate::producer::batch::Batch;
use crate::producer::resolution::{Anchor, SequenceRange};
use crate::producer::verdict::BatchAnswer;
use crate::{Error, ErrorKind};

/// A batch in line.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) batch: Batch,
    /// Given when the batch first leaves, and kept: the leader knows the batch by it.
    pub(super) sequenced: Option<Sequenced>,
    pub(super) stage: Stage,
    pub(super) attempts: u32,
    pub(super) doubt: Doubt,
    pub(super) reported: Reported,
    pub(super) last_error: Option<Error>,
    /// From the first time that it leaves to its end.
    pub(super) trace_span: Span,
}

/// A batch's place among those that have a sequence.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sequenced {
    pub(super) base_sequence: i32,
    /// Counts batches where sequences count records.
    pub(super) number: u64,
}

/// Where a batch is.
#[derive(Debug)]
pub(super) enum Stage {
    /// It is to leave, for the first time or again.
    Waiting,
    /// It was sent and is not answered.
    InFlight,
    /// It was refused as out of order, by this error, and may lie in the log all the same.
    Unresolved(Error),
}

/// Whether a batch may lie in the log though nobody said so. It only grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Doubt {
    /// It does not.
    None,
    /// An attempt may have been written; all attempts are over.
    MayBeWritten,
    /// An attempt at it, or at the whole that it is part of, got no answer, and may still arrive at the leader.
    MayStillArrive,
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

impl Doubt {
    /// The doubt that an attempt leaves.
    pub(super) fn left_by(answer: &BatchAnswer) -> Self {
        match answer {
            _ if answer.is_lost() => Self::MayStillArrive,
            _ if answer.leaves_doubt() => Self::MayBeWritten,
            _ => Self::None,
        }
    }

    /// The doubt about a half of a batch: the leader knows the whole again, but not its halves.
    pub(super) fn of_half(self) -> Self {
        if self == Self::None { Self::None } else { Self::MayStillArrive }
    }

    pub(super) fn is_any(self) -> bool {
        self != Self::None
    }
}

impl Entry {
    pub(super) fn new(batch: Batch) -> Self {
        Self {
            batch,
            sequenced: None,
            stage: Stage::Waiting,
            attempts: 0,
            doubt: Doubt::None,
            reported: Reported::Nothing,
            last_error: None,
            trace_span: Span::none(),
        }
    }

    pub(super) fn is_in_flight(&self) -> bool {
        matches!(self.stage, Stage::InFlight)
    }

    pub(super) fn is_unresolved(&self) -> bool {
        matches!(self.stage, Stage::Unresolved(_))
    }

    /// Whether it may still arrive at the leader, whatever is done here.
    pub(super) fn may_still_arrive(&self) -> bool {
        self.doubt == Doubt::MayStillArrive
    }

    /// Its sequences, if it has left.
    pub(super) fn sequences(&self) -> Option<SequenceRange> {
        Some(SequenceRange { first: self.sequenced?.base_sequence, count: self.batch.count })
    }

    /// Where to read on, now that the broker has said where it lies.
    pub(super) fn anchor(&self, identity: ProducerId, base_offset: i64) -> Option<Anchor> {
        let before_last = self.batch.count.checked_sub(1)?;
        let base_sequence = self.sequenced?.base_sequence;
        Some(Anchor {
            identity,
            last_sequence: base_sequence.wrapping_add(before_last.cast_signed()) & i32::MAX,
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
                base_sequence = self.sequenced.map(|it| it.base_sequence),
                attempts = Empty,
                base_offset = Empty,
                error = Empty,
            );
        }
        self.trace_span.record("attempts", self.attempts);
    }

    /// The error of a batch whose `delivery.timeout.ms` is over.
    pub(super) fn timed_out(&self, timeout: Duration) -> Error {
        let last = self.last_error.as_ref();
        let why = last.map_or_else(String::new, |error| format!("; at last: {error}"));
        let sentence = format!("not acknowledged within delivery.timeout.ms ({}){why}", timeout.as_millis());
        let written = self.doubt.is_any() || self.is_in_flight();
        placed(Error::new(ErrorKind::Timeout, sentence), &self.batch).with_written(written)
    }
}

/// The error with the batch's topic and partition.
pub(super) fn placed(error: Error, batch: &Batch) -> Error {
    error.with_topic(Arc::clone(&batch.partition.topic)).with_partition(batch.partition.index)
}

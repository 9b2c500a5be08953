//! One partition: the position that a broker has confirmed, the one that is tried next, and what it waits for.
//!
//! A position belongs to a topic id (KIP-516). Metadata may be old, so a topic id in it is only a claim: the
//! partition tries a position under that id, as an [`UnconfirmedPosition`], and believes the id once a broker
//! has answered a fetch with it. A refusal of the id discards the attempt, and the confirmed position stands.
//!
//! ```text
//! assigned, or sought ──► position ──────────────────fetch──► answered: confirmed, moves on
//!                            │ metadata names another topic id                ▲
//!                            ▼                                                │
//!                       unconfirmed: look up its offset ───fetch──────────────┘  tells of a reset, if it has a cause
//!                            ▲                                │
//!                            │ by auto.offset.reset           ├─ UNKNOWN_TOPIC_ID: discarded
//!                            └──────── OFFSET_OUT_OF_RANGE ◄──┘
//!                            with `none`: look up the log's range for the error
//! ```
//!
//! A position behind a record knows that record's leader epoch. When another epoch leads, the log may have lost the
//! record (KIP-320): before the next fetch the new leader is asked where the record's epoch ended. Where it ended before
//! the position, the log was truncated, and reading goes on where it diverges; with `none` the caller is told.

use std::time::{Duration, Instant};

use upsert_kafka_protocol::{ErrorCode, Uuid};

use super::limits::FetchLimits;
use super::log_truncation::{EpochEnd, LogTruncation};
use super::outcome::PartitionOutcome;
use super::partition_leader::Leader;
use super::read_replica::ReadReplica;
use super::requests::{FetchTarget, LookupKind, OffsetLookup, PartitionRequest};
use crate::consumer::assignment::{Position, TopicPartition};
use crate::consumer::reset::{PositionReset, ResetCause};
use crate::retry::Backoff;
use crate::{Error, ErrorKind, OffsetReset};

/// One assigned partition.
#[derive(Debug)]
pub(super) struct PartitionState {
    /// The confirmed position; as it was assigned or sought until a fetch was answered.
    pub(super) position: Position,
    /// The topic that `position` belongs to; zero when no answer and no caller has said.
    topic_id: Uuid,
    /// The topic that had the name in the metadata that was seen last; zero where brokers know no ids.
    current_topic_id: Uuid,
    /// The leader epoch of the record before `position`; -1 when not known, and then nothing is validated.
    offset_epoch: i32,
    /// The leader epoch under which `position` was read or validated last.
    validated_epoch: i32,
    /// What is tried instead of `position`.
    unconfirmed: Option<UnconfirmedPosition>,
    /// An offset out of range that the caller must be told of, once the log's range has been looked up.
    out_of_range: Option<i64>,
    /// Changes with each seek and pause. A result that carries another generation does not count.
    pub(super) generation: u64,
    /// A request is under way, or its answer is not handed over yet.
    pub(super) busy: bool,
    pub(super) paused: bool,
    /// No request is sent before this.
    pub(super) not_before: Option<Instant>,
    pub(super) backoff: Backoff,
    /// Since when every request has failed.
    pub(super) failing_since: Option<Instant>,
    /// Since when no metadata tells of the topic, neither good nor bad.
    unknown_since: Option<Instant>,
    pub(super) high_watermark: Option<i64>,
    pub(super) last_stable: Option<i64>,
    /// How many bytes the next fetch asks for.
    pub(super) bytes_max: u32,
    /// How many answers in a row held no whole batch.
    cut_answers: u32,
    /// When it was served last, as a count of all pieces read until then. The lowest goes first.
    pub(super) served: u64,
    pub(super) read_replica: ReadReplica,
}

/// A position that no fetch has confirmed yet.
#[derive(Debug)]
struct UnconfirmedPosition {
    topic_id: Uuid,
    position: Position,
    /// The offset that `position` stands for, once it was looked up.
    offset: Option<i64>,
    /// Why the position before was given up; `None` if this is what the caller asked for.
    cause: Option<ResetCause>,
}

impl PartitionState {
    pub(super) fn new(position: Position, topic_id: Uuid, generation: u64, limits: &FetchLimits) -> Self {
        Self {
            position,
            topic_id,
            current_topic_id: Uuid::ZERO,
            offset_epoch: -1,
            validated_epoch: -1,
            unconfirmed: None,
            out_of_range: None,
            generation,
            busy: false,
            paused: false,
            not_before: None,
            backoff: limits.backoff,
            failing_since: None,
            unknown_since: None,
            high_watermark: None,
            last_stable: None,
            bytes_max: limits.partition_bytes_max,
            cut_answers: 0,
            served: 0,
            read_replica: ReadReplica::default(),
        }
    }

    /// The same partition of the same topic at another position, still paused if it was.
    pub(super) fn moved(&self, position: Position, generation: u64, limits: &FetchLimits) -> Self {
        Self { paused: self.paused, ..Self::new(position, self.topic_id, generation, limits) }
    }

    pub(super) fn is_due(&self, now: Instant) -> bool {
        !self.busy && !self.paused && self.not_before.is_none_or(|at| at <= now)
    }

    /// The offset to fetch next, once it is known.
    pub(super) fn offset(&self) -> Option<i64> {
        match (&self.unconfirmed, self.position) {
            (Some(unconfirmed), _) => unconfirmed.offset,
            (None, Position::Offset(offset)) => Some(offset),
            (None, _) => None,
        }
    }

    /// The leader epoch of the record before the offset; -1 when not known.
    pub(super) fn offset_epoch(&self) -> i32 {
        if self.unconfirmed.is_none() { self.offset_epoch } else { -1 }
    }

    /// The topic that the offset belongs to; zero when not known.
    pub(super) fn offset_topic_id(&self) -> Uuid {
        self.unconfirmed.as_ref().map_or(self.topic_id, |unconfirmed| unconfirmed.topic_id)
    }

    /// The id of the topic that was read, if the name now belongs to another topic.
    pub(super) fn replaced(&self, current_topic_id: Uuid) -> Option<Uuid> {
        Some(self.topic_id)
            .filter(|known| ![Uuid::ZERO, current_topic_id].contains(known) && current_topic_id != Uuid::ZERO)
    }

    /// No metadata tells of the topic. Gives an error once that was so for `patience`.
    pub(super) fn handle_unknown(&mut self, now: Instant, patience: Duration) -> Option<Error> {
        let since = *self.unknown_since.get_or_insert(now);
        if now.saturating_duration_since(since) < patience {
            return None;
        }
        (self.unknown_since, self.failing_since) = (None, Some(since));
        let sentence = format!("not known after {} ms: no broker has told of it", patience.as_millis());
        Some(Error::new(ErrorKind::Timeout, sentence))
    }

    /// When the partition may be asked for again, or is to be given up. `None` when it waits for neither.
    pub(super) fn deadline(&self, now: Instant, patience: Duration) -> Option<Instant> {
        let known_by = self.unknown_since.map(|since| since + patience);
        let waits = !self.busy && !self.paused;
        [self.not_before, known_by].into_iter().flatten().filter(|at| waits && *at > now).min()
    }

    /// Whether the next request is a fetch, not a lookup.
    pub(super) fn is_ready_to_fetch(&self, leader_epoch: i32) -> bool {
        let validates = self.unconfirmed.is_none() && self.needs_validation(leader_epoch);
        self.out_of_range.is_none() && self.offset().is_some() && !validates
    }

    /// Whether another epoch leads than the one under which the position was read.
    fn needs_validation(&self, leader_epoch: i32) -> bool {
        self.offset_epoch >= 0 && leader_epoch > self.validated_epoch
    }

    /// The record before the position, which is an offset, was written in this leader epoch.
    pub(super) fn follows_epoch(mut self, offset_epoch: i32) -> Self {
        self.offset_epoch = offset_epoch;
        self
    }

    /// Records were read up to the offset.
    pub(super) fn move_to(&mut self, target: &FetchTarget, offset: i64, offset_epoch: i32) {
        self.position = Position::Offset(offset);
        if offset_epoch >= 0 {
            self.offset_epoch = offset_epoch;
        }
        self.validated_epoch = target.leader_epoch;
    }

    /// The leader of `leader_epoch` told where the epoch of the record before the position ended, `None` where it does
    /// not know. Gives the truncation if there was one.
    pub(super) fn handle_epoch_end(
        &mut self,
        leader_epoch: i32,
        end: Option<EpochEnd>,
    ) -> Option<LogTruncation> {
        (self.busy, self.not_before) = (false, None);
        let offset = self.offset()?;
        match end {
            Some(end) if end.offset >= offset => {
                self.validated_epoch = leader_epoch;
                self.succeed();
                None
            }
            end => Some(LogTruncation { offset, offset_epoch: self.offset_epoch, divergent: end }),
        }
    }

    /// The log was truncated: reading goes on where it diverges, or at `position` where the leader does not know.
    pub(super) fn handle_truncated(&mut self, truncation: LogTruncation, position: Position) {
        let divergent_offset = truncation.divergent.map(|end| end.offset);
        self.unconfirmed = Some(UnconfirmedPosition {
            topic_id: self.current_topic_id,
            position: divergent_offset.map_or(position, Position::Offset),
            offset: divergent_offset,
            cause: Some(ResetCause::LogTruncated { divergent_offset }),
        });
    }

    /// The next request to the leader. It counts as under way.
    pub(super) fn next_request(
        &mut self,
        of: &TopicPartition,
        leader: Leader,
        now: Instant,
    ) -> PartitionRequest {
        self.busy = true;
        let (topic_partition, generation) = (of.clone(), self.generation);
        let kind = match (self.out_of_range, self.offset(), &self.unconfirmed) {
            (Some(_), ..) => LookupKind::Range,
            (None, Some(_), None) if self.needs_validation(leader.epoch) => {
                LookupKind::EpochEnd { offset_epoch: self.offset_epoch, leader_epoch: leader.epoch }
            }
            (None, Some(offset), _) => {
                let (leader_epoch, bytes_max) = (leader.epoch, self.bytes_max);
                let topic_id = leader.topic_id;
                return PartitionRequest::Fetch(FetchTarget {
                    topic_partition,
                    topic_id,
                    generation,
                    offset,
                    leader_epoch,
                    bytes_max,
                });
            }
            (None, None, Some(unconfirmed)) => LookupKind::Position(unconfirmed.position),
            (None, None, None) => LookupKind::Position(self.position),
        };
        self.failing_since.get_or_insert(now);
        PartitionRequest::Lookup(OffsetLookup { topic_partition, generation, kind })
    }

    /// Metadata says which topic has the name now. If that is another one than was read, the new one is tried
    /// from its beginning.
    pub(super) fn follow_topic_id(&mut self, current_topic_id: Uuid) {
        self.unknown_since = None;
        if current_topic_id != Uuid::ZERO {
            self.current_topic_id = current_topic_id;
        }
        if self.unconfirmed.as_ref().is_some_and(|unconfirmed| unconfirmed.topic_id == self.current_topic_id)
        {
            return;
        }
        let (position, cause) = match self.replaced(self.current_topic_id) {
            Some(old_topic_id) => (Position::Earliest, Some(ResetCause::TopicRecreated { old_topic_id })),
            None => (self.position, None),
        };
        self.unconfirmed = match (position, cause) {
            (Position::Offset(_), None) => None,
            _ => Some(UnconfirmedPosition { topic_id: self.current_topic_id, position, offset: None, cause }),
        };
        if cause.is_some() {
            self.out_of_range = None;
        }
    }

    /// The offset of the unconfirmed position was looked up. Only a fetch confirms it.
    pub(super) fn handle_found(&mut self, offset: i64) {
        (self.busy, self.not_before) = (false, None);
        if let Some(unconfirmed) = &mut self.unconfirmed {
            unconfirmed.offset = Some(offset);
        }
    }

    /// A broker answered a fetch without an error, which confirms the position. Gives the reset that led to it:
    /// a reset is told now, and only now.
    pub(super) fn confirm(&mut self, target: &FetchTarget) -> Option<PositionReset> {
        self.not_before = None;
        if target.topic_id != Uuid::ZERO {
            self.topic_id = target.topic_id;
        }
        let unconfirmed = self.unconfirmed.take();
        let old_position = match std::mem::replace(&mut self.position, Position::Offset(target.offset)) {
            Position::Offset(offset) => Some(offset),
            _ => None,
        };
        let cause = unconfirmed?.cause?;
        (self.offset_epoch, self.validated_epoch) = (-1, -1);
        Some(PositionReset {
            topic_partition: target.topic_partition.clone(),
            topic_id: target.topic_id,
            old_position,
            new_position: target.offset,
            cause,
        })
    }

    /// A request succeeded, so the next failure is a first one.
    pub(super) fn succeed(&mut self) {
        (self.failing_since, self.cut_answers) = (None, 0);
        self.backoff.reset();
    }

    /// A broker sent whole batches that all end before the position. The fetch is sent again after a wait; it
    /// is an error when that goes on for `patience`.
    pub(super) fn handle_stuck(
        &mut self,
        target: &FetchTarget,
        now: Instant,
        patience: Duration,
        chance: f64,
    ) -> PartitionOutcome {
        let TopicPartition { topic, partition } = &target.topic_partition;
        let offset = target.offset;
        if self.failing_since.is_none() {
            tracing::warn!(
                topic = &**topic,
                partition,
                offset,
                "a fetch was answered with batches before its offset"
            );
        }
        let since = *self.failing_since.get_or_insert(now);
        self.not_before = Some(now + self.backoff.wait(chance));
        if now.saturating_duration_since(since) < patience {
            return PartitionOutcome::Retry;
        }
        self.failing_since = None;
        let sentence = format!("asked for offset {offset}, the broker sends only batches that end before it");
        PartitionOutcome::Fail(
            target.topic_partition.named(Error::new(ErrorKind::Protocol, sentence).with_api("Fetch")),
        )
    }

    /// The log does not have the offset. `position` is where `auto.offset.reset` goes on; without one, the
    /// log's range is looked up for the error.
    pub(super) fn handle_out_of_range(&mut self, reset: OffsetReset, position: Option<Position>) {
        let Some(position) = position else {
            self.out_of_range = self.offset();
            return;
        };
        // If the topic was created again, that stays the cause: its first records may be gone by now.
        let cause = self.unconfirmed.take().and_then(|unconfirmed| unconfirmed.cause);
        let cause = Some(cause.unwrap_or(ResetCause::OffsetOutOfRange { reset }));
        self.unconfirmed =
            Some(UnconfirmedPosition { topic_id: self.current_topic_id, position, offset: None, cause });
    }

    /// A broker refused the topic id that was tried: the confirmed position stands.
    pub(super) fn forget_unconfirmed(&mut self) {
        self.unconfirmed = None;
    }

    /// The log's range was looked up: gives the error that waited for it.
    pub(super) fn handle_range(&mut self, of: &TopicPartition, start: i64, end: i64) -> Option<Error> {
        self.busy = false;
        let offset = self.out_of_range.take()?;
        let sentence = format!(
            "offset {offset} is out of range: the log begins at offset {start} and ends before offset {end}; \
             auto.offset.reset is none, so nothing else is read"
        );
        let error = Error::new(ErrorKind::OffsetOutOfRange, sentence);
        Some(of.named(error.with_code(ErrorCode::OFFSET_OUT_OF_RANGE).with_api("Fetch")))
    }

    /// The answer held no whole batch, so the next fetch asks for twice as much. The first time there is no
    /// wait: other partitions may have filled the answer, and now this one is served first.
    pub(super) fn grow_fetch_size(
        &mut self,
        target: &FetchTarget,
        response_bytes_max: usize,
        now: Instant,
        chance: f64,
    ) -> PartitionOutcome {
        self.cut_answers = self.cut_answers.saturating_add(1);
        if self.cut_answers > 1 {
            self.not_before = Some(now + self.backoff.wait(chance));
        }
        if self.bytes_max as usize >= response_bytes_max {
            let sentence = format!(
                "the batch at offset {} is larger than {response_bytes_max} bytes, the most that an answer may hold",
                target.offset
            );
            return PartitionOutcome::Fail(
                target.topic_partition.named(Error::new(ErrorKind::TooLarge, sentence)),
            );
        }
        self.bytes_max = self.bytes_max.saturating_mul(2).clamp(1, i32::MAX.unsigned_abs());
        PartitionOutcome::Nothing
    }
}

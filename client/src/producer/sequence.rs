//! One partition's batches between the accumulator and the log: in order, each written once.
//!
//! ```text
//!              take             answer: written, or failed for good
//!   waiting ─────────► flying ────────────────────────────────────────► gone
//!      ▲                 │ answer: try again, or lost
//!      └── back-off ─────┘ when the last one that flies has been answered
//! ```
//!
//! The batches that fly are always the first ones. Once one of them has failed nothing more leaves
//! until all of them are answered; then they leave again in their order, with the same bytes, so that
//! a broker that has one of them already knows it by its sequence. A broker takes nothing after a
//! gap: if a batch is given up, the next one either is accepted (then the one given up was written),
//! or it is refused as out of order. Then nothing of what is left was written, and the partition counts
//! anew from 0 under the next epoch (KIP-360), which also shuts out whatever may still be on its way
//! under the old one. But until the first of that is written it is not shut out: a connection that was
//! left for its silence may still bring the batch that was given up, and the next ones behind it. So one
//! of which an attempt got no answer is given up too; counted anew it might be written twice.
//!
//! Out of order may also mean that the leader has forgotten the batch: one that was restarted knows the last one of
//! each producer alone. So where a batch that is refused so is in doubt, nothing leaves until the partition's log
//! was read (`resolution`). What lies in it is acknowledged where it lies; what does not, and of which no attempt
//! can come any more, is counted anew.
//!
//! A leader that does not know the producer takes its first batch whatever its sequence (Kafka's
//! `ProducerAppendInfo`): if the first were refused, and the second taken, the first could only follow it. So
//! until one is acknowledged a partition's batches fly one by one.
//!
//! Epochs are counted per partition: without a transaction it is the partition's leader alone who
//! compares them, so one partition's gap need not hold up the others.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use bytes::Bytes;
use upsert_kafka_protocol::records::{Codec, Stamp};

use super::batch::{Batch, BatchKey, ExpiredBatch};
use super::delivery::Outcome;
use super::resolution::{Anchor, Resolution};
use super::verdict::{BatchAnswer, Verdict};
use crate::Error;
use crate::retry::Backoff;
use entry::{Entry, Reported, late, placed};

mod entry;
mod in_doubt;

/// One partition's line.
#[derive(Debug)]
pub(crate) struct Sequence {
    config: SequenceConfig,
    /// Whose batches these are; `None` until the cluster told, and when the epochs are used up.
    identity: Option<ProducerId>,
    /// The producer id whose epochs are used up.
    used_up: Option<i64>,
    /// The partition's leader knows the producer id, so that it refuses what comes after a gap.
    known: bool,
    /// When the last batch was opened.
    last_opened: Option<Instant>,
    /// What the next new batch begins with.
    next: i32,
    entries: VecDeque<Entry>,
    /// So many of the first entries fly, unless `stalled`.
    in_flight: usize,
    /// One failed: nothing leaves until the others are answered.
    stalled: bool,
    /// A batch was given up, and it is not known whether the broker counted it.
    gap: bool,
    /// The broker did not, or counts otherwise: begin again at 0 when all are answered.
    resequence_due: bool,
    not_before: Option<Instant>,
    backoff: Backoff,
    /// How many batches got a sequence.
    counted: u64,
    /// Numbers the halves of batches that were split.
    parts: u32,
    /// The last batch in line that was acknowledged with its offset.
    anchor: Option<Anchor>,
    /// What becomes of batches in doubt is being found out: nothing leaves.
    resolution: Option<Resolution>,
    /// How often that was begun.
    resolutions: u64,
}

/// The settings it keeps to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SequenceConfig {
    pub(crate) idempotent: bool,
    /// Batches belong to transactions: the epoch is the coordinator's to renew, and a batch that is given up
    /// takes its transaction with it.
    pub(crate) transactional: bool,
    pub(crate) codec: Codec,
    pub(crate) in_flight_max: usize,
    pub(crate) delivery_timeout: Duration,
    pub(crate) retries: u32,
    pub(crate) backoff: Backoff,
    /// A producer that was silent for so long may be forgotten by the leader.
    pub(crate) producer_expiration: Duration,
}

/// Who writes: what the cluster knows a producer by, and what a transaction can be resumed by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProducerId {
    /// The number that the cluster gave.
    pub id: i64,
    /// Grows with every renewal; what is written under an older one is refused.
    pub epoch: i16,
}

/// Whether a batch may leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Readiness {
    /// Yes, and so many bytes.
    Now(usize),
    /// Not before this.
    At(Instant),
    /// When it is known who writes.
    Identity,
    /// When something is answered or comes in.
    No,
}

/// A batch on its way out.
#[derive(Clone, Debug)]
pub(crate) struct InFlightBatch {
    pub(crate) key: BatchKey,
    pub(crate) bytes: Bytes,
    pub(crate) stats: BatchStats,
}

/// What is measured of a batch that leaves.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BatchStats {
    pub(crate) records: u32,
    pub(crate) bytes: usize,
    /// Before compression.
    pub(crate) raw_bytes: usize,
    /// Since its first record came in.
    pub(crate) queued: Duration,
    /// Not the first time.
    pub(crate) again: bool,
}

/// What an answer led to.
#[derive(Debug, Default)]
pub(crate) struct Settled {
    pub(crate) finished: Option<(Batch, Outcome)>,
    /// It is too large for the broker, and leaves in halves now.
    pub(crate) split: bool,
    /// Leaders may have changed.
    pub(crate) refresh: bool,
    /// No batch of this producer will ever be written.
    pub(crate) fatal: Option<Error>,
}

/// A batch whose time is over.
#[derive(Debug)]
pub(crate) enum Expired {
    /// It is gone from here.
    Finished(Batch, Outcome),
    /// It is still in flight; its deliveries need not wait for the answer.
    Reported(ExpiredBatch, Outcome),
}

impl Sequence {
    pub(crate) fn new(config: SequenceConfig) -> Self {
        Self {
            config,
            identity: None,
            used_up: None,
            known: false,
            last_opened: None,
            next: 0,
            entries: VecDeque::new(),
            in_flight: 0,
            stalled: false,
            gap: false,
            resequence_due: false,
            not_before: None,
            backoff: config.backoff,
            counted: 0,
            parts: 0,
            anchor: None,
            resolution: None,
            resolutions: 0,
        }
    }

    /// At the end of the line.
    pub(crate) fn handle_batch(&mut self, batch: Batch) {
        let silent = |last: Instant| last + self.config.producer_expiration <= batch.opened;
        if self.entries.is_empty() && self.last_opened.is_some_and(silent) {
            self.known = false;
        }
        self.last_opened = Some(batch.opened);
        self.entries.push_back(Entry::new(batch));
    }

    /// Who writes, if this was not known.
    pub(crate) fn handle_identity(&mut self, identity: ProducerId) {
        if self.identity.is_none() && self.used_up != Some(identity.id) {
            (self.identity, self.next) = (Some(identity), 0);
            self.known &= self.used_up.is_none();
        }
    }

    /// The coordinator renewed the producer's epoch, at the end of a transaction: nothing is in line.
    pub(crate) fn renew(&mut self, identity: ProducerId) {
        if self.identity != Some(identity) {
            self.known &= self.identity.is_some_and(|old| old.id == identity.id);
            (self.identity, self.next) = (Some(identity), 0);
        }
        (self.gap, self.resequence_due, self.stalled) = (false, false, false);
        self.not_before = None;
        self.backoff.reset();
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Whether a batch that had its sequence was given up: only the next epoch closes the gap.
    pub(crate) fn has_gap(&self) -> bool {
        self.gap
    }

    /// How many are on their way: while there are any, the next goes to the same broker.
    pub(crate) fn in_flight(&self) -> usize {
        self.in_flight
    }

    /// How many wait to leave, for the first time or again.
    pub(crate) fn waiting(&self) -> usize {
        self.entries.len() - self.in_flight
    }

    /// Whether the next batch may leave.
    pub(crate) fn readiness(&self, now: Instant) -> Readiness {
        let Some(entry) = self.entries.get(self.in_flight) else { return Readiness::No };
        let unknown = self.config.idempotent && !self.known && self.in_flight > 0;
        if self.stalled || self.resolution.is_some() || unknown || self.in_flight >= self.config.in_flight_max
        {
            return Readiness::No;
        }
        if let Some(at) = self.not_before.filter(|at| *at > now) {
            return Readiness::At(at);
        }
        if self.config.idempotent && entry.base_sequence.is_none() {
            if self.gap || self.outruns_memory() {
                return Readiness::No;
            }
            if self.identity.is_none() {
                return Readiness::Identity;
            }
        }
        Readiness::Now(entry.batch.size())
    }

    /// Whether one more would make the leader forget the first in line, which it may have: those between the two
    /// are acknowledged or fly.
    fn outruns_memory(&self) -> bool {
        let first = self.entries.front().filter(|first| first.base_sequence.is_some());
        first.is_some_and(|first| self.counted - first.place >= BATCHES_REMEMBERED)
    }

    /// Lets the next batch leave, when `readiness` says so.
    pub(crate) fn poll_batch(&mut self, now: Instant) -> Option<InFlightBatch> {
        let Readiness::Now(_) = self.readiness(now) else { return None };
        let stamp = self.stamp(self.in_flight);
        let entry = self.entries.get_mut(self.in_flight)?;
        entry.flying = true;
        entry.attempts += 1;
        self.in_flight += 1;
        let bytes = entry.batch.sealed(stamp, self.config.codec);
        let stats = BatchStats {
            records: entry.batch.count,
            bytes: bytes.len(),
            raw_bytes: entry.batch.raw_bytes(),
            queued: now.saturating_duration_since(entry.batch.opened),
            again: entry.attempts > 1,
        };
        entry.trace(&stats);
        Some(InFlightBatch { key: entry.batch.key(), bytes, stats })
    }

    /// The broker's word on a batch, or the lack of one. `chance` lies in 0..1.
    pub(crate) fn handle_answer(
        &mut self,
        key: BatchKey,
        answer: BatchAnswer,
        now: Instant,
        chance: f64,
    ) -> Settled {
        let Some(at) = self.entries.iter().position(|entry| entry.flying && entry.batch.key() == key) else {
            return Settled::default();
        };
        let verdict = answer.verdict(self.config.idempotent);
        let entry = &mut self.entries[at];
        entry.flying = false;
        entry.doubt |= answer.leaves_doubt();
        entry.unanswered |= answer.is_lost();
        let over = entry.reported == Reported::TimedOut || entry.attempts > self.config.retries;
        self.in_flight -= 1;
        let (error, records) = match answer {
            BatchAnswer::Written { base_offset, log_append_time_ms } => {
                let settled = self.written(at, Outcome::Written { base_offset, log_append_time_ms });
                self.resolve();
                return settled;
            }
            BatchAnswer::Refused { error, records } => (error, records),
            BatchAnswer::Lost(error) => (error, Vec::new()),
        };
        let settled = match verdict {
            Verdict::Again if !over => self.again(at, error, now, chance),
            Verdict::Split if !over && self.split(at) => Settled { split: true, ..Settled::default() },
            Verdict::OutOfOrder if self.may_be_forgotten(at) => self.refused_in_doubt(at, error, now, chance),
            Verdict::OutOfOrder if !(over || at == 0 && self.ends_out_of_order()) => {
                // With one before it in doubt it is out of order for that one's sake.
                self.resequence_due |= at == 0;
                self.again(at, error, now, chance)
            }
            Verdict::Fenced | Verdict::Fatal => {
                Settled { fatal: Some(error.clone()), ..self.failed(at, error, records) }
            }
            _ => self.failed(at, error, records),
        };
        self.resolve();
        settled
    }

    /// Whether the first in line cannot be counted anew: the coordinator gives the epoch, or the records may lie in
    /// the log already, or may come to lie there.
    fn ends_out_of_order(&self) -> bool {
        self.config.transactional || self.entries.front().is_some_and(Entry::may_come)
    }

    /// Batches whose `delivery.timeout.ms` is over.
    pub(crate) fn expire(&mut self, now: Instant) -> Vec<Expired> {
        let timeout = self.config.delivery_timeout;
        self.fail(|entry| (entry.batch.opened + timeout <= now).then(|| late(entry, timeout)))
    }

    /// The transaction is aborted: what has never left never will, and nobody awaits the rest any more. That is
    /// sent until it is answered for good all the same, as in Java: only then is it certain that the
    /// coordinator has done with the transaction before, and takes the end of this one for what it is.
    pub(crate) fn give_up(&mut self, error: &Error) -> Vec<Expired> {
        let told = |entry: &Entry| {
            // What has left once leaves again.
            let written = entry.doubt || entry.attempts > 0;
            Outcome::failed(placed(error.clone(), &entry.batch).with_written(written))
        };
        let (mut given_up, mut at) = (Vec::new(), 0);
        while let Some(entry) = self.entries.get_mut(at) {
            let outcome = told(entry);
            if entry.attempts == 0 {
                given_up.extend(self.remove(at).map(|batch| Expired::Finished(batch, outcome)));
                continue;
            }
            if entry.reported == Reported::Nothing {
                (entry.reported, at) = (Reported::Aborted, at + 1);
                given_up.push(Expired::Reported(self.entries[at - 1].batch.expired(), outcome));
            } else {
                at += 1;
            }
        }
        self.resolve();
        given_up
    }

    /// Fails the first ones in line, as long as there is an error for them.
    fn fail(&mut self, error: impl Fn(&Entry) -> Option<Error>) -> Vec<Expired> {
        let (mut failed, mut at) = (Vec::new(), 0);
        while let Some(error) = self.entries.get(at).and_then(&error) {
            let entry = &mut self.entries[at];
            if !entry.flying {
                failed.extend(self.remove(at).map(|batch| Expired::Finished(batch, Outcome::failed(error))));
                continue;
            }
            if std::mem::replace(&mut entry.reported, Reported::TimedOut) == Reported::Nothing {
                failed.push(Expired::Reported(entry.batch.expired(), Outcome::failed(error)));
            }
            at += 1;
        }
        self.resolve();
        failed
    }

    /// When `expire` has something to do.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let waiting = self.entries.iter().find(|entry| entry.reported != Reported::TimedOut);
        waiting.map(|entry| entry.batch.opened + self.config.delivery_timeout)
    }

    /// Gives everything up.
    pub(crate) fn abandon(&mut self, error: &Error) -> Vec<(Batch, Outcome)> {
        (self.in_flight, self.resolution) = (0, None);
        let entries = std::mem::take(&mut self.entries).into_iter();
        let failed = |entry: Entry| {
            let error = placed(error.clone(), &entry.batch).with_written(entry.doubt || entry.flying);
            (entry.batch, Outcome::failed(error))
        };
        entries.map(failed).collect()
    }

    fn written(&mut self, at: usize, outcome: Outcome) -> Settled {
        self.known = true;
        if self.entries[at].after_gap {
            // The broker takes nothing after a gap: so what was given up had been written.
            self.gap = false;
            self.entries.iter_mut().for_each(|entry| entry.after_gap = false);
        }
        self.backoff.reset();
        if let Outcome::Written { base_offset, .. } = outcome {
            self.entries[at].trace_span.record("base_offset", base_offset);
            // What was acknowledged before it lies before it, whatever lies behind.
            let anchor =
                self.identity.filter(|_| at == 0).and_then(|it| self.entries[at].anchor(it, base_offset));
            self.anchor = anchor.or(self.anchor);
        }
        let finished = self.entries.remove(at).map(|entry| (entry.batch, outcome));
        Settled { finished, ..Settled::default() }
    }

    fn again(&mut self, at: usize, error: Error, now: Instant, chance: f64) -> Settled {
        if !std::mem::replace(&mut self.stalled, true) {
            self.not_before = Some(now + self.backoff.wait(chance));
        }
        let refresh = error.refreshes_metadata();
        let entry = &mut self.entries[at];
        tracing::debug!(
            topic = &*entry.batch.partition.topic,
            partition = entry.batch.partition.index,
            attempts = entry.attempts,
            %error,
            "a batch will be sent again"
        );
        entry.last_error = Some(error);
        Settled { refresh, ..Settled::default() }
    }

    fn failed(&mut self, at: usize, error: Error, records: Vec<(u32, Error)>) -> Settled {
        let doubt = self.entries[at].doubt;
        self.entries[at].trace_span.record("error", tracing::field::display(&error));
        let refresh = error.refreshes_metadata();
        let finished = self.remove(at).map(|batch| {
            let mark = |error: Error| placed(error, &batch).with_written(doubt);
            let records = records.into_iter().map(|(index, error)| (index, mark(error))).collect();
            let outcome = Outcome::Failed { error: mark(error), records };
            (batch, outcome)
        });
        Settled { finished, refresh, ..Settled::default() }
    }

    /// Puts two halves in a batch's place, which count as it did: whoever comes behind keeps his sequence.
    fn split(&mut self, at: usize) -> bool {
        let Some(halves) = self.entries[at].batch.split(&mut self.parts) else { return false };
        let Some(Entry { base_sequence, place, doubt, of_doubtful, after_gap, reported, .. }) =
            self.entries.remove(at)
        else {
            return false;
        };
        let mut next = base_sequence;
        for (index, batch) in (at..).zip(halves) {
            let count = batch.count;
            let place = place + (index - at) as u64;
            let of_doubtful = of_doubtful || doubt;
            let counted = Entry { base_sequence: next, place, ..Entry::new(batch) };
            self.entries.insert(index, Entry { doubt, of_doubtful, after_gap, reported, ..counted });
            next = next.map(|first| after(first, count));
        }
        // One batch more for the leader to remember.
        self.counted += 1;
        self.entries.iter_mut().skip(at + 2).for_each(|behind| behind.place += 1);
        // What flies behind it comes back out of order, and then follows again.
        self.stalled = true;
        true
    }

    /// Takes a batch out that is given up. If it had a sequence, those behind it come after a gap.
    fn remove(&mut self, at: usize) -> Option<Batch> {
        let entry = self.entries.remove(at)?;
        if entry.base_sequence.is_some() {
            self.gap = true;
            self.entries.iter_mut().skip(at).for_each(|entry| entry.after_gap = true);
        }
        Some(entry.batch)
    }

    /// With everything answered, the line may move again, and a gap that nobody can fill is left behind.
    fn resolve(&mut self) {
        if self.in_flight > 0 {
            return;
        }
        self.stalled = false;
        if self.config.transactional {
            return;
        }
        // Those that are unresolved are the first ones.
        if self.entries.front().is_some_and(|first| first.unresolved.is_some()) {
            return self.look_into_log();
        }
        self.resolution = None;
        let counted = self.entries.front().is_some_and(|entry| entry.base_sequence.is_some());
        if self.resequence_due || self.gap && !counted {
            self.resequence();
        }
    }

    /// The next epoch, from 0. When the epochs are used up, another producer id is needed.
    fn resequence(&mut self) {
        let bumped = |old: ProducerId| Some(ProducerId { epoch: old.epoch.checked_add(1)?, ..old });
        self.used_up = self.identity.map(|identity| identity.id);
        self.identity = self.identity.and_then(bumped);
        (self.next, self.gap, self.resequence_due) = (0, false, false);
        for entry in &mut self.entries {
            (entry.base_sequence, entry.after_gap) = (None, false);
        }
    }

    fn stamp(&mut self, at: usize) -> Stamp {
        let (Some(identity), true) = (self.identity, self.config.idempotent) else { return Stamp::NONE };
        let entry = &mut self.entries[at];
        let (place, counted) = (&mut entry.place, &mut self.counted);
        let base_sequence = *entry.base_sequence.get_or_insert_with(|| {
            (*place, *counted) = (*counted, *counted + 1);
            let first = self.next;
            self.next = after(first, entry.batch.count);
            first
        });
        Stamp {
            producer_id: identity.id,
            producer_epoch: identity.epoch,
            base_sequence,
            transactional: self.config.transactional,
        }
    }
}

/// So many of a producer's last batches a partition's leader knows again (Kafka's `ProducerStateEntry`).
const BATCHES_REMEMBERED: u64 = 5;

/// Sequences run from 0 to `i32::MAX` and wrap.
fn after(first: i32, count: u32) -> i32 {
    first.wrapping_add(count.cast_signed()) & i32::MAX
}

#[cfg(test)]
mod tests;

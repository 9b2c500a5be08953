//! One partition's batches between the accumulator and the log: in order, each written once.
//!
//! **It decides** which batch of the partition may leave now, under which sequence, and what an answer means for it:
//! written, sent again, split, failed, or in doubt. It holds no connection, clock or lock: batches, answers and time
//! are arguments, and the bytes that leave are returned.
//!
//! **It hears** a closed batch (`handle_batch`), the producer id (`handle_identity`, `renew`), a broker's answer to one
//! batch or the lack of one (`handle_answer`), what the partition's log holds (`handle_log`), and that time has passed
//! (`expire`) or that the transaction or the producer is given up (`give_up`, `abandon`). `readiness` says whether a
//! batch may leave, `poll_batch` lets it, `poll_log_query` says what to ask of the log.
//!
//! **A batch's states.** The batches in flight are always the first ones of the line.
//!
//! ```text
//!               poll_batch           answer: written, or failed for good
//!   waiting ───────────────► in flight ──────────────────────────────────► gone
//!      ▲                        │   │                                       ▲
//!      │ answer: try again      │   │ refused as out of order, in doubt     │ the log has it, or may
//!      ├────────────────────────┘   └──────────────────► unresolved ────────┤ have it and cannot tell
//!      │                                                      │
//!      └──────────────────────────────────────────────────────┘ the log has it not
//! ```
//!
//! **The line's states** (`flow`): once a batch fails, nothing leaves until all that is in flight is answered. Then the
//! same batches leave again in their order, with the same bytes, so that a broker that has one of them knows it by its
//! sequence. Where one is in doubt the log is read before (`in_doubt`, `resolution`). The producer id has states of its
//! own (`identity`).
//!
//! **What must never happen:**
//! - Two batches change places. A leader takes nothing after a gap, except from a producer that it does not know:
//!   of such a producer it takes the first batch whatever its sequence (`ProducerAppendInfo`). So until the leader has
//!   acknowledged one, batches fly one by one.
//! - A batch is lost and the next ones are not. If one that had a sequence is given up, there is a gap: either a later
//!   batch is accepted, then the one given up had been written; or it is refused as out of order, then nothing behind
//!   the gap was written, and all of it is re-sequenced from 0 under the next epoch (KIP-360), which also shuts out
//!   what may still arrive under the old one.
//! - A batch is written twice. The next epoch shuts out the old one only from its first acknowledged batch on; until
//!   then a connection that was given up may still deliver. So a batch of which an attempt got no answer is never
//!   re-sequenced: it is found in the log, or it fails.
//! - A batch that lies in the log is said to have failed without doubt. Out of order may also mean that the leader has
//!   forgotten the batch, as a leader that was restarted knows the last one of each producer alone. What is refused so
//!   and in doubt is looked for in the log (KIP-207).
//! - The leader forgets a batch in doubt: it knows the last five. So none leaves that would push the oldest
//!   unacknowledged one out of that window.
//!
//! Epochs are counted per partition: without a transaction the partition's leader alone compares them, so one
//! partition's gap does not hold up the others. Within a transaction the coordinator renews the epoch instead, and a
//! batch that is given up takes its transaction with it.
//!
//! KIP-98 (idempotence), KIP-360 (the next epoch after a gap), KIP-679 (idempotence by default), KIP-207 (high
//! watermarks that can be relied on), KIP-126 (batches that are split).

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use upsert_kafka_protocol::records::Codec;

use super::batch::{Batch, BatchKey};
use super::delivery::Outcome;
use super::producer_id::ProducerId;
use super::resolution::Anchor;
use super::verdict::{BatchAnswer, Verdict};
use crate::Error;
use crate::retry::Backoff;
use entry::{Doubt, Entry, Reported, Sequenced, Stage, placed};
pub(crate) use expiry::Expired;
use flow::{Flow, Then};
use identity::SequenceIdentity;
pub(crate) use in_flight::{BatchStats, InFlightBatch};

mod entry;
mod expiry;
mod flow;
mod identity;
mod in_doubt;
mod in_flight;
mod numbering;

/// One partition's line.
#[derive(Debug)]
pub(crate) struct Sequence {
    config: SequenceConfig,
    identity: SequenceIdentity,
    /// The sequence of the next batch that has none yet.
    next: i32,
    /// How many batches got a sequence.
    sequenced: u64,
    entries: VecDeque<Entry>,
    /// How many of the entries are in flight: the first ones, while the line flows.
    in_flight: usize,
    flow: Flow,
    not_before: Option<Instant>,
    backoff: Backoff,
    /// The oldest batch that was given up though it had a sequence, by number, while it is not known whether the
    /// broker counted it.
    gap: Option<u64>,
    /// When the last batch was opened.
    last_opened: Option<Instant>,
    /// Numbers the halves of batches that were split.
    parts: u32,
    /// The last batch in line that was acknowledged with its offset.
    anchor: Option<Anchor>,
    /// How often the log was looked into.
    resolutions: u64,
}

/// The settings that a partition's line keeps to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SequenceConfig {
    pub(crate) idempotent: bool,
    /// Batches belong to transactions: the coordinator renews the epoch, and a batch that is given up takes its
    /// transaction with it.
    pub(crate) transactional: bool,
    pub(crate) codec: Codec,
    pub(crate) in_flight_max: usize,
    pub(crate) delivery_timeout: Duration,
    pub(crate) retries: u32,
    pub(crate) backoff: Backoff,
    /// A silence after which the leader may have expired the producer id.
    pub(crate) producer_expiration: Duration,
}

/// Whether a batch may leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Readiness {
    /// Yes, and so many bytes.
    Now(usize),
    /// Not before this.
    At(Instant),
    /// When the producer id is known.
    Identity,
    /// When something is answered or comes in.
    No,
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

impl Sequence {
    pub(crate) fn new(config: SequenceConfig) -> Self {
        Self {
            config,
            identity: SequenceIdentity::Unknown,
            next: 0,
            sequenced: 0,
            entries: VecDeque::new(),
            in_flight: 0,
            flow: Flow::Flowing,
            not_before: None,
            backoff: config.backoff,
            gap: None,
            last_opened: None,
            parts: 0,
            anchor: None,
            resolutions: 0,
        }
    }

    /// The leader could not be reached: what waits for it expires with this as its reason.
    pub(crate) fn handle_unreachable(&mut self, error: &Error) {
        for entry in self.entries.iter_mut().filter(|entry| !entry.is_in_flight()) {
            entry.last_error = Some(error.clone());
        }
    }

    /// At the end of the line.
    pub(crate) fn handle_batch(&mut self, batch: Batch) {
        let silent = |last: Instant| last + self.config.producer_expiration <= batch.opened;
        if self.entries.is_empty() && self.last_opened.is_some_and(silent) {
            self.identity = self.identity.expired();
        }
        self.last_opened = Some(batch.opened);
        self.entries.push_back(Entry::new(batch));
    }

    /// The producer id, if none was known.
    pub(crate) fn handle_identity(&mut self, identity: ProducerId) {
        self.change_identity(self.identity.given(identity));
    }

    /// The coordinator renewed the producer's epoch, at the end of a transaction: nothing is in line.
    pub(crate) fn renew(&mut self, identity: ProducerId) {
        if self.identity.current() != Some(identity) {
            self.change_identity(self.identity.renewed(identity));
        }
        (self.gap, self.flow, self.not_before) = (None, Flow::Flowing, None);
        self.backoff.reset();
    }

    fn change_identity(&mut self, identity: SequenceIdentity) {
        if self.identity != identity {
            (self.identity, self.next) = (identity, 0);
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Whether a batch that had its sequence was given up: only the next epoch closes the gap.
    pub(crate) fn has_gap(&self) -> bool {
        self.gap.is_some()
    }

    /// How many are in flight: while there are any, the next goes to the same broker.
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
        let one_by_one = self.config.idempotent && !self.identity.is_established();
        if !self.flow.is_flowing()
            || one_by_one && self.in_flight > 0
            || self.in_flight >= self.config.in_flight_max
        {
            return Readiness::No;
        }
        if let Some(at) = self.not_before.filter(|at| *at > now) {
            return Readiness::At(at);
        }
        if self.config.idempotent && entry.sequenced.is_none() {
            if self.has_gap() || self.outruns_memory() {
                return Readiness::No;
            }
            if self.identity.current().is_none() {
                return Readiness::Identity;
            }
        }
        Readiness::Now(entry.batch.size())
    }

    /// Lets the next batch leave, when `readiness` says so.
    pub(crate) fn poll_batch(&mut self, now: Instant) -> Option<InFlightBatch> {
        let Readiness::Now(_) = self.readiness(now) else { return None };
        let stamp = self.stamp(self.in_flight);
        let entry = self.entries.get_mut(self.in_flight)?;
        entry.stage = Stage::InFlight;
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

    /// A broker's answer to a batch, or the lack of one. `chance` lies in 0..1.
    pub(crate) fn handle_answer(
        &mut self,
        key: BatchKey,
        answer: BatchAnswer,
        now: Instant,
        chance: f64,
    ) -> Settled {
        let sent = |entry: &Entry| entry.is_in_flight() && entry.batch.key() == key;
        let Some(at) = self.entries.iter().position(sent) else {
            return Settled::default();
        };
        let verdict = answer.verdict(self.config.idempotent);
        let entry = &mut self.entries[at];
        entry.stage = Stage::Waiting;
        entry.doubt = entry.doubt.max(Doubt::left_by(&answer));
        let over = entry.reported == Reported::TimedOut || entry.attempts > self.config.retries;
        self.in_flight -= 1;
        let (error, records) = match answer {
            BatchAnswer::Written { base_offset, log_append_time_ms } => {
                let settled = self.written(at, Outcome::Written { base_offset, log_append_time_ms });
                self.settle_flow();
                return settled;
            }
            BatchAnswer::Refused { error, records } => (error, records),
            BatchAnswer::Lost(error) => (error, Vec::new()),
        };
        let settled = match verdict {
            Verdict::Again if !over => self.again(at, error, now, chance),
            Verdict::Split if !over && self.split(at) => Settled { split: true, ..Settled::default() },
            Verdict::OutOfOrder if self.may_be_forgotten(at) => self.refused_in_doubt(at, error, now, chance),
            // With one before it in doubt it is out of order for that one's sake.
            Verdict::OutOfOrder if !over && at > 0 => self.again(at, error, now, chance),
            Verdict::OutOfOrder if !over && self.can_be_resequenced() => {
                let settled = self.again(at, error, now, chance);
                self.flow = Flow::Draining(Then::Resequence);
                settled
            }
            Verdict::Fenced | Verdict::Fatal => {
                Settled { fatal: Some(error.clone()), ..self.failed(at, error, records) }
            }
            _ => self.failed(at, error, records),
        };
        self.settle_flow();
        settled
    }

    /// Whether the first in line can leave under the next epoch: not where the coordinator gives the epoch, nor where
    /// its records may still come to lie in the log.
    fn can_be_resequenced(&self) -> bool {
        !self.config.transactional && !self.entries.front().is_some_and(Entry::may_still_arrive)
    }

    fn written(&mut self, at: usize, outcome: Outcome) -> Settled {
        self.identity = self.identity.acknowledged();
        self.backoff.reset();
        let Some(entry) = self.entries.remove(at) else { return Settled::default() };
        if entry.sequenced.is_some_and(|it| self.gap.is_some_and(|gap| it.number > gap)) {
            // The broker takes nothing after a gap: so what was given up had been written.
            self.gap = None;
        }
        if let Outcome::Written { base_offset, .. } = outcome {
            entry.trace_span.record("base_offset", base_offset);
            // What was acknowledged before it lies before it, whatever lies behind.
            let identity = self.identity.current().filter(|_| at == 0);
            self.anchor = identity.and_then(|it| entry.anchor(it, base_offset)).or(self.anchor);
        }
        Settled { finished: Some((entry.batch, outcome)), ..Settled::default() }
    }

    fn again(&mut self, at: usize, error: Error, now: Instant, chance: f64) -> Settled {
        if self.flow.is_flowing() {
            self.flow = Flow::Draining(Then::Resend);
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
        let doubt = self.entries[at].doubt.is_any();
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

    /// Takes a batch out that is given up. If it had a sequence, those behind it come after a gap.
    fn remove(&mut self, at: usize) -> Option<Batch> {
        let entry = self.entries.remove(at)?;
        if let Some(Sequenced { number, .. }) = entry.sequenced {
            self.gap = Some(self.gap.map_or(number, |gap| gap.min(number)));
        }
        Some(entry.batch)
    }

    /// With everything answered the line flows again, and a gap that nobody can fill is left behind.
    fn settle_flow(&mut self) {
        if self.in_flight > 0 {
            return;
        }
        if self.config.transactional {
            self.flow = Flow::Flowing;
            return;
        }
        // Those that are unresolved are the first ones.
        if self.entries.front().is_some_and(Entry::is_unresolved) {
            return self.look_into_log();
        }
        let then = self.flow.then();
        self.flow = Flow::Flowing;
        let sequenced = self.entries.front().is_some_and(|entry| entry.sequenced.is_some());
        if then == Then::Resequence || self.has_gap() && !sequenced {
            self.resequence();
        }
    }
}

#[cfg(test)]
mod tests;

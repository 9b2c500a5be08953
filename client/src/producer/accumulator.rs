//! Collects records into batches, and keeps closed batches until the sender takes them: Kafka's `RecordAccumulator`.
//!
//! ```text
//!   callers of send                                              the sender's task
//!
//!   append ──► slot of the partition ──► closed batch ──► ready ──► take_ready ──► … ──► complete
//!              (its open batch)                                                            │
//!                  ▲                                                                       │
//!                  └───────────── buffer.memory, lent by the pool ◄────────────────────────┘
//! ```
//!
//! **It decides** whether a record may enter, when a batch is opened or enlarged, and when it is closed:
//! - when the next record does not fit (`batch.size`);
//! - when it has lingered (`linger.ms`) and no closed batch of its partition waits to leave. While one waits, another
//!   one could not leave either, and takes more records instead: a backlog is a few large batches, not many small ones;
//! - when a flush, or a caller who waits for memory, ends all lingering (`expedite`);
//! - when a transaction is ended (`close_all`): what was sent before belongs to it.
//!
//! **It hears** from callers of `send` a record (`append`; `append_slowly` where a batch must be enlarged, closed or
//! opened), from a flush `expedite`, and from the sender that time has passed (`expire`), that a partition's batches
//! wait or no longer do (`handle_backlog`), and that a batch has its end (`complete`, or `report` before that).
//!
//! **A batch** is *open* in its slot, and lingers or is overdue; then *ready*; then the sender's, and *incomplete*
//! until its deliveries have learnt the outcome. Its memory comes back with `complete`.
//!
//! **Locks.** `append` takes its slot's lock, which is the one lock per record in this crate: a message to a task
//! would cost more than all the rest. `state` is locked once per batch, after a slot's lock and never before one.
//!
//! **Must never happen**
//! - Batches of a partition become ready in another order than they were opened in. A batch is put among the ready ones
//!   while its slot is still locked.
//! - A batch is opened after `close`. That is looked at under the lock under which batches become incomplete.
//! - A batch, or what it holds, holds its slot. It would be freed never, if nobody closes it (see `slots`).
//! - A caller waits for memory that lingers in open batches: nothing lingers while `memory_waiters` is not 0.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use upsert_kafka_protocol::records::size_max;

use super::batch::{Batch, BatchToken};
use super::delivery::{Completion, Delivery, Outcome};
use super::lock::Mutex;
use super::partition::Backlog;
use super::pool::BufferPool;
use super::slots::{OpenBatch, Slot};
use crate::{Error, ErrorKind, Record};

mod pending_batches;

use pending_batches::{IncompleteBatches, LingeringBatches};

/// See above. What open batches are in stands in the slots of the topics' handles.
#[derive(Debug)]
pub(crate) struct Accumulator {
    limits: AccumulatorLimits,
    pool: BufferPool,
    state: Mutex<AccumulatorState>,
    /// How many callers wait for memory: nothing lingers while there are any.
    memory_waiters: AtomicUsize,
}

/// The settings that bound it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AccumulatorLimits {
    pub(crate) batch_size: usize,
    pub(crate) linger: Duration,
    pub(crate) buffer_memory: usize,
    pub(crate) max_request_size: usize,
}

/// Where batches are that are not complete, besides their slots.
#[derive(Debug, Default)]
struct AccumulatorState {
    ready: Vec<Ready>,
    ready_bytes: usize,
    /// Open batches, and when each has lingered.
    lingering: LingeringBatches,
    /// Partitions of which a closed batch waits to leave, so that another one closed could not leave either.
    backed_up: BTreeSet<usize>,
    /// Those of them whose open batch has lingered, and takes records on all the same.
    overdue: BTreeMap<usize, Arc<Slot>>,
    incomplete: IncompleteBatches,
    /// Why no batch is opened any more.
    closed: Option<Error>,
    /// The first failure of a batch since a flush asked for it.
    failure: Option<Error>,
}

/// A closed batch that waits for the sender.
#[derive(Debug)]
struct Ready {
    batch: Batch,
    slot: Arc<Slot>,
}

/// A record that is in.
#[derive(Debug)]
pub(crate) struct Appended {
    pub(crate) delivery: Delivery,
    /// A batch is full, or was opened that will have lingered before the sender would look again.
    pub(crate) wake_sender: bool,
}

/// Why a record is not in.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// Enough batches are full for a write of a good size: let the sender run, then try again.
    BatchFull,
    /// `buffer.memory` is lent out: wait until some comes back.
    MemoryFull,
    Never(Error),
}

impl Accumulator {
    pub(crate) fn new(limits: AccumulatorLimits) -> Self {
        let pool = BufferPool::new(limits.buffer_memory, limits.batch_size);
        Self { limits, pool, state: Mutex::default(), memory_waiters: AtomicUsize::new(0) }
    }

    /// Writes a record into its slot's open batch, as nearly every record goes. `None` when there is no open batch or
    /// no room in it.
    #[inline]
    pub(crate) fn append(&self, slot: &Slot, record: &Record<'_>, timestamp_ms: i64) -> Option<Delivery> {
        slot.open.lock().batch.as_mut()?.append(record, timestamp_ms)
    }

    /// Writes a record for which a batch must be enlarged, closed or opened.
    #[cold]
    pub(crate) fn append_slowly(
        &self,
        slot: &Arc<Slot>,
        record: &Record<'_>,
        timestamp_ms: i64,
        now: Instant,
    ) -> Result<Appended, Refusal> {
        let bytes = size_max(record.key, record.value, record.headers);
        self.check(bytes, record, slot.partition.index).map_err(Refusal::Never)?;
        let mut open = slot.open.lock();
        let mut full = false;
        if let Some(batch) = &mut open.batch {
            if let Some(delivery) = self.append_or_enlarge(batch, record, timestamp_ms) {
                return Ok(Appended { delivery, wake_sender: false });
            }
            full = true;
            if self.close_open(slot, &mut open, true, now) {
                return Err(Refusal::BatchFull);
            }
        }
        let (mut batch, due_first) = self.open(slot, bytes, open.last_size, now)?;
        // The buffer was taken for this record, and an empty batch takes any.
        let delivery = batch.append(record, timestamp_ms).ok_or(Refusal::BatchFull)?;
        open.batch = Some(batch);
        Ok(Appended { delivery, wake_sender: full || due_first })
    }

    /// Closes the batches that have lingered and are not kept open by a backlog; says when the next one will have
    /// lingered.
    pub(crate) fn expire(&self, now: Instant) -> Option<Instant> {
        self.close_due(now, now)
    }

    /// Ends all lingering now: for a flush, and when a caller waits for the memory that open batches hold.
    pub(crate) fn expedite(&self, now: Instant) {
        self.close_due(now + self.limits.linger, now);
    }

    /// Batches of a partition wait to leave, or no longer do. In the second case its overdue batch is closed; says
    /// whether there was one.
    pub(crate) fn handle_backlog(&self, Backlog { partition, waits }: Backlog, now: Instant) -> bool {
        let mut state = self.state.lock();
        if waits {
            state.backed_up.insert(partition);
            return false;
        }
        state.backed_up.remove(&partition);
        let Some(slot) = state.overdue.remove(&partition) else { return false };
        drop(state);
        self.close_open(&slot, &mut slot.open.lock(), false, now);
        true
    }

    /// Closes all that is open, whether it can leave or not.
    pub(crate) fn close_all(&self, now: Instant) {
        self.expedite(now);
        let overdue = std::mem::take(&mut self.state.lock().overdue);
        for slot in overdue.values() {
            self.close_open(slot, &mut slot.open.lock(), false, now);
        }
    }

    /// The closed batches, each partition's in order, and who leads their partitions as far as is known.
    pub(crate) fn take_ready(&self) -> impl Iterator<Item = (Batch, Option<i32>)> + use<> {
        let mut state = self.state.lock();
        state.ready_bytes = 0;
        let ready = std::mem::take(&mut state.ready);
        ready.into_iter().map(|Ready { batch, slot }| (batch, slot.leader()))
    }

    /// A batch has its end: its deliveries learn the outcome, and its memory comes back. Says whether this is the first
    /// outcome that they learn.
    pub(crate) fn complete(&self, batch: Batch, outcome: Outcome) -> bool {
        let first = self.report(batch.token(), outcome);
        let (lent, buffer) = batch.release();
        self.pool.give(lent, buffer);
        first
    }

    /// The deliveries of a batch learn the outcome, though the batch itself is still in flight. Says whether this is the
    /// first outcome that they learn.
    pub(crate) fn report(&self, token: &BatchToken, outcome: Outcome) -> bool {
        let Some(part) = token.part else { return self.report_whole(token.id, &token.completion, outcome) };
        let (first, whole) = token.completion.complete_part(part, outcome);
        if let Some(whole) = whole {
            self.report_whole(token.id, &token.completion, whole);
        }
        first
    }

    fn report_whole(&self, id: u64, completion: &Completion, outcome: Outcome) -> bool {
        let mut state = self.state.lock();
        let first = state.incomplete.remove(id).is_some();
        if first && state.failure.is_none() {
            // Whoever aborted the transaction wanted its records to fail.
            state.failure = outcome.error().filter(|error| error.kind() != ErrorKind::Aborted).cloned();
        }
        drop(state);
        completion.complete(outcome);
        first
    }

    /// The completions of all batches that have no outcome yet.
    pub(crate) fn incomplete(&self) -> Vec<Arc<Completion>> {
        self.state.lock().incomplete.iter().map(|(_, completion)| Arc::clone(completion)).collect()
    }

    /// The first failure since this was last asked.
    pub(crate) fn take_failure(&self) -> Option<Error> {
        self.state.lock().failure.take()
    }

    /// A caller begins to wait for memory.
    pub(crate) fn add_memory_waiter(&self) {
        self.memory_waiters.fetch_add(1, Relaxed);
    }

    /// A caller has its memory, or gave up.
    pub(crate) fn remove_memory_waiter(&self) {
        self.memory_waiters.fetch_sub(1, Relaxed);
    }

    /// Opens no more batches from now on; those that are open still take records.
    pub(crate) fn close(&self, error: Error) {
        self.state.lock().closed.get_or_insert(error);
    }

    /// Whether it was closed.
    pub(crate) fn is_closed(&self) -> bool {
        self.state.lock().closed.is_some()
    }

    /// Why it was closed, if it was.
    pub(crate) fn closed(&self) -> Option<Error> {
        self.state.lock().closed.clone()
    }

    /// How many bytes of `buffer.memory` are free, and how many callers wait for some.
    pub(crate) fn memory(&self) -> (usize, usize) {
        (self.pool.free(), self.memory_waiters.load(Relaxed))
    }

    /// Whether every record was answered and all memory came back.
    pub(crate) fn is_idle(&self) -> bool {
        self.state.lock().incomplete.is_empty() && self.pool.is_whole()
    }

    /// Closes, and fails all incomplete batches: nobody will send them any more.
    pub(crate) fn abandon(&self, error: &Error) {
        self.close(error.clone());
        let incomplete: Vec<_> = {
            let state = self.state.lock();
            state.incomplete.iter().map(|(id, completion)| (id, Arc::clone(completion))).collect()
        };
        for (id, completion) in incomplete {
            self.report_whole(id, &completion, Outcome::failed(error.clone()));
        }
    }

    fn close_due(&self, until: Instant, now: Instant) -> Option<Instant> {
        loop {
            let mut state = self.state.lock();
            let deadline = state.lingering.deadline()?;
            if deadline > until {
                return Some(deadline);
            }
            let (id, slot) = state.lingering.pop()?;
            drop(state);
            let mut open = slot.open.lock();
            if open.batch.as_ref().is_none_or(|batch| batch.token().id != id) {
                continue;
            }
            let mut state = self.state.lock();
            if state.backed_up.contains(&slot.partition.number) {
                state.overdue.insert(slot.partition.number, Arc::clone(&slot));
                continue;
            }
            drop(state);
            self.close_open(&slot, &mut open, false, now);
        }
    }

    fn append_or_enlarge(
        &self,
        batch: &mut Batch,
        record: &Record<'_>,
        timestamp_ms: i64,
    ) -> Option<Delivery> {
        loop {
            if let Some(delivery) = batch.append(record, timestamp_ms) {
                return Some(delivery);
            }
            let lent = batch.lent();
            let more = lent.saturating_mul(GROWTH).min(self.limits.batch_size).saturating_sub(lent);
            if more == 0 || !self.pool.grow(more) {
                return None;
            }
            batch.grant(more);
        }
    }

    fn open(
        &self,
        slot: &Arc<Slot>,
        needed: usize,
        last_size: usize,
        now: Instant,
    ) -> Result<(Batch, bool), Refusal> {
        let mut state = self.state.lock();
        if let Some(error) = &state.closed {
            return Err(Refusal::Never(error.clone()));
        }
        let size = expected(last_size, self.limits.batch_size).max(needed);
        let buffer = self.pool.take(size).or_else(|| self.pool.take(needed)).ok_or(Refusal::MemoryFull)?;
        let linger = if self.memory_waiters.load(Relaxed) > 0 { Duration::ZERO } else { self.limits.linger };
        let batch = Batch::new(state.incomplete.next_id(), Arc::clone(&slot.partition), buffer, now)
            .with_scratch(self.pool.scratch());
        let BatchToken { id, completion, .. } = batch.token();
        state.incomplete.push(Arc::clone(completion));
        let deadline = now + linger;
        let earlier = state.lingering.deadline().is_none_or(|first| deadline < first);
        state.lingering.push(*id, deadline, Arc::clone(slot));
        Ok((batch, earlier))
    }

    fn close_open(&self, slot: &Arc<Slot>, open: &mut OpenBatch, full: bool, now: Instant) -> bool {
        let batch = open.batch.take();
        batch.is_some_and(|batch| self.close_batch(batch, slot, open, full, now))
    }

    /// The slot is still locked, so that its batches become ready in their order. Says whether it is
    /// time to let the sender run: a write of several batches costs little more than a write of one.
    fn close_batch(
        &self,
        mut batch: Batch,
        slot: &Arc<Slot>,
        open: &mut OpenBatch,
        full: bool,
        now: Instant,
    ) -> bool {
        open.last_size = batch.size();
        batch.queued = Some(slot.closed(batch.size(), full, now));
        let mut state = self.state.lock();
        state.lingering.remove(batch.token().id);
        state.overdue.remove(&slot.partition.number);
        state.ready_bytes += batch.size();
        state.ready.push(Ready { batch, slot: Arc::clone(slot) });
        state.ready_bytes >= PAUSE_BYTES
    }

    fn check(&self, bytes: usize, record: &Record<'_>, partition: i32) -> Result<(), Error> {
        let AccumulatorLimits { max_request_size, buffer_memory, .. } = self.limits;
        for (limit, key) in [(max_request_size, "max.request.size"), (buffer_memory, "buffer.memory")] {
            if bytes > limit {
                let shown = key_excerpt(record.key);
                let sentence = format!("a record {shown} takes {bytes} bytes, more than {key} ({limit})");
                return Err(Error::new(ErrorKind::TooLarge, sentence)
                    .with_topic(record.topic.name())
                    .with_partition(partition));
            }
        }
        Ok(())
    }
}

/// A partition that filled a good part of its last batch gets a whole buffer, since those are used again;
/// one that did not gets what it may need.
fn expected(last_size: usize, batch_size: usize) -> usize {
    let expected = last_size.saturating_add(last_size / 4).max(FIRST_BYTES);
    if expected.saturating_mul(WHOLE_FROM) >= batch_size { batch_size } else { expected.next_power_of_two() }
}

/// The key as a person may know it, cut to a bound.
fn key_excerpt(key: Option<&[u8]>) -> String {
    let Some(key) = key else { return "without key".to_owned() };
    let text = String::from_utf8_lossy(&key[..key.len().min(4 * KEY_CHARS_MAX)]);
    let cut: String = text.chars().take(KEY_CHARS_MAX).collect();
    let whole = text.chars().nth(KEY_CHARS_MAX).is_none();
    let more = if whole { "" } else { "…" };
    format!("with key {cut:?}{more}")
}

/// So many full bytes are worth a write: fewer cost a system call and a wake-up each for little, more leave the
/// cache before they are sent.
const PAUSE_BYTES: usize = 128 << 10;
/// What share of a batch makes it worth a whole buffer: an eighth.
const WHOLE_FROM: usize = 8;
/// An open batch takes so many times its memory when it is full.
const GROWTH: usize = 4;
/// What a partition begins with of which nothing is known.
const FIRST_BYTES: usize = 512;
/// How much of a key an error shows.
const KEY_CHARS_MAX: usize = 64;

#[cfg(test)]
mod tests;

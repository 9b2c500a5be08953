//! How far a job came, for whoever watches it.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, OnceLock};
use std::time::Instant;

use crate::changes::Change;
use crate::error::RecordPlace;
use crate::state::StateSize;

/// Counters of a running job; moved once per fetch, not per row.
#[derive(Debug, Default)]
pub struct Progress {
    rows_in: AtomicU64,
    rows_out: AtomicU64,
    tombstones: AtomicU64,
    skipped: AtomicU64,
    reduced: AtomicU64,
    failed: AtomicU64,
    exchanged: AtomicU64,
    acknowledged: AtomicU64,
    first_skipped: OnceLock<(RecordPlace, String)>,
    lag: AtomicI64,
    state_rows: AtomicI64,
    state_bytes: AtomicI64,
    /// Read and written a few times a second: nothing waits on it.
    last_commit: Mutex<Option<Instant>>,
}

/// What the counters said at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counts {
    /// Records read from the sources.
    pub rows_in: u64,
    /// Records handed to the sinks, tombstones among them.
    pub rows_out: u64,
    /// Deletes among them.
    pub tombstones: u64,
    /// Source records that gave no row: broken ones under `ignore-parse-errors`, and empty ones.
    pub skipped: u64,
    /// Changes that `sink.buffer-flush.*` held back until a later one of their key took their place; they are not among
    /// `rows_out`.
    pub reduced: u64,
    /// Records that could not be read or written: under `error-handling.mode` = ignore or log the job goes on behind them.
    pub failed: u64,
    /// Changes that went from a task that reads to a task of their sink, where its `sink.parallelism` is another than
    /// the source's.
    pub exchanged: u64,
}

impl Counts {
    /// Counts a change that is handed to its sink.
    #[inline]
    pub(crate) fn written(&mut self, change: Change<'_>) {
        self.rows_out += 1;
        self.tombstones += u64::from(change.value.is_none());
    }

    /// Which part of the changes was not written, since a later one of the same key took its place: 0 without a buffer,
    /// near 1 where few keys change often.
    pub fn reduction(&self) -> f64 {
        let all = self.rows_out + self.reduced;
        if all == 0 { 0.0 } else { self.reduced as f64 / all as f64 }
    }
}

impl Progress {
    /// What the counters say now.
    pub fn counts(&self) -> Counts {
        Counts {
            rows_in: self.rows_in.load(Relaxed),
            rows_out: self.rows_out.load(Relaxed),
            tombstones: self.tombstones.load(Relaxed),
            skipped: self.skipped.load(Relaxed),
            reduced: self.reduced.load(Relaxed),
            failed: self.failed.load(Relaxed),
            exchanged: self.exchanged.load(Relaxed),
        }
    }

    /// Rows handed to the sinks that no flush has yet shown to be acknowledged.
    pub fn unacknowledged(&self) -> u64 {
        self.rows_out.load(Relaxed).saturating_sub(self.acknowledged.load(Relaxed))
    }

    /// Records that the sources have and the job has not read, as far as it knows.
    pub fn lag(&self) -> i64 {
        self.lag.load(Relaxed)
    }

    /// When offsets were last committed.
    pub fn last_commit(&self) -> Option<Instant> {
        *self.last_commit.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// The first record that gave no row: its place, and why.
    pub fn first_skipped(&self) -> Option<String> {
        self.first_skipped.get().map(|(place, why)| format!("{place}: {why}"))
    }

    /// Which record that was.
    pub fn first_skipped_record(&self) -> Option<&RecordPlace> {
        self.first_skipped.get().map(|(place, _)| place)
    }

    /// Keeps the first.
    pub(crate) fn skip(&self, place: RecordPlace, why: String) {
        // Another was earlier.
        let _ = self.first_skipped.set((place, why));
    }

    pub(crate) fn count(&self, more: Counts) {
        self.rows_in.fetch_add(more.rows_in, Relaxed);
        self.rows_out.fetch_add(more.rows_out, Relaxed);
        self.tombstones.fetch_add(more.tombstones, Relaxed);
        self.skipped.fetch_add(more.skipped, Relaxed);
        self.reduced.fetch_add(more.reduced, Relaxed);
        self.failed.fetch_add(more.failed, Relaxed);
        self.exchanged.fetch_add(more.exchanged, Relaxed);
    }

    pub(crate) fn acknowledged(&self, more: u64) {
        self.acknowledged.fetch_add(more, Relaxed);
    }

    /// Rows that are kept, and the memory in bytes that they take.
    pub fn state(&self) -> (i64, i64) {
        (self.state_rows.load(Relaxed), self.state_bytes.load(Relaxed))
    }

    pub(crate) fn set_state(&self, before: StateSize, now: StateSize) {
        let difference = |now: usize, before: usize| now as i64 - before as i64;
        self.state_rows.fetch_add(difference(now.rows, before.rows), Relaxed);
        self.state_bytes.fetch_add(difference(now.memory_bytes, before.memory_bytes), Relaxed);
    }

    pub(crate) fn set_lag(&self, before: i64, now: i64) {
        self.lag.fetch_add(now - before, Relaxed);
    }

    pub(crate) fn committed(&self, now: Instant) {
        *self.last_commit.lock().unwrap_or_else(|poisoned| poisoned.into_inner()) = Some(now);
    }
}

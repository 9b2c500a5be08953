//! How far a job came, for whoever watches it.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::AcqRel, Ordering::Acquire, Ordering::Relaxed};
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
    /// Offsets that only rebuild state: how many of them are read, and how many there are.
    rebuild_done: AtomicI64,
    rebuild_total: AtomicI64,
    rebuilt: OnceLock<Rebuild>,
    /// Read and written a few times a second: nothing waits on it.
    last_commit: Mutex<Option<Instant>>,
}

/// The offsets of one task that only rebuild state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct OffsetsRebuilt {
    pub(crate) done: i64,
    pub(crate) total: i64,
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

/// How far a job is that reads a topic from its beginning again, to know the last row of each key: it writes what is new
/// only behind that.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rebuild {
    /// Offsets that are done, those that compaction left empty among them.
    pub done: i64,
    /// Offsets from the beginning to where the job had come before.
    pub total: i64,
    /// Keys that are known by now.
    pub keys: i64,
    /// The memory in bytes that their rows take.
    pub bytes: i64,
}

impl Rebuild {
    /// Whether the state is what it was.
    pub fn is_complete(&self) -> bool {
        self.done >= self.total
    }
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

    /// How far the state is rebuilt that an earlier run had; `None` where there was nothing to rebuild. Once it is done it
    /// stays what it was at that moment.
    pub fn rebuild(&self) -> Option<Rebuild> {
        if let Some(done) = self.rebuilt.get() {
            return Some(*done);
        }
        let (done, total) = (self.rebuild_done.load(Acquire), self.rebuild_total.load(Relaxed));
        let (keys, bytes) = self.state();
        (total > 0).then_some(Rebuild { done, total, keys, bytes })
    }

    /// How many of a task's offsets only rebuild state, and how many of them are done; told behind the size of the state
    /// at that moment.
    pub(crate) fn set_rebuild(&self, before: OffsetsRebuilt, now: OffsetsRebuilt) {
        if before == now {
            return;
        }
        self.rebuild_total.fetch_add(now.total - before.total, Relaxed);
        self.rebuild_done.fetch_add(now.done - before.done, AcqRel);
        if let Some(rebuild) = self.rebuild().filter(Rebuild::is_complete) {
            // Another task may have been as quick.
            let _ = self.rebuilt.set(rebuild);
        }
    }

    pub(crate) fn set_lag(&self, before: i64, now: i64) {
        self.lag.fetch_add(now - before, Relaxed);
    }

    pub(crate) fn committed(&self, now: Instant) {
        *self.last_commit.lock().unwrap_or_else(|poisoned| poisoned.into_inner()) = Some(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rebuild_is_complete_when_every_task_has_come_to_its_end() {
        let progress = Progress::default();
        assert_eq!(progress.rebuild(), None);
        let [begun, half, all] = [0, 5, 10].map(|done| OffsetsRebuilt { done, total: 10 });
        // Two tasks begin.
        progress.set_rebuild(OffsetsRebuilt::default(), begun);
        progress.set_rebuild(OffsetsRebuilt::default(), begun);
        progress.set_rebuild(begun, all);
        progress.set_state(
            StateSize::default(),
            StateSize { rows: 3, memory_bytes: 300, ..StateSize::default() },
        );
        progress.set_rebuild(begun, half);
        let rebuild = Rebuild { done: 15, total: 20, keys: 3, bytes: 300 };
        assert_eq!(progress.rebuild(), Some(rebuild));
        assert!(!rebuild.is_complete());
        progress.set_rebuild(half, all);
        progress.set_state(
            StateSize::default(),
            StateSize { rows: 9, memory_bytes: 900, ..StateSize::default() },
        );
        assert_eq!(progress.rebuild(), Some(Rebuild { done: 20, ..rebuild }), "as it was at its end");
    }

    #[test]
    fn a_topic_that_is_made_again_has_nothing_to_rebuild() {
        let progress = Progress::default();
        let begun = OffsetsRebuilt { done: 0, total: 10 };
        progress.set_rebuild(OffsetsRebuilt::default(), begun);
        progress.set_rebuild(begun, OffsetsRebuilt::default());
        assert_eq!(progress.rebuild(), None);
    }
}

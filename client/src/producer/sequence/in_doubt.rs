//! Batches that were refused as out of order and may lie in the log all the same: it is read, then they go on.

use std::time::Instant;

use super::entry::{Entry, Reported};
use super::{Sequence, Settled};
use crate::Error;
use crate::producer::batch::Batch;
use crate::producer::delivery::Outcome;
use crate::producer::resolution::{Conclusion, LogAnswer, LogQuery, NotFound, Resolution};

impl Sequence {
    /// Whether a batch that is refused as out of order may lie in the log all the same, where it can be looked for:
    /// it is in doubt, and so are all before it.
    pub(super) fn may_be_forgotten(&self, at: usize) -> bool {
        let entry = &self.entries[at];
        let plain =
            self.config.idempotent && !self.config.transactional && entry.reported == Reported::Nothing;
        let before = self.entries.range(..at).all(|before| before.unresolved.is_some());
        plain && before && entry.is_in_doubt()
    }

    /// It stays in line until the log tells what became of it.
    pub(super) fn refused_in_doubt(&mut self, at: usize, error: Error, now: Instant, chance: f64) -> Settled {
        self.entries[at].unresolved = Some(error.clone());
        self.again(at, error, now, chance)
    }

    /// When the partition's leader is to be asked what lies in the log.
    pub(crate) fn log_query_due(&self, now: Instant) -> Option<Instant> {
        self.resolution.as_ref()?.due(now)
    }

    /// What the partition's leader is to be asked, and the number by which the answer is known.
    pub(crate) fn poll_log_query(&mut self, now: Instant) -> Option<(u64, LogQuery)> {
        Some((self.resolutions, self.resolution.as_mut()?.poll_query(now)?))
    }

    /// What the leader answered: the batches that have their end now.
    pub(crate) fn handle_log(
        &mut self,
        number: u64,
        answer: Result<&LogAnswer, &Error>,
        now: Instant,
        chance: f64,
    ) -> Vec<(Batch, Outcome)> {
        let resolution = self.resolution.as_mut().filter(|_| number == self.resolutions);
        let Some(conclusion) = resolution.and_then(|it| it.handle_answer(answer, now, chance)) else {
            return Vec::new();
        };
        self.resolution = None;
        let finished = self.conclude(&conclusion);
        self.resolve();
        finished
    }

    /// Acknowledges what was found. Of the rest the first in line is counted anew, if it can be, or fails; behind one
    /// that was found it only leaves again, since the leader has gone on meanwhile.
    fn conclude(&mut self, conclusion: &Conclusion) -> Vec<(Batch, Outcome)> {
        let (mut finished, mut failed, mut at) = (Vec::new(), Vec::new(), 0);
        while let Some(entry) = self.entries.get(at) {
            match entry.sequences().and_then(|range| conclusion.place(range)) {
                Some((base_offset, log_append_time_ms)) => {
                    let outcome = Outcome::Written { base_offset, log_append_time_ms };
                    finished.extend(self.written(at, outcome).finished);
                }
                None => at += 1,
            }
        }
        while finished.is_empty()
            && let Some(first) = self.entries.front()
            && let Some(refusal) = &first.unresolved
        {
            let why = match &conclusion.not_found {
                NotFound::Absent if !first.may_come() => {
                    self.resequence_due = true;
                    break;
                }
                NotFound::Absent => {
                    "it is not in the log, but an attempt that was never answered may still come"
                }
                NotFound::Unknown(why) => why,
            };
            let error = refusal.clone().within(&format!("{TOLD_OF_LOG}: {why}"));
            failed.extend(self.failed(0, error, Vec::new()).finished);
        }
        self.entries.iter_mut().for_each(|entry| entry.unresolved = None);
        finished.extend(failed);
        finished
    }

    /// Begins to find out what became of batches in doubt, unless that is under way.
    pub(super) fn look_into_log(&mut self) {
        let (Some(identity), None) = (self.identity, &self.resolution) else { return };
        let in_doubt = self.entries.iter().filter(|entry| entry.is_in_doubt());
        let sought = in_doubt.filter_map(Entry::sequences).collect();
        self.resolutions += 1;
        self.resolution = Some(Resolution::new(identity, self.anchor, sought, self.config.backoff));
    }
}

/// What the failure of a batch says when its partition's log was of no help.
const TOLD_OF_LOG: &str = "whether it was written was looked for in its partition's log";

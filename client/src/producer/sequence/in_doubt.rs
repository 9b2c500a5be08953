//! Batches that were refused as out of order and may lie in the log all the same: it is read, then they go on.

use std::time::Instant;

use super::entry::{Entry, Reported, Stage};
use super::flow::{Flow, Then};
use super::{Sequence, Settled};
use crate::Error;
use crate::producer::batch::Batch;
use crate::producer::delivery::Outcome;
use crate::producer::resolution::{Conclusion, LogAnswer, LogQuery, NotFound, Resolution};

impl Sequence {
    /// Whether a batch that is refused as out of order may lie in the log all the same, where it can be looked for:
    /// it is in doubt, and all before it were refused so as well.
    pub(super) fn may_be_forgotten(&self, at: usize) -> bool {
        let entry = &self.entries[at];
        let plain =
            self.config.idempotent && !self.config.transactional && entry.reported == Reported::Nothing;
        plain && self.entries.range(..at).all(Entry::is_unresolved) && entry.doubt.is_any()
    }

    /// It stays in line until the log tells what became of it.
    pub(super) fn refused_in_doubt(&mut self, at: usize, error: Error, now: Instant, chance: f64) -> Settled {
        self.entries[at].stage = Stage::Unresolved(error.clone());
        self.again(at, error, now, chance)
    }

    /// When the next query of the log is due.
    pub(crate) fn log_query_due(&self, now: Instant) -> Option<Instant> {
        self.flow.resolution()?.due(now)
    }

    /// The next query for the partition's leader, and the number by which its answer is known.
    pub(crate) fn poll_log_query(&mut self, now: Instant) -> Option<(u64, LogQuery)> {
        Some((self.resolutions, self.flow.resolution_mut()?.poll_query(now)?))
    }

    /// The leader's answer to a query, or why there was none: the batches that have their end now.
    pub(crate) fn handle_log(
        &mut self,
        number: u64,
        answer: Result<&LogAnswer, &Error>,
        now: Instant,
        chance: f64,
    ) -> Vec<(Batch, Outcome)> {
        let resolution = self.flow.resolution_mut().filter(|_| number == self.resolutions);
        let Some(conclusion) = resolution.and_then(|it| it.handle_answer(answer, now, chance)) else {
            return Vec::new();
        };
        self.flow = Flow::Draining(self.flow.then());
        let finished = self.conclude(&conclusion);
        self.settle_flow();
        finished
    }

    /// Acknowledges what was found. Of the rest the first in line is re-sequenced, if it can be, or fails; behind one
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
            && let Stage::Unresolved(refusal) = &first.stage
        {
            let why = match &conclusion.not_found {
                NotFound::Absent if !first.may_still_arrive() => {
                    self.flow = Flow::Draining(Then::Resequence);
                    break;
                }
                NotFound::Absent => {
                    "it is not in the log, but an attempt that was never answered may still come"
                }
                NotFound::Unknown(why) => why,
            };
            let error = refusal.clone().within(&format!("{LOG_WAS_READ}: {why}"));
            failed.extend(self.failed(0, error, Vec::new()).finished);
        }
        for entry in self.entries.iter_mut().filter(|entry| entry.is_unresolved()) {
            entry.stage = Stage::Waiting;
        }
        finished.extend(failed);
        finished
    }

    /// Begins to find out what became of batches in doubt, unless that is under way.
    pub(super) fn look_into_log(&mut self) {
        let (Some(identity), None) = (self.identity.current(), self.flow.resolution()) else { return };
        let in_doubt = self.entries.iter().filter(|entry| entry.doubt.is_any());
        let sought = in_doubt.filter_map(Entry::sequences).collect();
        self.resolutions += 1;
        let resolution = Resolution::new(identity, self.anchor, sought, self.config.backoff);
        self.flow = Flow::Resolving(Box::new(resolution), self.flow.then());
    }
}

/// What the failure of a batch says when its partition's log was of no help.
const LOG_WAS_READ: &str = "whether it was written was looked for in its partition's log";

//! One broker that is fetched from: one fetch at a time, and a wait after an answer that was empty too early.

use std::time::{Duration, Instant};

use crate::retry::Backoff;

/// A broker that was asked for records.
#[derive(Debug)]
pub(super) struct NodeState {
    /// A fetch is under way, or its answer is not wholly handed over. This bounds what is buffered.
    pub(super) busy: bool,
    /// How many bytes of the fetch under way may be decompressed before a poll.
    pub(super) prepared_bytes_max: usize,
    /// Waits grow while answers are empty too early.
    backoff: Backoff,
    empty_answers: u32,
    not_before: Option<Instant>,
}

impl NodeState {
    pub(super) fn new(backoff: Backoff) -> Self {
        Self { busy: false, prepared_bytes_max: 0, backoff, empty_answers: 0, not_before: None }
    }

    pub(super) fn is_due(&self, now: Instant) -> bool {
        !self.busy && self.not_before.is_none_or(|at| at <= now)
    }

    pub(super) fn deadline(&self, now: Instant) -> Option<Instant> {
        self.not_before.filter(|at| !self.busy && *at > now)
    }

    /// The answer was handed over. After one that was empty before the broker had waited as asked, the next
    /// fetch waits. Gives that wait, once, when so many came in a row that an operator should know.
    pub(super) fn handle_answered(
        &mut self,
        empty_early: bool,
        now: Instant,
        chance: f64,
    ) -> Option<Duration> {
        (self.busy, self.prepared_bytes_max, self.not_before) = (false, 0, None);
        if !empty_early {
            self.empty_answers = 0;
            self.backoff.reset();
            return None;
        }
        let wait = self.backoff.wait(chance);
        self.not_before = Some(now + wait);
        self.empty_answers = self.empty_answers.saturating_add(1);
        (self.empty_answers == EMPTY_ANSWERS_MAX).then_some(wait)
    }
}

/// After so many answers in a row that were empty too early, one warning is logged.
const EMPTY_ANSWERS_MAX: u32 = 3;

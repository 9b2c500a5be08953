//! What is under way at one broker: one fetch at a time, and none too soon after one that brought nothing.

use std::time::{Duration, Instant};

use crate::retry::Backoff;

/// A broker that was asked.
#[derive(Debug)]
pub(super) struct NodeState {
    /// A fetch is under way, or its answer waits to be polled: this bounds what is buffered.
    pub(super) busy: bool,
    /// How many decompressed bytes may be prepared of what is under way.
    pub(super) prepared_bytes_max: usize,
    /// Waits grow while answers come early and empty.
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

    /// Its answer was dealt with. One that is empty before the broker had waited as it was asked to is followed by
    /// a wait of our own; says how long it is, once it is no coincidence any more.
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

/// So many answers in a row that are empty too early are told of, once.
const EMPTY_ANSWERS_MAX: u32 = 3;

//! What waits for one broker, and what is in flight to it.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// A broker that leads partitions of this producer, or did. Partitions stand here by their numbers, and may stand
/// here though they have nothing for this broker any more: their own queue says which place counts.
#[derive(Debug, Default)]
pub(super) struct BrokerQueue {
    /// Partitions with a batch to send.
    pub(super) ready: VecDeque<usize>,
    /// Produce requests that are not answered.
    pub(super) in_flight: usize,
    /// Partitions of whose log it is to be asked, one after the other.
    pub(super) log_queries: VecDeque<usize>,
    pub(super) log_query_in_flight: bool,
    /// It is left alone until then.
    not_before: Option<Instant>,
}

impl BrokerQueue {
    /// Nothing is sent to it before then, nor before what was said earlier.
    pub(super) fn pause(&mut self, now: Instant, pause: Duration) {
        self.not_before = self.not_before.max(Some(now + pause));
    }

    /// Whether it takes one more Produce request.
    pub(super) fn takes_request(&self, in_flight_max: usize, now: Instant) -> bool {
        self.in_flight < in_flight_max && !self.is_paused(now)
    }

    /// Whether it takes one more query of a log.
    pub(super) fn takes_log_query(&self, now: Instant) -> bool {
        !self.log_query_in_flight && !self.is_paused(now)
    }

    /// When its pause is over, if something waits for that.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.not_before.filter(|_| !(self.ready.is_empty() && self.log_queries.is_empty()))
    }

    /// Forgets a pause that is over, so that it is no deadline any more.
    pub(super) fn handle_timeout(&mut self, now: Instant) {
        self.not_before = self.not_before.filter(|at| *at > now);
    }

    fn is_paused(&self, now: Instant) -> bool {
        self.not_before.is_some_and(|at| at > now)
    }
}

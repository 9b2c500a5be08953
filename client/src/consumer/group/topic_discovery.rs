//! When a member asks for the names of all topics, whose subscription is a function over names: as it begins, and as
//! metadata ages.

use std::time::{Duration, Instant};

use crate::retry::Backoff;

/// See the [module](self). At most one question is under way.
#[derive(Debug)]
pub(crate) struct TopicDiscovery {
    /// `metadata.max.age.ms`.
    interval: Duration,
    backoff: Backoff,
    due: Instant,
    in_flight: bool,
}

impl TopicDiscovery {
    pub(crate) fn new(interval: Duration, backoff: Backoff, now: Instant) -> Self {
        Self { interval, backoff, due: now, in_flight: false }
    }

    /// Whether to ask now. Who is told so asks, and says what came.
    pub(crate) fn poll(&mut self, now: Instant) -> bool {
        let asks = !self.in_flight && now >= self.due;
        self.in_flight |= asks;
        asks
    }

    /// When to ask again; `None` while a question is under way.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        (!self.in_flight).then_some(self.due)
    }

    pub(crate) fn handle_answered(&mut self, now: Instant) {
        self.backoff.reset();
        (self.in_flight, self.due) = (false, now + self.interval);
    }

    pub(crate) fn handle_failed(&mut self, now: Instant, chance: f64) {
        (self.in_flight, self.due) = (false, now + self.backoff.wait(chance));
    }

    /// Somebody wants to know now.
    pub(crate) fn hurry(&mut self, now: Instant) {
        self.due = self.due.min(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_asks_at_once_then_as_metadata_ages_and_sooner_after_a_failure_or_when_hurried() {
        let (start, second) = (Instant::now(), Duration::from_secs(1));
        let mut discovery = TopicDiscovery::new(300 * second, Backoff::new(second, 4 * second), start);
        assert!(discovery.poll(start));
        assert!(!discovery.poll(start + second), "one at a time");
        assert_eq!(discovery.deadline(), None);
        discovery.handle_failed(start, 0.5);
        assert_eq!(discovery.deadline(), Some(start + second));
        assert!(discovery.poll(start + second));
        discovery.handle_answered(start + second);
        assert_eq!(discovery.deadline(), Some(start + 301 * second));
        assert!(!discovery.poll(start + 300 * second));
        discovery.hurry(start + 10 * second);
        assert!(discovery.poll(start + 10 * second));
    }
}

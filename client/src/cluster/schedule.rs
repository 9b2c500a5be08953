//! When metadata is asked for: when somebody needs a newer view, or the view has reached `metadata.max.age.ms`, and
//! never more often than the backoff allows.

use std::time::{Duration, Instant};

use crate::retry::Backoff;

/// Decides when the next request for metadata leaves.
#[derive(Debug)]
pub(crate) struct Schedule {
    age_max: Duration,
    backoff: Backoff,
    /// Somebody found the view wrong.
    asked: bool,
    in_flight: bool,
    renewed_at: Instant,
    /// Not before this, whoever asks.
    earliest: Instant,
    /// The last answer settled all that was asked, so that nobody asks the same again.
    complete: bool,
}

impl Schedule {
    pub(crate) fn new(age_max: Duration, backoff: Backoff, now: Instant) -> Self {
        Self {
            age_max,
            backoff,
            asked: false,
            in_flight: false,
            renewed_at: now,
            earliest: now,
            complete: true,
        }
    }

    /// Somebody needs a newer view.
    pub(crate) fn handle_asked(&mut self) {
        self.asked = true;
    }

    /// A topic is looked for that was not asked for before. It waits for no backoff that another topic's answer left
    /// behind, as in Java (`ProducerMetadata.requestUpdateForNewTopics`); one that an error left behind it waits for.
    pub(crate) fn handle_new_topic(&mut self, now: Instant) {
        self.asked = true;
        if self.complete {
            self.earliest = self.earliest.min(now);
        }
    }

    /// Whether a request is to leave now; if so it counts as under way.
    pub(crate) fn poll_due(&mut self, now: Instant) -> bool {
        let due = self.deadline().is_some_and(|at| at <= now);
        if due {
            self.in_flight = true;
            self.asked = false;
        }
        due
    }

    /// An answer came. Those who asked while it was under way may have meant a change it has not seen.
    pub(crate) fn handle_renewed(&mut self, now: Instant, complete: bool, chance: f64) {
        self.in_flight = false;
        self.renewed_at = now;
        self.complete = complete;
        if complete {
            self.backoff.reset();
        }
        self.earliest = now + self.backoff.wait(chance);
        if complete {
            self.backoff.reset();
        }
    }

    /// No broker answered.
    pub(crate) fn handle_failed(&mut self, now: Instant, chance: f64) {
        self.in_flight = false;
        self.asked = true;
        self.complete = false;
        self.earliest = now + self.backoff.wait(chance);
    }

    /// No request is of use before then, whoever asks.
    pub(crate) fn handle_held(&mut self, until: Instant) {
        self.earliest = self.earliest.max(until);
    }

    /// When to look again; `None` while a request is under way.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        match (self.in_flight, self.asked) {
            (true, _) => None,
            (false, true) => Some(self.earliest),
            (false, false) => Some(self.earliest.max(self.renewed_at + self.age_max)),
        }
    }

    /// Since when no broker has answered.
    pub(crate) fn age(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.renewed_at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn schedule(now: Instant) -> Schedule {
        Schedule::new(1000 * MS, Backoff::new(10 * MS, 40 * MS), now)
    }

    #[test]
    fn a_new_topic_waits_for_no_backoff_but_one_that_an_error_left() {
        let start = Instant::now();
        let after = |answer: fn(&mut Schedule, Instant)| {
            let mut it = schedule(start);
            it.handle_new_topic(start);
            assert!(it.poll_due(start));
            answer(&mut it, start + MS);
            it.handle_new_topic(start + 2 * MS);
            it.poll_due(start + 2 * MS)
        };
        assert!(after(|it, now| it.handle_renewed(now, true, 0.5)));
        assert!(!after(|it, now| it.handle_renewed(now, false, 0.5)), "some topic is still not known");
        assert!(!after(|it, now| it.handle_failed(now, 0.5)), "no broker answered");
    }

    #[test]
    fn it_is_due_when_old_or_asked_and_once() {
        let start = Instant::now();
        let mut schedule = schedule(start);
        assert!(!schedule.poll_due(start + 999 * MS));
        assert!(schedule.poll_due(start + 1000 * MS));
        assert!(!schedule.poll_due(start + 1001 * MS), "one request at a time");
        schedule.handle_renewed(start + 1002 * MS, true, 0.5);
        schedule.handle_asked();
        assert!(!schedule.poll_due(start + 1011 * MS), "not sooner than retry.backoff.ms");
        assert!(schedule.poll_due(start + 1012 * MS));
    }

    #[test]
    fn failures_wait_longer_each_time_and_ask_again() {
        let mut now = Instant::now();
        let mut schedule = schedule(now);
        schedule.handle_asked();
        for wait in [10, 20, 40, 40] {
            assert!(schedule.poll_due(now));
            schedule.handle_failed(now, 0.5);
            assert_eq!(schedule.deadline(), Some(now + wait * MS));
            now += wait * MS;
        }
    }

    #[test]
    fn an_incomplete_view_is_asked_for_at_growing_distances() {
        let mut now = Instant::now();
        let mut schedule = schedule(now);
        for wait in [10, 20, 40] {
            schedule.handle_asked();
            assert!(schedule.poll_due(now));
            schedule.handle_renewed(now, false, 0.5);
            schedule.handle_asked();
            assert_eq!(schedule.deadline(), Some(now + wait * MS));
            now += wait * MS;
        }
    }

    #[test]
    fn whoever_asks_during_a_request_is_heard_after_it() {
        let start = Instant::now();
        let mut schedule = schedule(start);
        schedule.handle_asked();
        assert!(schedule.poll_due(start));
        schedule.handle_asked();
        schedule.handle_renewed(start + MS, true, 0.5);
        assert_eq!(schedule.deadline(), Some(start + 11 * MS));
    }
}

//! Whether the cluster answers: that it does not is said once when it begins, and once when it is over.

use std::time::{Duration, Instant};

pub(super) mod shared;

/// What was last heard of a cluster.
#[derive(Debug, Default)]
pub(crate) struct Outage {
    since: Option<Instant>,
    /// When a broker answered last.
    answered_at: Option<Instant>,
}

impl Outage {
    /// An attempt failed; says whether the outage begins with it. One that began before the cluster last answered
    /// tells nothing new.
    pub(crate) fn handle_failed(&mut self, began: Instant, now: Instant) -> bool {
        let begins = self.since.is_none() && self.answered_at.is_none_or(|at| at <= began);
        if begins {
            self.since = Some(now);
        }
        begins
    }

    /// A broker answered; says how long the outage lasted that ends with it.
    pub(crate) fn handle_answered(&mut self, now: Instant) -> Option<Duration> {
        self.answered_at = Some(now);
        self.since.take().map(|since| now.saturating_duration_since(since))
    }
}

/// `1.5`, for a sentence.
pub(super) fn seconds(time: Duration) -> String {
    format!("{:.1}", time.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn it_is_said_once_when_it_begins_and_once_when_it_ends() {
        let start = Instant::now();
        let mut outage = Outage::default();
        assert_eq!(outage.handle_answered(start), None);
        assert!(outage.handle_failed(start, start + SECOND));
        assert!(!outage.handle_failed(start + SECOND, start + 2 * SECOND), "it is said already");
        assert_eq!(outage.handle_answered(start + 4 * SECOND), Some(3 * SECOND));
        assert_eq!(outage.handle_answered(start + 5 * SECOND), None);
        assert!(outage.handle_failed(start + 5 * SECOND, start + 6 * SECOND), "the next one");
    }

    #[test]
    fn an_attempt_from_before_the_last_answer_tells_nothing_new() {
        let start = Instant::now();
        let mut outage = Outage::default();
        outage.handle_answered(start + SECOND);
        assert!(!outage.handle_failed(start, start + 2 * SECOND));
        assert!(outage.handle_failed(start + SECOND, start + 2 * SECOND));
    }
}

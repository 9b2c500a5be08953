//! When a consumer of a group commits by itself: `enable.auto.commit`.

use std::time::{Duration, Instant};

/// The moments at which what the caller has taken is committed. There are none unless they were asked for.
#[derive(Debug)]
pub(super) struct AutoCommit {
    /// `auto.commit.interval.ms`.
    interval: Duration,
    /// When to commit next; `None` where the caller commits.
    due: Option<Instant>,
}

impl AutoCommit {
    pub(super) fn new(is_enabled: bool, interval: Duration, now: Instant) -> Self {
        Self { interval, due: is_enabled.then(|| now + interval) }
    }

    /// Whether what was taken is committed before partitions are let go.
    pub(super) fn is_enabled(&self) -> bool {
        self.due.is_some()
    }

    /// The caller asks for more, so it has taken what was handed over. True when that is to be committed now.
    pub(super) fn handle_taken(&mut self, now: Instant) -> bool {
        let is_due = self.due.is_some_and(|due| due <= now);
        if is_due {
            self.due = Some(now + self.interval);
        }
        is_due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_taken_is_committed_once_an_interval_and_only_where_asked_for() {
        let (start, second) = (Instant::now(), Duration::from_secs(1));
        let mut commits = AutoCommit::new(true, 5 * second, start);
        let due = [4, 5, 6, 9, 10, 31, 32].map(|at| commits.handle_taken(start + at * second));
        assert_eq!(due, [false, true, false, false, true, true, false]);
        let mut never = AutoCommit::new(false, 5 * second, start);
        assert!(!never.is_enabled() && !never.handle_taken(start + 60 * second));
    }
}

//! How long a topic that brokers do not know is looked for. It may be new, and not every broker knows it yet.

use std::time::{Duration, Instant};

/// Counts from the first answer that does not know the topic, for `topic.metadata.propagation.max.ms`.
#[derive(Debug)]
pub(crate) struct PropagationTimeout {
    limit: Duration,
    since: Option<Instant>,
}

impl PropagationTimeout {
    pub(crate) fn new(limit: Duration) -> Self {
        Self { limit, since: None }
    }

    /// An answer, or what is left of one: whether it says that there is no such topic.
    pub(crate) fn handle_answer(&mut self, unknown: bool, now: Instant) {
        self.since = if unknown { self.since.or(Some(now)) } else { None };
    }

    /// When looking for it ends; `None` while no answer was against it.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        // A limit beyond the clock's end is none.
        self.since?.checked_add(self.limit)
    }

    /// Whether it has ended.
    pub(crate) fn is_over(&self, now: Instant) -> bool {
        self.deadline().is_some_and(|end| end <= now)
    }

    /// How long it lasts, for a sentence.
    pub(crate) fn limit_ms(&self) -> u128 {
        self.limit.as_millis()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_counts_from_the_first_answer_against_the_topic_and_anew_after_another() {
        let (now, second) = (Instant::now(), Duration::from_secs(1));
        let mut patience = PropagationTimeout::new(5 * second);
        assert_eq!(patience.deadline(), None);
        patience.handle_answer(true, now);
        patience.handle_answer(true, now + second);
        assert_eq!(patience.deadline(), Some(now + 5 * second));
        assert!(!patience.is_over(now + 4 * second) && patience.is_over(now + 5 * second));
        patience.handle_answer(false, now + 2 * second);
        patience.handle_answer(true, now + 3 * second);
        assert_eq!(patience.deadline(), Some(now + 8 * second));
    }
}

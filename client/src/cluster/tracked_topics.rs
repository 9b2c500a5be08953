//! Which topics metadata is asked for. A topic stays while somebody is interested in it (as in Java's
//! `ProducerMetadata`).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The topics that the view keeps. One that only producers use is forgotten after `metadata.max.idle.ms` without use.
#[derive(Debug)]
pub(crate) struct TrackedTopics {
    idle_max: Duration,
    topics: BTreeMap<Arc<str>, TopicUse>,
}

/// How a topic is used.
#[derive(Clone, Copy, Debug)]
struct TopicUse {
    /// When it was last; `None` stays for good.
    last: Option<Instant>,
    /// Whether somebody writes to it, so that it may be created when it is missing.
    written: bool,
}

/// How long a topic is kept in the view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TopicInterest {
    /// While the client lives.
    Lasting,
    /// While it is used: each use says so again.
    WhileUsed,
    /// The same, for a producer: the topic may be created when it is missing. A consumer never creates one.
    WhileWritten,
}

impl TrackedTopics {
    pub(crate) fn new(idle_max: Duration) -> Self {
        Self { idle_max, topics: BTreeMap::new() }
    }

    /// Somebody uses the topic. True if it was not tracked before.
    pub(crate) fn handle_interest(&mut self, topic: Arc<str>, interest: TopicInterest, now: Instant) -> bool {
        let last = match interest {
            TopicInterest::Lasting => None,
            TopicInterest::WhileUsed | TopicInterest::WhileWritten => Some(now),
        };
        let before = self.topics.get(&topic).copied();
        let stays = before.is_some_and(|before| before.last.is_none());
        let written = interest == TopicInterest::WhileWritten || before.is_some_and(|before| before.written);
        self.topics.insert(topic, TopicUse { last: last.filter(|_| !stays), written });
        before.is_none()
    }

    /// The topics to ask for now. Those that were idle for too long are forgotten.
    pub(crate) fn poll(&mut self, now: Instant) -> impl Iterator<Item = &Arc<str>> {
        let idle_max = self.idle_max;
        let idle = |used: Instant| now.saturating_duration_since(used) >= idle_max;
        self.topics.retain(|topic, used| {
            let stays = !used.last.is_some_and(idle);
            if !stays {
                tracing::debug!(topic = &**topic, "idle, and no longer asked for");
            }
            stays
        });
        self.topics.keys()
    }

    /// The topics that somebody writes to.
    pub(crate) fn written(&self) -> impl Iterator<Item = &Arc<str>> {
        self.topics.iter().filter(|(_, used)| used.written).map(|(topic, _)| topic)
    }

    /// All topics.
    pub(crate) fn topics(&self) -> impl Iterator<Item = &Arc<str>> {
        self.topics.keys()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn polled(tracked: &mut TrackedTopics, now: Instant) -> Vec<String> {
        tracked.poll(now).map(ToString::to_string).collect()
    }

    #[test]
    fn a_topic_is_asked_for_until_it_was_idle_for_too_long_and_again_when_it_is_used() {
        let start = Instant::now();
        let mut tracked = TrackedTopics::new(100 * MS);
        assert!(tracked.handle_interest("a".into(), TopicInterest::WhileUsed, start));
        assert!(tracked.handle_interest("b".into(), TopicInterest::WhileUsed, start));
        assert!(!tracked.handle_interest("b".into(), TopicInterest::WhileUsed, start + 50 * MS));
        assert_eq!(polled(&mut tracked, start + 99 * MS), ["a", "b"]);
        assert_eq!(polled(&mut tracked, start + 100 * MS), ["b"]);
        assert!(
            tracked.handle_interest("a".into(), TopicInterest::WhileUsed, start + 150 * MS),
            "it was forgotten"
        );
        assert_eq!(polled(&mut tracked, start + 150 * MS), ["a"]);
    }

    #[test]
    fn what_a_consumer_wants_stays_whatever_a_producer_does_with_it() {
        let start = Instant::now();
        let mut tracked = TrackedTopics::new(100 * MS);
        tracked.handle_interest("a".into(), TopicInterest::WhileUsed, start);
        tracked.handle_interest("a".into(), TopicInterest::Lasting, start);
        tracked.handle_interest("a".into(), TopicInterest::WhileUsed, start);
        assert_eq!(polled(&mut tracked, start + 1000 * MS), ["a"]);
    }

    #[test]
    fn only_what_is_written_may_be_created_whoever_reads_it_too() {
        let start = Instant::now();
        let mut tracked = TrackedTopics::new(100 * MS);
        for (topic, interest) in [
            ("a", TopicInterest::Lasting),
            ("b", TopicInterest::WhileUsed),
            ("c", TopicInterest::WhileWritten),
            ("a", TopicInterest::WhileWritten),
            ("c", TopicInterest::Lasting),
        ] {
            tracked.handle_interest(topic.into(), interest, start);
        }
        assert_eq!(tracked.written().map(|topic| &**topic).collect::<Vec<_>>(), ["a", "c"]);
        assert_eq!(polled(&mut tracked, start + 1000 * MS), ["a", "c"], "a reader's want lasts");
    }
}

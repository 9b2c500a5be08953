//! Which brokers take what is sent to them (`partitioner.availability.timeout.ms`).

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Since when something has waited for each broker: for a connection, or for room on it.
#[derive(Debug)]
pub(crate) struct Availability {
    timeout: Duration,
    /// Brokers that nothing waits for are not in it.
    waiting: BTreeMap<i32, Instant>,
}

impl Availability {
    pub(crate) fn new(timeout: Duration) -> Self {
        Self { timeout, waiting: BTreeMap::new() }
    }

    /// The broker took a request.
    pub(crate) fn handle_drained(&mut self, node: i32) {
        self.waiting.remove(&node);
    }

    /// These brokers, and no others, are behind: batches wait for them, or as many requests are in flight to them as may
    /// be.
    pub(crate) fn handle_ready(&mut self, nodes: &[i32], now: Instant) {
        self.waiting.retain(|node, _| nodes.contains(node));
        for node in nodes {
            self.waiting.entry(*node).or_insert(now);
        }
    }

    /// Whether keyless records may be given to it.
    pub(crate) fn is_available(&self, node: i32, now: Instant) -> bool {
        let waits = |since: &Instant| now.saturating_duration_since(*since);
        self.waiting.get(&node).is_none_or(|since| waits(since) <= self.timeout)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broker_that_takes_nothing_for_too_long_is_left_out_until_it_takes_something() {
        let (start, ms) = (Instant::now(), Duration::from_millis);
        let mut availability = Availability::new(ms(100));
        assert!(availability.is_available(1, start), "nothing waits for it");
        availability.handle_ready(&[1, 2], start);
        availability.handle_ready(&[1, 2], start + ms(60));
        assert!(availability.is_available(1, start + ms(100)));
        assert!(!availability.is_available(1, start + ms(101)), "it counts from the first time");
        availability.handle_drained(1);
        availability.handle_ready(&[1, 2], start + ms(101));
        assert!(availability.is_available(1, start + ms(201)), "it took something in between");
        assert!(!availability.is_available(2, start + ms(201)));
    }

    #[test]
    fn a_broker_that_nothing_waits_for_any_more_may_be_tried_again() {
        let (start, ms) = (Instant::now(), Duration::from_millis);
        let mut availability = Availability::new(ms(100));
        availability.handle_ready(&[1], start);
        availability.handle_ready(&[], start + ms(200));
        assert!(availability.is_available(1, start + ms(200)));
    }
}

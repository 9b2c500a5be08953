//! Which batches make a broker's next Produce request.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use super::Dispatch;
use super::requests::{OutgoingBatches, SentBatch};
use crate::producer::sequence::Readiness;

impl Dispatch {
    /// Brokers that something waits for and that take one more request.
    pub(crate) fn poll_ready_brokers(&mut self, now: Instant) -> Vec<i32> {
        let mut nodes = Vec::new();
        for (node, broker) in &mut self.brokers {
            broker.handle_timeout(now);
            if !broker.ready.is_empty() && broker.takes_request(self.config.in_flight_max, now) {
                nodes.push(*node);
            }
        }
        if self.is_held(now) {
            return Vec::new();
        }
        nodes.retain(|node| self.is_awaited(*node, now));
        nodes
    }

    fn is_held(&self, now: Instant) -> bool {
        self.held_from.is_some_and(|moment| moment <= now)
    }

    /// Whether a partition still has a batch for this broker. Those that have not lose their place, so that nobody
    /// looks for a broker which is gone once others lead.
    fn is_awaited(&mut self, node: i32, now: Instant) -> bool {
        while let Some(at) = self.brokers.get(&node).and_then(|broker| broker.ready.front().copied()) {
            if self.has_batch_for(at, node, now) {
                return true;
            }
            self.brokers.entry(node).or_default().ready.pop_front();
            if let Some(queue) = self.queues.get_mut(at).and_then(Option::as_mut)
                && queue.ready_at == Some(node)
            {
                queue.ready_at = None;
                self.schedule(at, now);
            }
        }
        false
    }

    fn has_batch_for(&mut self, at: usize, node: i32, now: Instant) -> bool {
        let Self { queues, writer, .. } = self;
        queues.get(at).and_then(Option::as_ref).is_some_and(|queue| {
            queue.ready_at == Some(node)
                && queue.destination() == Some(node)
                && matches!(queue.sequence.readiness(now), Readiness::Now(_))
                // It may have become ready in the transaction before.
                && writer.admits(&queue.partition)
        })
    }

    /// The next request for a broker: at most one batch of each partition, within the size.
    pub(crate) fn poll_request(&mut self, node: i32, now: Instant) -> Option<OutgoingBatches> {
        let broker = self.brokers.get(&node).filter(|_| !self.is_held(now))?;
        if !broker.takes_request(self.config.in_flight_max, now) {
            return None;
        }
        let mut batches = self.take_batches(node, now);
        if batches.is_empty() {
            return None;
        }
        self.brokers.get_mut(&node)?.in_flight += 1;
        batches.sort_by(|a, b| a.partition.topic.cmp(&b.partition.topic));
        let transactions = self.writer.transactions();
        let transaction = transactions.map(|it| {
            it.handle_sent();
            (Arc::clone(it.id()), it.protocol())
        });
        Some(OutgoingBatches { node, batches, transaction })
    }

    fn take_batches(&mut self, node: i32, now: Instant) -> Vec<SentBatch> {
        let (mut batches, mut bytes) = (Vec::new(), 0);
        for _ in 0..self.brokers.get(&node).map_or(0, |broker| broker.ready.len()) {
            let Some(at) = self.brokers.get_mut(&node).and_then(|broker| broker.ready.pop_front()) else {
                break;
            };
            let Some(queue) = self.queues.get_mut(at).and_then(Option::as_mut) else { continue };
            if queue.ready_at != Some(node) {
                continue;
            }
            queue.ready_at = None;
            if queue.destination() == Some(node)
                && let Readiness::Now(size) = queue.sequence.readiness(now)
                && self.writer.admits(&queue.partition)
            {
                if !batches.is_empty() && bytes + size > self.request_bytes_max {
                    self.return_to_front(at, node);
                    break;
                }
                bytes += size;
                batches.extend(queue.poll_batch(node, now));
            }
            self.schedule(at, now);
        }
        batches
    }

    fn return_to_front(&mut self, at: usize, node: i32) {
        if let (Some(Some(queue)), Some(broker)) = (self.queues.get_mut(at), self.brokers.get_mut(&node)) {
            queue.ready_at = Some(node);
            broker.ready.push_front(at);
        }
    }

    /// Brokers that have not yet taken what waits for them, or to which as many requests are in flight as may be.
    pub(crate) fn brokers_behind(&self) -> Vec<i32> {
        let full = self.brokers.iter().filter(|(_, broker)| broker.in_flight >= self.config.in_flight_max);
        let waiting = self.queues.iter().flatten().filter(|queue| queue.sequence.waiting() > 0);
        let behind: BTreeSet<i32> =
            full.map(|(id, _)| *id).chain(waiting.filter_map(|queue| queue.leader)).collect();
        behind.into_iter().collect()
    }

    /// A request was answered, or will never be.
    pub(crate) fn handle_request_done(&mut self, node: i32) {
        if let Some(broker) = self.brokers.get_mut(&node) {
            broker.in_flight = broker.in_flight.saturating_sub(1);
        }
    }
}

//! Which batches make a broker's next Produce request.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use super::Dispatch;
use crate::producer::coordinator_request::Protocol;
use crate::producer::partition::Partition;
use crate::producer::sequence::{InFlightBatch, Readiness};

/// One request's batches, one per partition, ordered by topic.
#[derive(Debug)]
pub(crate) struct OutgoingBatches {
    pub(crate) node: i32,
    pub(crate) batches: Vec<SentBatch>,
    /// The transaction's id and how it is spoken of, if they belong to one.
    pub(crate) transaction: Option<(Arc<str>, Protocol)>,
}

/// A batch in a request.
#[derive(Debug)]
pub(crate) struct SentBatch {
    pub(crate) partition: Arc<Partition>,
    pub(crate) batch: InFlightBatch,
}

impl Dispatch {
    /// Brokers that something waits for and that take one more request.
    pub(crate) fn poll_ready_brokers(&mut self, now: Instant) -> Vec<i32> {
        let in_flight_max = self.config.in_flight_max;
        let open = |(id, broker): (&i32, &mut BrokerQueue)| {
            broker.not_before = broker.not_before.filter(|at| *at > now);
            let free = broker.in_flight < in_flight_max && broker.not_before.is_none();
            (free && !broker.ready.is_empty()).then_some(*id)
        };
        self.brokers.iter_mut().filter_map(open).collect()
    }

    /// The next request for a broker: at most one batch of each partition, within the size.
    pub(crate) fn poll_request(&mut self, node: i32, now: Instant) -> Option<OutgoingBatches> {
        let broker = self.brokers.get_mut(&node)?;
        if broker.in_flight >= self.config.in_flight_max || broker.not_before.is_some_and(|at| at > now) {
            return None;
        }
        let (mut batches, mut bytes) = (Vec::new(), 0);
        for _ in 0..broker.ready.len() {
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
                // It may have taken its place in the queue for the transaction before.
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

    /// Brokers that have not yet taken what waits for them, or all that may fly to them.
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

    fn return_to_front(&mut self, at: usize, node: i32) {
        if let (Some(Some(queue)), Some(broker)) = (self.queues.get_mut(at), self.brokers.get_mut(&node)) {
            queue.ready_at = Some(node);
            broker.ready.push_front(at);
        }
    }
}


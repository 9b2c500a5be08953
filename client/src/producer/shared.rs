//! What a producer's callers and its sender share; everything else belongs to one of the two.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::time::Instant;

use tokio::sync::Notify;

use super::accumulator::Accumulator;
use super::availability::Availability;
use super::leases::Leases;
use super::lock::Mutex;
use super::meter::Meter;
use super::orders::{OrderReply, Orders};
use super::partitioner::Partitioner;
use super::send_gate::SendGate;
use super::topic::{ProducerNumber, Topic, TopicUpdate};
use super::transactions::Order;
use crate::Error;
use crate::cluster::{Cluster, Metadata, TopicInterest};
use crate::environment::Clock;

/// The one place where callers and the sender meet. What is locked here is locked once per batch, request or view.
pub(super) struct ProducerShared {
    pub(super) accumulator: Accumulator,
    /// Wakes the sender: once per batch, never per record.
    pub(super) work: Arc<Notify>,
    /// Wakes a caller that waits for memory.
    pub(super) freed: Notify,
    pub(super) orders: Arc<Orders>,
    pub(super) gate: SendGate,
    /// Locked once per batch or request.
    pub(super) meter: Mutex<Meter>,
    pub(super) topics: Mutex<HashMap<Arc<str>, Topic>>,
    pub(super) partitioner: Option<Arc<dyn Partitioner>>,
    /// `None` where `partitioner.availability.timeout.ms` is off.
    pub(super) availability: Option<Arc<Mutex<Availability>>>,
    /// The rack whose leaders are preferred.
    pub(super) rack: Option<String>,
    pub(super) use_reported_at: Mutex<Instant>,
    pub(super) partition_numbers: AtomicUsize,
    pub(super) abandoned: AtomicBool,
    /// Locked once in each turn of the sender.
    pub(super) leases: Mutex<Leases>,
    pub(super) number: ProducerNumber,
    pub(super) clock: Clock,
}

impl ProducerShared {
    pub(super) fn update(&self, metadata: &Metadata) {
        let (rack_brokers, now) = (self.rack_brokers(metadata), self.clock.now());
        let topics = self.topics.lock();
        for topic in topics.values() {
            if let Some(known) = metadata.topics.get(topic.name()) {
                topic.update(
                    TopicUpdate { metadata: known, rack_brokers: &rack_brokers, now },
                    &self.partition_numbers,
                );
            }
        }
    }

    /// The brokers of this client's rack, where racks count.
    pub(super) fn rack_brokers(&self, metadata: &Metadata) -> Vec<i32> {
        let Some(rack) = &self.rack else { return Vec::new() };
        let near = metadata.brokers.iter().filter(|(_, broker)| broker.rack.as_ref() == Some(rack));
        near.map(|(node, _)| *node).collect()
    }

    /// A broker took a request.
    pub(super) fn handle_drained(&self, node: i32) {
        if let Some(availability) = &self.availability {
            availability.lock().handle_drained(node);
        }
    }

    /// These brokers are behind with what is sent to them.
    pub(super) fn handle_behind(&self, nodes: impl FnOnce() -> Vec<i32>, now: Instant) {
        if let Some(availability) = &self.availability {
            availability.lock().handle_ready(&nodes(), now);
        }
    }

    /// Reports which topics are in use, now and then, so that the cluster's task keeps them up to date.
    pub(super) fn report_used_topics(&self, cluster: &Cluster, now: Instant) {
        let mut reported_at = self.use_reported_at.lock();
        let interval = cluster.config().metadata_max_idle / USE_REPORTS_PER_IDLE;
        if now.saturating_duration_since(*reported_at) < interval {
            return;
        }
        for topic in self.topics.lock().values().filter(|topic| topic.take_used()) {
            // Only when a topic is in use, so that the first use after a pause is reported at once.
            *reported_at = now;
            // When the mailbox is full, the next time will do: there are several before the topic is idle.
            _ = cluster.track(topic.name_shared(), TopicInterest::WhileWritten);
        }
    }

    /// Hands an order to the sender.
    pub(super) fn order(&self, order: Order, reply: Option<OrderReply>) {
        self.orders.push(order, reply);
    }

    /// Ends all lingering.
    pub(super) fn expedite(&self) {
        self.accumulator.expedite(self.clock.now());
        self.work.notify_one();
    }

    /// Gives up what is not answered, and everyone who waits learns of it.
    pub(super) fn abandon(&self, error: &Error) {
        self.abandoned.store(true, Relaxed);
        self.accumulator.abandon(error);
        self.freed.notify_waiters();
        self.work.notify_one();
    }

    pub(super) fn is_abandoned(&self) -> bool {
        self.abandoned.load(Relaxed)
    }
}

/// How many times in `metadata.max.idle.ms` the sender reports which topics are in use.
const USE_REPORTS_PER_IDLE: u32 = 8;

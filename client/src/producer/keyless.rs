//! The sticky partition of a topic, shared by all callers of `send`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering::Relaxed};
use std::time::Instant;

use super::availability::Availability;
use super::lock::Mutex;
use super::sticky::{Choice, Sticky, StickySettings};
use crate::cluster::TopicMetadata;

/// Where records without a key go: read once per record without a lock, changed at most once per closed batch.
#[derive(Debug)]
pub(crate) struct Keyless {
    current: AtomicUsize,
    state: Mutex<StickyState>,
    availability: Option<Arc<Mutex<Availability>>>,
    /// Whether any batch of the topic was closed since this was last asked.
    used: AtomicBool,
}

#[derive(Debug)]
struct StickyState {
    sticky: Sticky,
    /// By index.
    known: Vec<KnownPartition>,
}

/// What the sticky choice follows of a partition.
#[derive(Debug)]
struct KnownPartition {
    leader: Option<i32>,
    in_rack: bool,
    queued: Arc<AtomicU32>,
}

/// Counts one batch that is closed and not answered, for as long as the value lives: what KIP-794 calls a queue's size.
#[derive(Debug)]
pub(crate) struct QueuedBatch(Arc<AtomicU32>);

impl QueuedBatch {
    pub(crate) fn new(queue: &Arc<AtomicU32>) -> Self {
        queue.fetch_add(1, Relaxed);
        Self(Arc::clone(queue))
    }
}

impl Drop for QueuedBatch {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

impl Keyless {
    pub(crate) fn new(
        settings: StickySettings,
        seed: u64,
        availability: Option<Arc<Mutex<Availability>>>,
    ) -> Self {
        let state = StickyState { sticky: Sticky::new(settings, seed), known: Vec::new() };
        Self {
            current: AtomicUsize::new(0),
            state: Mutex::new(state),
            availability,
            used: AtomicBool::new(true),
        }
    }

    /// Where a record without a key goes now.
    #[inline]
    pub(crate) fn current(&self) -> usize {
        self.current.load(Relaxed)
    }

    /// Leaders moved, or partitions came. `rack_brokers` are the brokers of this client's rack, if that counts.
    pub(crate) fn update(
        &self,
        metadata: &TopicMetadata,
        rack_brokers: &[i32],
        queue: impl Fn(usize) -> Option<Arc<AtomicU32>>,
        now: Instant,
    ) {
        let known = metadata.partitions.iter().enumerate().map_while(|(index, partition)| {
            let in_rack = partition.leader.is_some_and(|leader| rack_brokers.contains(&leader));
            Some(KnownPartition { leader: partition.leader, in_rack, queued: queue(index)? })
        });
        let known = known.collect();
        self.change(now, |state, available| {
            state.known = known;
            state.sticky.handle_partitions(choices(&state.known, available));
        });
    }

    /// A batch of this partition was closed.
    pub(crate) fn closed(&self, partition: usize, bytes: usize, full: bool, now: Instant) {
        self.used.store(true, Relaxed);
        // Batches of keyed records mostly end here.
        if self.current() != partition {
            return;
        }
        self.change(now, |StickyState { sticky, known }, available| {
            sticky.handle_closed(partition, bytes, full, || choices(known, available));
        });
    }

    /// Whether records came since this was last asked, or are still on their way.
    pub(crate) fn take_used(&self) -> bool {
        let waits = |known: &KnownPartition| known.queued.load(Relaxed) > 0;
        self.used.swap(false, Relaxed) || self.state.lock().known.iter().any(waits)
    }

    fn change(&self, now: Instant, change: impl FnOnce(&mut StickyState, &dyn Fn(i32) -> bool)) {
        let mut state = self.state.lock();
        let availability = self.availability.as_ref().map(|known| known.lock());
        change(&mut state, &|node| availability.as_ref().is_none_or(|known| known.is_available(node, now)));
        self.current.store(state.sticky.current(), Relaxed);
    }
}

/// The partitions with a leader, or all when there are none.
fn choices(known: &[KnownPartition], available: impl Fn(i32) -> bool) -> impl Iterator<Item = Choice> {
    let led = known.iter().any(|partition| partition.leader.is_some());
    known.iter().enumerate().filter(move |(_, partition)| partition.leader.is_some() || !led).map(
        move |(index, partition)| Choice {
            partition: index,
            queued: partition.queued.load(Relaxed),
            available: partition.leader.is_none_or(&available),
            in_rack: partition.in_rack,
        },
    )
}

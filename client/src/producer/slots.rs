//! Where records of a topic's partitions are written: a slot for each, found without a lock.
//!
//! A slot holds its partition's open batch. Whatever a batch holds must not hold the slot, or an open batch that nobody
//! closes (its runtime died, or `close` ran out of time) would keep itself alive. So identity and slot are two things: a
//! batch, the dispatch and all requests hold the `Partition`; topics' handles and the accumulator hold the `Slot`.

use std::sync::atomic::{
    AtomicI32, AtomicU32, AtomicUsize, Ordering::Acquire, Ordering::Relaxed, Ordering::Release,
};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use super::batch::Batch;
use super::keyless::{Keyless, QueuedBatch};
use super::lock::Mutex;
use super::partition::Partition;
use crate::cluster::TopicMetadata;

/// The slots of one topic. Partitions that the topic gains later are added; none is ever taken away.
pub(crate) struct Slots {
    /// How many partitions there are just now.
    count: AtomicUsize,
    /// How many of them have a leader.
    led: AtomicUsize,
    segment: Segment,
}

/// Partitions known at one time, then those that came later: read without a lock.
struct Segment {
    slots: Box<[Arc<Slot>]>,
    next: OnceLock<Box<Segment>>,
}

/// One partition as callers of `send` see it, aligned so that two partitions share no cache line.
#[repr(align(128))]
#[derive(Debug)]
pub(crate) struct Slot {
    pub(crate) partition: Arc<Partition>,
    /// The accumulator's lock: held for one record's encoding.
    pub(crate) open: Mutex<OpenBatch>,
    /// Who leads it, as far as is known; -1 for nobody.
    leader: AtomicI32,
    /// How many of its batches are closed and not answered yet.
    queued: Arc<AtomicU32>,
    keyless: Arc<Keyless>,
}

/// What records are written into.
#[derive(Debug, Default)]
pub(crate) struct OpenBatch {
    pub(crate) batch: Option<Batch>,
    /// The size of the last one: the next is expected to be like it.
    pub(crate) last_size: usize,
}

/// What each new slot of a topic is made of.
#[derive(Clone, Copy)]
pub(crate) struct SlotSource<'a> {
    pub(crate) topic: &'a Arc<str>,
    pub(crate) keyless: &'a Arc<Keyless>,
    /// Numbers the partitions of all topics.
    pub(crate) numbers: &'a AtomicUsize,
}

impl Slots {
    /// Of a topic that has so many partitions. They count from the first update on.
    pub(crate) fn new(count: usize, source: SlotSource<'_>) -> Self {
        Self { count: AtomicUsize::new(0), led: AtomicUsize::new(0), segment: Segment::new(0..count, source) }
    }

    /// Takes over leaders and the number of partitions; says how many there were before.
    pub(crate) fn update(&self, metadata: &TopicMetadata, source: SlotSource<'_>) -> usize {
        let count = metadata.partitions.len();
        self.segment.reach(count, 0, source);
        for (index, known) in metadata.partitions.iter().enumerate() {
            if let Some(slot) = self.segment.get(index) {
                slot.leader.store(known.leader.unwrap_or(-1), Relaxed);
            }
        }
        let led = metadata.partitions.iter().filter(|partition| partition.leader.is_some()).count();
        self.led.store(led, Relaxed);
        self.count.swap(count, Release)
    }

    /// How many partitions there are just now.
    #[inline]
    pub(crate) fn count(&self) -> usize {
        self.count.load(Acquire)
    }

    /// How many of them have a leader.
    pub(crate) fn led(&self) -> usize {
        self.led.load(Relaxed)
    }

    /// Who leads a partition, as far as is known.
    pub(crate) fn leader(&self, partition: i32) -> Option<i32> {
        self.get(usize::try_from(partition).ok()?)?.leader()
    }

    /// The slot of a partition, be it one that the topic has lost.
    #[inline]
    pub(crate) fn get(&self, index: usize) -> Option<&Arc<Slot>> {
        self.segment.get(index)
    }
}

impl Segment {
    fn new(indexes: std::ops::Range<usize>, source: SlotSource<'_>) -> Self {
        Self {
            slots: indexes.map(|index| Arc::new(Slot::new(index, source))).collect(),
            next: OnceLock::new(),
        }
    }

    #[inline]
    fn get(&self, index: usize) -> Option<&Arc<Slot>> {
        match self.slots.get(index) {
            Some(slot) => Some(slot),
            None => self.next.get()?.get(index - self.slots.len()),
        }
    }

    /// Adds what is missing to `count`; this segment begins at `first`.
    fn reach(&self, count: usize, first: usize, source: SlotSource<'_>) {
        let end = first + self.slots.len();
        if end < count {
            let next = self.next.get_or_init(|| Box::new(Self::new(end..count, source)));
            next.reach(count, end, source);
        }
    }
}

impl Slot {
    fn new(index: usize, SlotSource { topic, keyless, numbers }: SlotSource<'_>) -> Self {
        let partition = Partition {
            topic: Arc::clone(topic),
            // A broker counts partitions in an i32.
            index: i32::try_from(index).unwrap_or(i32::MAX),
            number: numbers.fetch_add(1, Relaxed),
        };
        Self {
            partition: Arc::new(partition),
            open: Mutex::default(),
            leader: AtomicI32::new(-1),
            queued: Arc::default(),
            keyless: Arc::clone(keyless),
        }
    }

    /// Who leads it, as far as is known.
    pub(crate) fn leader(&self) -> Option<i32> {
        Some(self.leader.load(Relaxed)).filter(|node| *node >= 0)
    }

    /// Counts its batches that are closed and not answered yet.
    pub(crate) fn queued(&self) -> &Arc<AtomicU32> {
        &self.queued
    }

    /// A batch of it was closed, and stands in its queue while the value lives.
    pub(crate) fn closed(&self, bytes: usize, full: bool, now: Instant) -> QueuedBatch {
        let queued = QueuedBatch::new(&self.queued);
        if let Ok(index) = usize::try_from(self.partition.index) {
            self.keyless.closed(index, bytes, full, now);
        }
        queued
    }
}

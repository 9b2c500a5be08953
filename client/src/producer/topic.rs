//! A topic's handle: looked up once, so that no record hashes a name.

use std::sync::atomic::{
    AtomicBool, AtomicI32, AtomicU32, AtomicU64, AtomicUsize, Ordering::Acquire, Ordering::Relaxed,
    Ordering::Release, Ordering::SeqCst,
};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use super::availability::Availability;
use super::batch::Batch;
use super::keyless::{Keyless, Queued};
use super::lock::Mutex;
use super::partitioner::{Partitioner, Partitions, by_key, no_such_partition};
use super::sticky::StickySettings;
use crate::cluster::TopicMetadata;
use crate::{Error, ErrorKind, Record};

/// A topic as one producer sees it. Cheap to clone, fit to keep: partitions that the topic gains
/// later are used from then on.
#[derive(Clone)]
pub struct Topic(Arc<Shared>);

struct Shared {
    name: Arc<str>,
    /// Which producer's records its partitions hold.
    producer: u64,
    /// How many of `segment`'s partitions there are just now.
    count: AtomicUsize,
    segment: Segment,
    keyless: Arc<Keyless>,
    ignore_keys: bool,
    partitioner: Option<Arc<dyn Partitioner>>,
    /// How often the partitioner was asked.
    turns: AtomicU64,
    /// How many of the partitions have a leader.
    led: AtomicUsize,
}

/// Partitions known at one time, then those that came later: read without a lock.
struct Segment {
    partitions: Box<[Arc<Partition>]>,
    next: OnceLock<Box<Segment>>,
}

/// One partition as a producer sees it.
#[repr(align(128))]
#[derive(Debug)]
pub(crate) struct Partition {
    pub(crate) topic: Arc<str>,
    pub(crate) index: i32,
    /// Its number among all partitions of the producer.
    pub(crate) lane: usize,
    /// The accumulator's lock: held for one record's encoding.
    pub(crate) open: Mutex<Open>,
    /// Who leads it, as far as is known; -1 for nobody.
    leader: AtomicI32,
    /// How many of its batches are closed and not answered yet.
    queued: Arc<AtomicU32>,
    /// A closed batch of it waits already, so that another one closed could not leave either.
    backed_up: AtomicBool,
    keyless: Arc<Keyless>,
}

/// What records are written into.
#[derive(Debug, Default)]
pub(crate) struct Open {
    pub(crate) batch: Option<Batch>,
    /// The size of the last one: the next is expected to be like it.
    pub(crate) last_size: usize,
}

/// What a topic's handle needs beside the topic.
pub(crate) struct TopicSettings {
    pub(crate) producer: u64,
    pub(crate) sticky: StickySettings,
    pub(crate) ignore_keys: bool,
    /// Chance for the sticky choice.
    pub(crate) seed: u64,
    pub(crate) availability: Option<Arc<Mutex<Availability>>>,
    pub(crate) partitioner: Option<Arc<dyn Partitioner>>,
}

/// What a newer view of the cluster says of a topic, and what its partitions are chosen by.
#[derive(Clone, Copy)]
pub(crate) struct News<'a> {
    pub(crate) metadata: &'a TopicMetadata,
    /// The brokers of this client's rack, if that counts.
    pub(crate) near: &'a [i32],
    pub(crate) now: Instant,
}

impl Topic {
    /// The topic's name.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// How many partitions it has.
    pub fn partitions(&self) -> usize {
        self.0.count.load(Acquire)
    }

    /// `lanes` numbers the partitions of all topics.
    pub(crate) fn new(news: News<'_>, settings: &TopicSettings, lanes: &AtomicUsize) -> Self {
        let keyless = Arc::new(Keyless::new(settings.sticky, settings.seed, settings.availability.clone()));
        let (name, count) = (&news.metadata.name, news.metadata.partitions.len());
        let topic = Self(Arc::new(Shared {
            name: Arc::clone(name),
            producer: settings.producer,
            count: AtomicUsize::new(0),
            segment: Segment::new(name, 0..count, &keyless, lanes),
            keyless,
            ignore_keys: settings.ignore_keys,
            partitioner: settings.partitioner.clone(),
            turns: AtomicU64::new(0),
            led: AtomicUsize::new(0),
        }));
        topic.update(news, lanes);
        topic
    }

    pub(crate) fn name_shared(&self) -> &Arc<str> {
        &self.0.name
    }

    pub(crate) fn producer(&self) -> u64 {
        self.0.producer
    }

    /// Takes over leaders and the number of partitions.
    pub(crate) fn update(&self, News { metadata, near, now }: News<'_>, lanes: &AtomicUsize) {
        let (before, count) = (self.partitions(), metadata.partitions.len());
        self.0.segment.reach(count, 0, &self.0.name, &self.0.keyless, lanes);
        for (index, known) in metadata.partitions.iter().enumerate() {
            if let Some(partition) = self.0.segment.get(index) {
                partition.leader.store(known.leader.unwrap_or(-1), Relaxed);
            }
        }
        let led = metadata.partitions.iter().filter(|partition| partition.leader.is_some()).count();
        self.0.led.store(led, Relaxed);
        self.0.count.store(count, Release);
        let queue = |index| self.0.segment.get(index).map(|partition| Arc::clone(&partition.queued));
        self.0.keyless.update(metadata, near, queue, now);
        if before != 0 && before != count {
            tracing::info!(
                topic = &*self.0.name,
                before,
                now = count,
                "the number of partitions changed: from now on a key may go elsewhere"
            );
        }
    }

    /// Where the record goes. Records of a key follow the number of partitions known just now.
    #[inline]
    pub(crate) fn place(&self, record: &Record<'_>) -> Result<&Arc<Partition>, Misplaced> {
        let count = self.0.count.load(Acquire);
        let index = match (record.partition, record.key) {
            (Some(index), _) => usize::try_from(index).unwrap_or(usize::MAX),
            (None, Some(key)) if !self.0.ignore_keys => by_key(key, count),
            _ => self.0.keyless.current(),
        };
        let known = if index < count { self.0.segment.get(index) } else { None };
        known.ok_or(Misplaced { count })
    }

    /// Lets the user's partitioner choose, where there is one and the record names no partition.
    #[inline]
    pub(crate) fn choose(&self, record: &mut Record<'_>) -> Result<(), Error> {
        match &self.0.partitioner {
            Some(partitioner) if record.partition.is_none() => self.ask(&**partitioner, record),
            _ => Ok(()),
        }
    }

    fn ask(&self, partitioner: &dyn Partitioner, record: &mut Record<'_>) -> Result<(), Error> {
        let partitions = Partitions::new(self, self.0.turns.fetch_add(1, Relaxed));
        record.partition = partitioner.partition(record, &partitions);
        match record.partition {
            Some(chosen) if usize::try_from(chosen).is_ok_and(|chosen| chosen < partitions.count()) => Ok(()),
            Some(chosen) => Err(no_such_partition(self.name(), chosen, partitions.count())),
            None => Ok(()),
        }
    }

    /// Whether records came since this was last asked, or are still on their way.
    pub(crate) fn take_used(&self) -> bool {
        self.0.keyless.take_used()
    }

    /// Who leads a partition, as far as is known.
    pub(crate) fn leader(&self, partition: i32) -> Option<i32> {
        self.0.segment.get(usize::try_from(partition).ok()?)?.leader()
    }

    /// How many partitions have a leader.
    pub(crate) fn led(&self) -> usize {
        self.0.led.load(Relaxed)
    }
}

/// The partition asked for is not among those known.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Misplaced {
    count: usize,
}

impl Misplaced {
    #[cold]
    pub(crate) fn error(self, record: &Record<'_>) -> Error {
        let asked = record.partition.unwrap_or(-1);
        let sentence = match self.count {
            0 => "the topic has no partitions".to_owned(),
            count => format!("no such partition: the topic has {count}, from 0 to {}", count - 1),
        };
        Error::new(ErrorKind::UnknownTopic, sentence).with_topic(record.topic.name()).with_partition(asked)
    }
}

impl Segment {
    fn new(
        topic: &Arc<str>,
        indexes: std::ops::Range<usize>,
        keyless: &Arc<Keyless>,
        lanes: &AtomicUsize,
    ) -> Self {
        let partition = |index| Partition {
            topic: Arc::clone(topic),
            // A broker counts partitions in an i32.
            index: i32::try_from(index).unwrap_or(i32::MAX),
            lane: lanes.fetch_add(1, Relaxed),
            open: Mutex::default(),
            leader: AtomicI32::new(-1),
            backed_up: AtomicBool::new(false),
            queued: Arc::default(),
            keyless: Arc::clone(keyless),
        };
        Self { partitions: indexes.map(|index| Arc::new(partition(index))).collect(), next: OnceLock::new() }
    }

    #[inline]
    fn get(&self, index: usize) -> Option<&Arc<Partition>> {
        match self.partitions.get(index) {
            Some(partition) => Some(partition),
            None => self.next.get()?.get(index - self.partitions.len()),
        }
    }

    /// Adds what is missing to `count`; this segment begins at `first`.
    fn reach(
        &self,
        count: usize,
        first: usize,
        topic: &Arc<str>,
        keyless: &Arc<Keyless>,
        lanes: &AtomicUsize,
    ) {
        let end = first + self.partitions.len();
        if end < count {
            let next = self.next.get_or_init(|| Box::new(Self::new(topic, end..count, keyless, lanes)));
            next.reach(count, end, topic, keyless, lanes);
        }
    }
}

impl Partition {
    /// Who leads it, as far as is known.
    pub(crate) fn leader(&self) -> Option<i32> {
        Some(self.leader.load(Relaxed)).filter(|node| *node >= 0)
    }

    /// A batch of it was closed, and stands in its queue while the value lives.
    pub(crate) fn closed(&self, bytes: usize, full: bool, now: Instant) -> Queued {
        let queued = Queued::new(&self.queued);
        if let Ok(index) = usize::try_from(self.index) {
            self.keyless.closed(index, bytes, full, now);
        }
        queued
    }

    /// Whether a closed batch of it waits already.
    pub(crate) fn is_backed_up(&self) -> bool {
        self.backed_up.load(SeqCst)
    }

    /// Says whether one waits; returns whether one did before.
    pub(crate) fn back_up(&self, waits: bool) -> bool {
        self.backed_up.swap(waits, SeqCst)
    }

    #[cfg(test)]
    pub(crate) fn lead_by(&self, node: i32) {
        self.leader.store(node, Relaxed);
    }
}

impl std::fmt::Debug for Topic {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Topic({}, {} partitions)", self.name(), self.partitions())
    }
}

#[cfg(test)]
pub(crate) mod tests;

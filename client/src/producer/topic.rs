//! A topic's handle: decides which partition a record goes to, and finds its slot.
//!
//! It is looked up by name once and then used for all records, so that no record hashes a name.
//!
//! **It decides** by the first of these that there is:
//! 1. the partition that the record names;
//! 2. what the user's [`Partitioner`] says, which is asked once for each record (`apply_partitioner`);
//! 3. the record's key: murmur2 over the number of partitions, as in Java;
//! 4. the sticky partition of the topic (`keyless`; KIP-480, KIP-794), also for keys where `partitioner.ignore.keys`.
//!
//! **It hears** one event: a newer view of the cluster (`update`), told by the sender's task or by a caller who waited
//! for it. That brings leaders, the number of partitions, and which brokers stand in this client's rack.
//!
//! **Shared.** Clones of the handle and the producer share one state. `send` reads it without a lock: the number of
//! partitions, the sticky partition, and the slots, to which others are only ever added.
//!
//! **Must never happen**
//! - A key moves because a leader is gone: only the number of partitions counts. When that changes, a line says so.
//! - A record goes to a partition that the topic does not have, be it that it was deleted and made again with fewer.
//! - A record of another producer's handle enters: its transaction, and its memory, are others. The handle knows the
//!   [`ProducerNumber`] of its own.

use std::num::NonZeroU64;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::Instant;

use super::availability::Availability;
use super::keyless::Keyless;
use super::lock::Mutex;
use super::partitioner::{Partitioner, Partitions, by_key, no_such_partition};
use super::slots::{Slot, SlotSource, Slots};
use super::sticky::StickySettings;
use crate::cluster::TopicMetadata;
use crate::{Error, ErrorKind, Record};

/// A topic as one producer sees it. Cheap to clone, fit to keep: partitions that the topic gains
/// later are used from then on.
#[derive(Clone)]
pub struct Topic(Arc<TopicState>);

struct TopicState {
    name: Arc<str>,
    /// Which producer's records its partitions hold.
    producer: ProducerNumber,
    slots: Slots,
    keyless: Arc<Keyless>,
    ignore_keys: bool,
    partitioner: Option<Arc<dyn Partitioner>>,
    /// How often the partitioner was asked.
    turns: AtomicU64,
}

/// Tells the producers of a process apart, since a topic's handle is good for the one that it was taken from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ProducerNumber(NonZeroU64);

/// What a topic's handle needs beside the topic.
pub(crate) struct TopicSettings {
    pub(crate) producer: ProducerNumber,
    pub(crate) sticky: StickySettings,
    pub(crate) ignore_keys: bool,
    /// Chance for the sticky choice.
    pub(crate) seed: u64,
    pub(crate) availability: Option<Arc<Mutex<Availability>>>,
    pub(crate) partitioner: Option<Arc<dyn Partitioner>>,
}

/// What a newer view of the cluster says of a topic, and what its partitions are chosen by.
#[derive(Clone, Copy)]
pub(crate) struct TopicUpdate<'a> {
    pub(crate) metadata: &'a TopicMetadata,
    /// The brokers of this client's rack, if that counts.
    pub(crate) rack_brokers: &'a [i32],
    pub(crate) now: Instant,
}

impl Topic {
    /// The topic's name.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// How many partitions it has.
    pub fn partitions(&self) -> usize {
        self.0.slots.count()
    }

    /// `numbers` numbers the partitions of all topics.
    pub(crate) fn new(update: TopicUpdate<'_>, settings: &TopicSettings, numbers: &AtomicUsize) -> Self {
        let keyless = Arc::new(Keyless::new(settings.sticky, settings.seed, settings.availability.clone()));
        let (topic, count) = (&update.metadata.name, update.metadata.partitions.len());
        let slots = Slots::new(count, SlotSource { topic, keyless: &keyless, numbers });
        let topic = Self(Arc::new(TopicState {
            name: Arc::clone(topic),
            producer: settings.producer,
            slots,
            keyless,
            ignore_keys: settings.ignore_keys,
            partitioner: settings.partitioner.clone(),
            turns: AtomicU64::new(0),
        }));
        topic.update(update, numbers);
        topic
    }

    pub(crate) fn name_shared(&self) -> &Arc<str> {
        &self.0.name
    }

    pub(crate) fn producer(&self) -> ProducerNumber {
        self.0.producer
    }

    /// Takes over leaders and the number of partitions from a newer view of the cluster.
    pub(crate) fn update(
        &self,
        TopicUpdate { metadata, rack_brokers, now }: TopicUpdate<'_>,
        numbers: &AtomicUsize,
    ) {
        let TopicState { name, slots, keyless, .. } = &*self.0;
        let count = metadata.partitions.len();
        let before = slots.update(metadata, SlotSource { topic: name, keyless, numbers });
        keyless.update(
            metadata,
            rack_brokers,
            |index| slots.get(index).map(|slot| Arc::clone(slot.queued())),
            now,
        );
        if before != 0 && before != count {
            tracing::info!(
                topic = &**name,
                before,
                now = count,
                "the number of partitions changed: from now on a key may go elsewhere"
            );
        }
    }

    /// The slot of the partition that the record goes to, by the number of partitions known just now.
    #[inline]
    pub(crate) fn slot_for(&self, record: &Record<'_>) -> Result<&Arc<Slot>, NoSuchPartition> {
        let count = self.0.slots.count();
        let index = match (record.partition, record.key) {
            (Some(index), _) => usize::try_from(index).unwrap_or(usize::MAX),
            (None, Some(key)) if !self.0.ignore_keys => by_key(key, count),
            _ => self.0.keyless.current(),
        };
        let known = if index < count { self.0.slots.get(index) } else { None };
        known.ok_or(NoSuchPartition { count })
    }

    /// Lets the user's partitioner choose, where there is one and the record names no partition.
    #[inline]
    pub(crate) fn apply_partitioner(&self, record: &mut Record<'_>) -> Result<(), Error> {
        match &self.0.partitioner {
            Some(partitioner) if record.partition.is_none() => self.ask_partitioner(&**partitioner, record),
            _ => Ok(()),
        }
    }

    fn ask_partitioner(&self, partitioner: &dyn Partitioner, record: &mut Record<'_>) -> Result<(), Error> {
        let partitions = Partitions::new(&self.0.slots, self.0.turns.fetch_add(1, Relaxed));
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
}

impl ProducerNumber {
    /// One that no other producer of this process has.
    pub(crate) fn next() -> Self {
        static LAST: AtomicU64 = AtomicU64::new(0);
        Self(NonZeroU64::new(LAST.fetch_add(1, Relaxed) + 1).unwrap_or(NonZeroU64::MIN))
    }
}

impl std::fmt::Display for ProducerNumber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// The partition asked for is not among those known.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NoSuchPartition {
    count: usize,
}

impl NoSuchPartition {
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

impl std::fmt::Debug for Topic {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Topic({}, {} partitions)", self.name(), self.partitions())
    }
}

#[cfg(test)]
pub(crate) mod tests;

//! A topic's handle: looked up once, so that no record hashes a name.

use std::sync::atomic::{AtomicI32, AtomicUsize, Ordering::Acquire, Ordering::Relaxed, Ordering::Release};
use std::sync::{Arc, OnceLock};

use super::batch::Batch;
use super::lock::Mutex;
use super::partitioner::{Sticky, by_key};
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
    keyless: Arc<Keyless>,
}

/// What records are written into.
#[derive(Debug, Default)]
pub(crate) struct Open {
    pub(crate) batch: Option<Batch>,
    /// The size of the last one: the next is expected to be like it.
    pub(crate) last_size: usize,
}

/// Where records without a key go.
#[derive(Debug)]
struct Keyless {
    /// `sticky`'s choice, to be read without the lock.
    current: AtomicUsize,
    sticky: Mutex<Sticky>,
}

/// What a topic's handle needs beside the topic.
pub(crate) struct TopicSettings {
    pub(crate) producer: u64,
    pub(crate) batch_size: usize,
    pub(crate) ignore_keys: bool,
    /// Chance for the sticky choice.
    pub(crate) seed: u64,
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
    pub(crate) fn new(metadata: &TopicMetadata, settings: &TopicSettings, lanes: &AtomicUsize) -> Self {
        let keyless = Arc::new(Keyless {
            current: AtomicUsize::new(0),
            sticky: Mutex::new(Sticky::new(settings.batch_size, settings.seed)),
        });
        let count = metadata.partitions.len();
        let topic = Self(Arc::new(Shared {
            name: Arc::clone(&metadata.name),
            producer: settings.producer,
            count: AtomicUsize::new(0),
            segment: Segment::new(&metadata.name, 0..count, &keyless, lanes),
            keyless,
            ignore_keys: settings.ignore_keys,
        }));
        topic.update(metadata, lanes);
        topic
    }

    pub(crate) fn producer(&self) -> u64 {
        self.0.producer
    }

    /// Takes over leaders and the number of partitions.
    pub(crate) fn update(&self, metadata: &TopicMetadata, lanes: &AtomicUsize) {
        let (before, count) = (self.partitions(), metadata.partitions.len());
        self.0.segment.reach(count, 0, &self.0.name, &self.0.keyless, lanes);
        for (index, known) in metadata.partitions.iter().enumerate() {
            if let Some(partition) = self.0.segment.get(index) {
                partition.leader.store(known.leader.unwrap_or(-1), Relaxed);
            }
        }
        self.0.count.store(count, Release);
        self.0.keyless.update(metadata);
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
            _ => self.0.keyless.current.load(Relaxed),
        };
        let known = if index < count { self.0.segment.get(index) } else { None };
        known.ok_or(Misplaced { count })
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

    /// A batch of it was closed.
    pub(crate) fn closed(&self, bytes: usize, full: bool) {
        if let Ok(index) = usize::try_from(self.index) {
            self.keyless.change(|sticky| sticky.closed(index, bytes, full));
        }
    }

    #[cfg(test)]
    pub(crate) fn lead_by(&self, node: i32) {
        self.leader.store(node, Relaxed);
    }
}

impl Keyless {
    fn update(&self, metadata: &TopicMetadata) {
        let led = metadata.partitions.iter().enumerate().filter(|(_, partition)| partition.leader.is_some());
        let mut choices: Vec<_> = led.map(|(index, _)| index).collect();
        if choices.is_empty() {
            choices = (0..metadata.partitions.len()).collect();
        }
        self.change(|sticky| sticky.update(choices));
    }

    fn change(&self, change: impl FnOnce(&mut Sticky)) {
        let mut sticky = self.sticky.lock();
        change(&mut sticky);
        self.current.store(sticky.current(), Relaxed);
    }
}

impl std::fmt::Debug for Topic {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Topic({}, {} partitions)", self.name(), self.partitions())
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use upsert_kafka_protocol::Uuid;

    use super::*;
    use crate::cluster::PartitionMetadata;

    pub(crate) fn metadata(leaders: &[Option<i32>]) -> TopicMetadata {
        let partitions = leaders.iter().zip(0..).map(|(&leader, index)| PartitionMetadata {
            index,
            leader,
            leader_epoch: 0,
            replicas: vec![],
            in_sync: vec![],
        });
        TopicMetadata {
            name: "orders".into(),
            topic_id: Uuid::default(),
            internal: false,
            partitions: partitions.collect(),
        }
    }

    pub(crate) fn topic(leaders: &[Option<i32>]) -> Topic {
        let settings = TopicSettings { producer: 0, batch_size: 1000, ignore_keys: false, seed: 1 };
        Topic::new(&metadata(leaders), &settings, &AtomicUsize::new(0))
    }

    #[test]
    fn a_key_goes_where_java_puts_it() {
        // murmur2("foobar") is -790332482, as Kafka's own tests say.
        let topic = topic(&[Some(1); 6]);
        let record = Record::new(&topic).key(b"foobar");
        assert_eq!(topic.place(&record).unwrap().index, (-790_332_482 & i32::MAX) % 6);
    }

    #[test]
    fn a_topic_that_grew_keeps_its_partitions_and_uses_the_new_ones() {
        let topic = topic(&[Some(1)]);
        let first = Arc::clone(topic.place(&Record::new(&topic)).unwrap());
        let far = Record::new(&topic).partition(2);
        let error = topic.place(&far).unwrap_err().error(&far);
        assert_eq!(
            error.to_string(),
            "topic orders, partition 2: no such partition: the topic has 1, from 0 to 0"
        );
        let lanes = AtomicUsize::new(1);
        topic.update(&metadata(&[Some(1), Some(2)]), &lanes);
        topic.update(&metadata(&[Some(1), Some(2), None]), &lanes);
        let last = topic.place(&far).unwrap();
        assert_eq!((last.index, last.lane, last.leader()), (2, 2, None));
        assert!(Arc::ptr_eq(&first, topic.place(&Record::new(&topic).partition(0)).unwrap()));
    }

    #[test]
    fn keyless_records_leave_a_partition_whose_batch_was_full() {
        let topic = topic(&[Some(1), Some(1), None]);
        let first = Arc::clone(topic.place(&Record::new(&topic)).unwrap());
        first.closed(1000, true);
        let second = topic.place(&Record::new(&topic)).unwrap();
        assert_ne!(first.index, second.index);
        assert_ne!(second.index, 2, "it has no leader");
    }

    #[test]
    fn a_negative_partition_is_refused() {
        let topic = topic(&[Some(1)]);
        assert!(topic.place(&Record::new(&topic).partition(-1)).is_err());
    }
}

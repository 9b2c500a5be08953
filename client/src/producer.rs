//! The face of the producer: take a topic's handle, send, await deliveries or flush.

use std::collections::HashMap;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tokio::task::yield_now;
use tokio::time::{timeout, timeout_at};

use crate::cluster::{Cluster, Metadata, Want};
use crate::retry::Chance;
use crate::{Error, ErrorKind, Record};

mod accumulator;
mod availability;
mod batch;
mod clock;
mod delivery;
mod dispatch;
mod keyless;
mod lock;
mod node;
mod partitioner;
mod pool;
mod request;
mod sender;
mod sequence;
mod sticky;
mod topic;
mod verdict;

use accumulator::{Accumulator, Appended, Refusal};
use availability::Availability;
pub use delivery::Delivery;
use lock::Mutex;
pub use partitioner::{Partitioner, Partitions, RoundRobinPartitioner};
use sender::Sender;
use sticky::StickySettings;
pub use topic::Topic;
use topic::{Misplaced, News, Partition, TopicSettings};

/// Writes records: each acknowledged one once and, within a partition, in the order of sending.
///
/// Clones share one buffer and one identity. When the last one is dropped, what was sent before is
/// still delivered in the background, while the runtime lives; [`Producer::close`] waits for it.
///
/// ```no_run
/// # async fn example() -> Result<(), upsert_kafka_client::Error> {
/// use upsert_kafka_client::{Client, Config, Record, Role};
///
/// let (config, _) = Config::from_properties([("bootstrap.servers", "127.0.0.1:9092")], Role::Producer)?;
/// let producer = Client::open(config).await?.producer();
/// let orders = producer.topic("orders").await?;
/// for number in 0..1000 {
///     let key = format!("order-{number}");
///     producer.send(Record::new(&orders).key(key.as_bytes()).value(b"paid")).await?;
/// }
/// producer.flush().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Producer(Arc<Handle>);

/// What all clones hold.
struct Handle {
    shared: Arc<Shared>,
    cluster: Cluster,
}

/// What callers and the sender share.
struct Shared {
    accumulator: Accumulator,
    /// Rings once per batch, never per record.
    work: Notify,
    /// Rings when memory came back.
    freed: Notify,
    topics: Mutex<HashMap<Arc<str>, Topic>>,
    partitioner: Option<Arc<dyn Partitioner>>,
    /// `None` where `partitioner.availability.timeout.ms` is off.
    availability: Option<Arc<Mutex<Availability>>>,
    /// The rack whose leaders are preferred.
    rack: Option<String>,
    told_used: Mutex<Instant>,
    lanes: AtomicUsize,
    abandoned: AtomicBool,
    number: u64,
}

impl Producer {
    pub(crate) fn new(cluster: Cluster, partitioner: Option<Arc<dyn Partitioner>>) -> Self {
        static NUMBERS: AtomicU64 = AtomicU64::new(0);
        let config = cluster.config();
        let availability = Some(config.partitioner_availability_timeout)
            .filter(|timeout| config.partitioner_adaptive && !timeout.is_zero())
            .map(|timeout| Arc::new(Mutex::new(Availability::new(timeout))));
        let shared = Arc::new(Shared {
            accumulator: Accumulator::new(sender::limits(config)),
            work: Notify::new(),
            freed: Notify::new(),
            topics: Mutex::default(),
            partitioner,
            availability,
            told_used: Mutex::new(Instant::now()),
            rack: config.client_rack.clone().filter(|_| config.partitioner_rack_aware),
            lanes: AtomicUsize::new(0),
            abandoned: AtomicBool::new(false),
            number: NUMBERS.fetch_add(1, Relaxed),
        });
        tokio::spawn(Sender::new(Arc::clone(&shared), cluster.clone()).run());
        Self(Arc::new(Handle { shared, cluster }))
    }

    /// A topic's handle, to be kept and used for all its records.
    ///
    /// # Errors
    /// The topic is not known after `max.block.ms`, or may not be used.
    pub async fn topic(&self, name: &str) -> Result<Topic, Error> {
        let Handle { shared, cluster } = &*self.0;
        if let Some(known) = shared.topics.lock().get(name) {
            return Ok(known.clone());
        }
        let config = cluster.config();
        let metadata = cluster.topic(name, Want::WhileUsed, Instant::now() + config.max_block).await?;
        let settings = TopicSettings {
            producer: shared.number,
            sticky: StickySettings { batch_size: config.batch_size, adaptive: config.partitioner_adaptive },
            ignore_keys: config.partitioner_ignore_keys,
            seed: Chance::from_process().bits(),
            availability: shared.availability.clone(),
            partitioner: shared.partitioner.clone(),
        };
        let near = shared.near(&cluster.metadata());
        let news = News { metadata: &metadata, near: &near, now: Instant::now() };
        let mut topics = shared.topics.lock();
        let topic = topics
            .entry(Arc::clone(&metadata.name))
            .or_insert_with(|| Topic::new(news, &settings, &shared.lanes));
        Ok(topic.clone())
    }

    /// Takes a record in; the delivery tells what became of it. Records of one partition are written
    /// in the order in which their `send`s were done.
    ///
    /// It waits while `buffer.memory` is full, which is the back-pressure, and lets the sender run
    /// when a batch is full. Dropped before it is done, the record is not in; done, it is wholly in.
    ///
    /// # Errors
    /// The record is too large, its partition does not exist, memory did not come back within
    /// `max.block.ms`, or the producer is closed.
    #[inline]
    pub async fn send(&self, mut record: Record<'_>) -> Result<Delivery, Error> {
        // Once for each record, however often the rest is tried.
        record.topic.choose(&mut record)?;
        match self.0.append(&record) {
            Some(delivery) => Ok(delivery),
            None => self.0.send_slowly(record).await,
        }
    }

    /// Sends what is open now, and waits for the answers to all that was sent before.
    ///
    /// # Errors
    /// The first failure of any record since the last `flush` returned, awaited or not: deliveries may
    /// be dropped, and no failure is lost. Dropped before it is done, it leaves that to the next.
    pub async fn flush(&self) -> Result<(), Error> {
        self.0.flush().await
    }

    /// Takes nothing new, and waits for all that was sent before. What is not answered in time fails.
    ///
    /// # Errors
    /// As [`Producer::flush`], or the time ran out.
    pub async fn close(&self, within: Duration) -> Result<(), Error> {
        let shared = &self.0.shared;
        shared.accumulator.close(closed());
        shared.hurry();
        let Ok(flushed) = timeout(within, self.flush()).await else {
            let sentence = format!("closed after {} ms with records unanswered", within.as_millis());
            let error = Error::new(ErrorKind::Timeout, sentence).with_written(true);
            shared.abandon(&error);
            return Err(error);
        };
        flushed
    }
}

impl Handle {
    /// The way of nearly every record.
    #[inline]
    fn append(&self, record: &Record<'_>) -> Option<Delivery> {
        if record.topic.producer() != self.shared.number {
            return None;
        }
        let partition = record.topic.place(record).ok()?;
        self.shared.accumulator.append(partition, record, timestamp_ms(record))
    }

    #[cold]
    async fn send_slowly(&self, record: Record<'_>) -> Result<Delivery, Error> {
        let deadline = Instant::now() + self.cluster.config().max_block;
        let (mut hungry, mut asked) = (None, false);
        loop {
            let partition = match self.place(&record)? {
                Ok(partition) => partition,
                // The topic may have grown: one look at a newer view tells.
                Err(misplaced) if std::mem::replace(&mut asked, true) => return Err(misplaced.error(&record)),
                Err(_) => {
                    self.renew(deadline).await;
                    continue;
                }
            };
            let mut freed = pin!(self.shared.freed.notified());
            if hungry.is_some() {
                // Before the look at memory, so that what comes back after it is not missed.
                freed.as_mut().enable();
            }
            match self.turn_over(partition, &record) {
                Ok(delivery) => {
                    if hungry.is_some() {
                        // There may be enough for the next in line too.
                        self.shared.freed.notify_one();
                    }
                    return Ok(delivery);
                }
                // On one thread the sender runs only when its callers pause; a full batch is the moment.
                Err(Refusal::BatchFull) => {
                    self.shared.work.notify_one();
                    yield_now().await;
                }
                Err(Refusal::MemoryFull) if hungry.is_none() => hungry = Some(Hungry::new(&self.shared)),
                Err(Refusal::MemoryFull) => {
                    self.shared.hurry();
                    if timeout_at(deadline.into(), freed).await.is_err() {
                        return Err(self.starved(&record));
                    }
                }
                Err(Refusal::Never(error)) => return Err(error),
            }
        }
    }

    fn place<'a>(&self, record: &Record<'a>) -> Result<Result<&'a Arc<Partition>, Misplaced>, Error> {
        if record.topic.producer() != self.shared.number {
            let sentence = "this handle was taken from another producer";
            return Err(Error::new(ErrorKind::Usage, sentence).with_topic(record.topic.name()));
        }
        let placed = record.topic.place(record);
        match placed {
            Err(misplaced) if record.partition.is_some_and(|asked| asked < 0) => Err(misplaced.error(record)),
            placed => Ok(placed),
        }
    }

    fn turn_over(&self, partition: &Arc<Partition>, record: &Record<'_>) -> Result<Delivery, Refusal> {
        let accumulator = &self.shared.accumulator;
        let Appended { delivery, ring } =
            accumulator.turn_over(partition, record, timestamp_ms(record), Instant::now())?;
        if ring {
            self.shared.work.notify_one();
        }
        Ok(delivery)
    }

    /// Waits for the next view of the cluster.
    async fn renew(&self, deadline: Instant) {
        let mut view = self.cluster.watch();
        view.borrow_and_update();
        self.cluster.refresh();
        // With none in time the old one must do.
        _ = timeout_at(deadline.into(), view.changed()).await;
        let renewed = Arc::clone(&view.borrow());
        self.shared.update(&renewed);
    }

    async fn flush(&self) -> Result<(), Error> {
        let waiting = self.shared.accumulator.incomplete();
        self.shared.hurry();
        let mut first = Ok(());
        for batch in waiting {
            let answered = Delivery::new(batch, 0, 0).await;
            first = first.and(answered.map(drop));
        }
        self.shared.accumulator.take_failure().map_or(first, Err)
    }

    #[cold]
    fn starved(&self, record: &Record<'_>) -> Error {
        let config = self.cluster.config();
        let sentence = format!(
            "no room within max.block.ms ({}): buffer.memory ({} bytes) is full of records that wait for their \
             acknowledgement",
            config.max_block.as_millis(),
            config.buffer_memory
        );
        Error::new(ErrorKind::Timeout, sentence).with_topic(record.topic.name())
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.shared.accumulator.close(closed());
        self.shared.hurry();
    }
}

impl Shared {
    fn update(&self, metadata: &Metadata) {
        let (near, now) = (self.near(metadata), Instant::now());
        let topics = self.topics.lock();
        for topic in topics.values() {
            if let Some(known) = metadata.topics.get(topic.name()) {
                topic.update(News { metadata: known, near: &near, now }, &self.lanes);
            }
        }
    }

    /// The brokers of this client's rack, where racks count.
    fn near(&self, metadata: &Metadata) -> Vec<i32> {
        let Some(rack) = &self.rack else { return Vec::new() };
        let near = metadata.brokers.iter().filter(|(_, broker)| broker.rack.as_ref() == Some(rack));
        near.map(|(node, _)| *node).collect()
    }

    /// A broker took a request.
    fn drained(&self, node: i32) {
        if let Some(availability) = &self.availability {
            availability.lock().handle_drained(node);
        }
    }

    /// These brokers are behind with what is sent to them.
    fn ready(&self, nodes: impl FnOnce() -> Vec<i32>, now: Instant) {
        if let Some(availability) = &self.availability {
            availability.lock().handle_ready(&nodes(), now);
        }
    }

    /// Says now and then which topics are in use, so that they are kept up to date.
    fn tell_used(&self, cluster: &Cluster, now: Instant) {
        let mut told = self.told_used.lock();
        let interval = cluster.config().metadata_max_idle / USES_TOLD_PER_IDLE;
        if now.saturating_duration_since(*told) < interval {
            return;
        }
        for topic in self.topics.lock().values().filter(|topic| topic.take_used()) {
            // Only then, so that the first use after a pause is told at once.
            *told = now;
            // When the mailbox is full, the next time will do: there are several before the topic is idle.
            _ = cluster.want(topic.name_shared(), Want::WhileUsed);
        }
    }

    /// Ends all lingering.
    fn hurry(&self) {
        self.accumulator.hurry(Instant::now());
        self.work.notify_one();
    }

    /// Gives up what is not answered, and everyone who waits learns of it.
    fn abandon(&self, error: &Error) {
        self.abandoned.store(true, Relaxed);
        self.accumulator.abandon(error);
        self.freed.notify_waiters();
        self.work.notify_one();
    }

    fn is_abandoned(&self) -> bool {
        self.abandoned.load(Relaxed)
    }
}

/// So often in `metadata.max.idle.ms` it is told which topics are in use.
const USES_TOLD_PER_IDLE: u32 = 8;

/// Somebody waits for memory, for as long as this lives.
struct Hungry<'a>(&'a Shared);

impl<'a> Hungry<'a> {
    fn new(shared: &'a Shared) -> Self {
        shared.accumulator.starve();
        Self(shared)
    }
}

impl Drop for Hungry<'_> {
    fn drop(&mut self) {
        self.0.accumulator.fed();
    }
}

#[inline]
fn timestamp_ms(record: &Record<'_>) -> i64 {
    record.timestamp_ms.unwrap_or_else(clock::now_ms)
}

fn closed() -> Error {
    Error::new(ErrorKind::Closed, "the producer is closed")
}

impl std::fmt::Debug for Producer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Producer({})", self.0.shared.number)
    }
}

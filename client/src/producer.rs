//! The face of the producer: take a topic's handle, send, await deliveries or flush.

use std::collections::HashMap;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, oneshot};
use tokio::task::yield_now;
use tokio::time::{timeout, timeout_at};

use crate::cluster::{Cluster, Metadata, Want};
use crate::error::Scope;
use crate::metrics::Metrics;
use crate::retry::Chance;
use crate::{Error, ErrorKind, Record};

mod accumulator;
mod availability;
mod batch;
mod carry;
mod clock;
mod delivery;
mod dispatch;
mod errand;
mod gate;
mod keyless;
mod lock;
mod meter;
mod node;
mod offsets;
mod orders;
mod partitioner;
mod planted;
mod pool;
mod question;
mod request;
mod sender;
mod sequence;
#[cfg(feature = "simulation")]
#[doc(hidden)]
pub mod simulation;
mod sticky;
mod topic;
mod transaction;
mod transactions;
mod verdict;
mod writer;

use accumulator::{Accumulator, Appended, Refusal};
use availability::Availability;
use delivery::Answered;
pub use delivery::Delivery;
use gate::Gate;
use lock::Mutex;
use meter::{Meter, Moment, Spent};
pub use offsets::GroupMetadata;
use orders::{Done, Orders, Reply};
pub use partitioner::{Partitioner, Partitions, RoundRobinPartitioner};
use sender::Sender;
pub use sequence::ProducerId;
use sticky::StickySettings;
pub use topic::Topic;
use topic::{Misplaced, News, Partition, TopicSettings};
pub use transaction::Transaction;
use transactions::Order;

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
    /// Whose topics' records enter outside of a transaction: its own, or with transactions nobody's.
    free: u64,
}

/// What callers and the sender share.
struct Shared {
    accumulator: Accumulator,
    /// Rings once per batch, never per record.
    work: Notify,
    /// Rings when memory came back.
    freed: Notify,
    orders: Orders,
    gate: Gate,
    /// Locked once per batch or request.
    meter: Mutex<Meter>,
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
            orders: Orders::new(),
            gate: Gate::default(),
            meter: Mutex::new(Meter::new(config.windows(), Instant::now())),
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
        let free = if cluster.config().transactional_id.is_some() { NOBODY } else { shared.number };
        Self(Arc::new(Handle { shared, cluster, free }))
    }

    /// A topic's handle, to be kept and used for all its records.
    ///
    /// # Errors
    /// The topic is not known after `max.block.ms`, or may not be used.
    pub async fn topic(&self, name: &str) -> Result<Topic, Error> {
        let Handle { shared, cluster, .. } = &*self.0;
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
    /// when enough batches are full. Dropped before it is done, the record is not in; done, it is wholly in.
    ///
    /// # Errors
    /// The record is too large, its partition does not exist, memory did not come back within
    /// `max.block.ms`, or the producer is closed.
    #[inline]
    // An `async fn` would copy the record once more.
    #[allow(clippy::manual_async_fn)]
    pub fn send<'a>(
        &'a self,
        mut record: Record<'a>,
    ) -> impl Future<Output = Result<Delivery, Error>> + Send + 'a {
        async move {
            // Once for each record, however often the rest is tried.
            record.topic.choose(&mut record)?;
            match self.0.append(&record) {
                Some(delivery) => Ok(delivery),
                None => self.0.send_outside(record).await,
            }
        }
    }

    /// The same without waiting: a full `buffer.memory` is said at once.
    ///
    /// # Errors
    /// As [`Producer::send`]; [`ErrorKind::BufferFull`] where that would have waited for memory. The record is
    /// then not in.
    pub fn try_send(&self, mut record: Record<'_>) -> Result<Delivery, Error> {
        record.topic.choose(&mut record)?;
        match self.0.append(&record) {
            Some(delivery) => Ok(delivery),
            None => self.0.permit().and_then(|()| self.0.try_send_slowly(&record)),
        }
    }

    /// Begins a transaction, for a producer with a `transactional.id`. It waits for the one before to end. The
    /// first one makes the cluster know this producer: whoever had the id before is fenced, and what he left
    /// open is aborted.
    ///
    /// Dropped before it is done, nothing has begun.
    ///
    /// # Errors
    /// There is no `transactional.id`, a transaction is open already, or no coordinator answered within
    /// `max.block.ms`. With [`Error::is_fatal`] this producer is at its end.
    pub async fn begin(&self) -> Result<Transaction, Error> {
        let begun = self.0.timed(Spent::Begin, self.0.order(Order::Begin, "begin")).await?;
        Ok(Transaction::new(Arc::clone(&self.0), begun, false))
    }

    /// Takes over a transaction that another process with this `transactional.id` left open, to commit or to
    /// abort it: the second half of a commit in two phases, as Flink's sink needs it (KIP-939). To be called
    /// before anything has begun. Nothing can be sent in it.
    ///
    /// # Errors
    /// As [`Producer::begin`].
    pub async fn resume(&self, identity: ProducerId) -> Result<Transaction, Error> {
        let resumed = self.0.order(Order::Resume(identity), "resume").await?;
        Ok(Transaction::new(Arc::clone(&self.0), resumed, true))
    }

    /// Whether records are sent in transactions: it has a `transactional.id`.
    pub fn is_transactional(&self) -> bool {
        self.0.cluster.config().transactional_id.is_some()
    }

    /// Sends what is open now, and waits for the answers to all that was sent before.
    ///
    /// # Errors
    /// The first failure of any record since the last `flush` returned, awaited or not: deliveries may
    /// be dropped, and no failure is lost. Dropped before it is done, it leaves that to the next.
    pub async fn flush(&self) -> Result<(), Error> {
        self.0.timed(Spent::Flush, self.0.flush()).await
    }

    /// What was counted and measured until now, under Java's names.
    pub fn metrics(&self) -> Metrics {
        let Handle { shared, cluster, .. } = &*self.0;
        let (now, (free, waiting)) = (Instant::now(), shared.accumulator.free());
        let renewed_at = cluster.metadata().renewed_at;
        let moment = Moment {
            now,
            buffer_total_bytes: cluster.config().buffer_memory,
            buffer_available_bytes: free,
            waiting,
            metadata_age: renewed_at.map_or(Duration::ZERO, |at| now.saturating_duration_since(at)),
        };
        shared.meter.lock().metrics(&moment)
    }

    /// Takes nothing new, and waits for all that was sent before. What is not answered in time fails. A
    /// transaction that is still open is aborted, as in Java.
    ///
    /// Dropped before it is done, the producer takes nothing new all the same.
    ///
    /// # Errors
    /// As [`Producer::flush`], or the time ran out.
    pub async fn close(&self, within: Duration) -> Result<(), Error> {
        let shared = &self.0.shared;
        shared.accumulator.close(closed());
        shared.gate.shut(Some(closed()));
        if self.0.free == NOBODY {
            // It does nothing where no transaction is open.
            shared.order(Order::Abort, None);
        }
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
        if record.topic.producer() != self.free {
            return None;
        }
        self.append_within(record)
    }

    /// The same, when it is known that records may enter.
    #[inline]
    fn append_within(&self, record: &Record<'_>) -> Option<Delivery> {
        let partition = record.topic.place(record).ok()?;
        self.shared.accumulator.append(partition, record, timestamp_ms(record))
    }

    /// Whether records enter without a transaction.
    #[cold]
    fn permit(&self) -> Result<(), Error> {
        if self.free == NOBODY { Err(self.shared.gate.refusal()) } else { Ok(()) }
    }

    #[cold]
    async fn send_outside(&self, record: Record<'_>) -> Result<Delivery, Error> {
        self.permit()?;
        self.send_slowly(record).await
    }

    #[cold]
    fn try_send_slowly(&self, record: &Record<'_>) -> Result<Delivery, Error> {
        let partition = self.place(record)?.map_err(|misplaced| {
            self.cluster.refresh();
            misplaced.error(record)
        })?;
        loop {
            match self.turn_over(partition, record) {
                Ok(delivery) => return Ok(delivery),
                // The batch that was full has been closed: another one is opened.
                Err(Refusal::BatchFull) => self.shared.work.notify_one(),
                Err(Refusal::MemoryFull) => {
                    self.shared.hurry();
                    return Err(self.full(record));
                }
                Err(Refusal::Never(error)) => return Err(error),
            }
        }
    }

    /// Counts how long it takes, if it is awaited to its end.
    async fn timed<T>(&self, what: Spent, work: impl Future<Output = T>) -> T {
        let began = Instant::now();
        let done = work.await;
        self.shared.meter.lock().handle_spent(what, began.elapsed());
        done
    }

    /// Hands an order to the sender and awaits what becomes of it, for `max.block.ms`.
    async fn order(&self, order: Order, what: &str) -> Result<Done, Error> {
        let config = self.cluster.config();
        if config.transactional_id.is_none() {
            let sentence = format!("{what}: transactions need a transactional.id");
            return Err(Error::new(ErrorKind::Usage, sentence));
        }
        let (reply, told) = oneshot::channel();
        self.shared.order(order, Some(reply));
        match timeout(config.max_block, told).await {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => Err(closed().with_scope(Scope::Producer)),
            Err(_) => {
                let ms = config.max_block.as_millis();
                let sentence = format!("{what}: no coordinator has answered within max.block.ms ({ms})");
                Err(Error::new(ErrorKind::Timeout, sentence))
            }
        }
    }

    /// Waits for the answers to all that was sent, whatever they say.
    async fn answered(&self) {
        let waiting = self.shared.accumulator.incomplete();
        self.shared.hurry();
        for batch in waiting {
            // Who holds the deliveries is told; here only the end of it matters.
            _ = Answered::new(batch).await;
        }
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
                // On one thread the sender runs only when its callers pause; full batches are the moment.
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
            match Answered::new(batch).await {
                Err(error) if error.kind() != ErrorKind::Aborted => first = first.and(Err(error)),
                _ => {}
            }
        }
        self.shared.accumulator.take_failure().map_or(first, Err)
    }

    #[cold]
    fn full(&self, record: &Record<'_>) -> Error {
        let bytes = self.cluster.config().buffer_memory;
        let sentence =
            format!("buffer.memory ({bytes} bytes) is full of records that wait to be acknowledged");
        Error::new(ErrorKind::BufferFull, sentence).with_topic(record.topic.name())
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

    /// Hands an order to the sender.
    fn order(&self, order: Order, reply: Option<Reply>) {
        self.orders.push(order, reply);
        self.work.notify_one();
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

/// No producer has this number.
const NOBODY: u64 = u64::MAX;

fn closed() -> Error {
    Error::new(ErrorKind::Closed, "the producer is closed")
}

impl std::fmt::Debug for Producer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Producer({})", self.0.shared.number)
    }
}

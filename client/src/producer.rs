//! The face of the producer: take a topic's handle, send, await deliveries or flush.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::timeout;

use crate::cluster::{Cluster, TopicInterest};
use crate::membership_lease::MembershipLease;
use crate::metrics::Metrics;
use crate::{Error, ErrorKind, Record};

mod accumulator;
mod availability;
mod batch;
mod coordinator_client;
mod coordinator_request;
mod delivery;
mod dispatch;
mod hand_over;
mod handle;
mod keyless;
mod leader_connection;
mod leases;
mod lock;
mod log_request;
mod meter;
mod offsets;
mod orders;
mod partition;
mod partitioner;
mod pool;
mod producer_id;
mod request;
mod resolution;
mod retrying_request;
mod send_gate;
mod sender;
mod sequence;
mod shared;
mod slots;
mod sticky;
mod topic;
mod transaction;
mod transactions;
mod verdict;
mod writer;

use accumulator::Accumulator;
use availability::Availability;
pub use delivery::Delivery;
use handle::{Handle, closed};
use lock::Mutex;
use meter::{Meter, Moment, Spent};
use orders::Orders;
pub use partitioner::{Partitioner, Partitions, RoundRobinPartitioner};
pub use producer_id::ProducerId;
use send_gate::SendGate;
use sender::Sender;
use shared::ProducerShared;
use sticky::StickySettings;
pub use topic::Topic;
use topic::{ProducerNumber, TopicSettings, TopicUpdate};
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

impl Producer {
    pub(crate) fn new(cluster: Cluster, partitioner: Option<Arc<dyn Partitioner>>) -> Self {
        let (config, clock) = (cluster.config(), cluster.environment().clock());
        let availability = Some(config.partitioner_availability_timeout)
            .filter(|timeout| config.partitioner_adaptive && !timeout.is_zero())
            .map(|timeout| Arc::new(Mutex::new(Availability::new(timeout))));
        let work = Arc::new(Notify::new());
        let shared = Arc::new(ProducerShared {
            accumulator: Accumulator::new(sender::limits(config)),
            work: Arc::clone(&work),
            freed: Notify::new(),
            orders: Arc::new(Orders::new(work)),
            gate: SendGate::default(),
            meter: Mutex::new(Meter::new(config.windows(), clock.now())),
            topics: Mutex::default(),
            partitioner,
            availability,
            use_reported_at: Mutex::new(clock.now()),
            rack: config.client_rack.clone().filter(|_| config.partitioner_rack_aware),
            partition_numbers: AtomicUsize::new(0),
            abandoned: AtomicBool::new(false),
            leases: Mutex::default(),
            number: ProducerNumber::next(),
            clock: clock.clone(),
        });
        tokio::spawn(Sender::new(Arc::clone(&shared), cluster.clone()).run());
        let transactional = cluster.config().transactional_id.is_some();
        let outside_transactions = (!transactional).then_some(shared.number);
        Self(Arc::new(Handle { shared, cluster, outside_transactions }))
    }

    /// A topic's handle, to be kept and used for all its records.
    ///
    /// # Errors
    /// The topic is not known after `max.block.ms`, brokers have not known it for
    /// `topic.metadata.propagation.max.ms`, or it may not be used.
    pub async fn topic(&self, name: &str) -> Result<Topic, Error> {
        let Handle { shared, cluster, .. } = &*self.0;
        if let Some(known) = shared.topics.lock().get(name) {
            return Ok(known.clone());
        }
        let config = cluster.config();
        let metadata =
            cluster.topic(name, TopicInterest::WhileWritten, cluster.now() + config.max_block).await?;
        let settings = TopicSettings {
            producer: shared.number,
            sticky: StickySettings { batch_size: config.batch_size, adaptive: config.partitioner_adaptive },
            ignore_keys: config.partitioner_ignore_keys,
            seed: cluster.environment().seed(),
            availability: shared.availability.clone(),
            partitioner: shared.partitioner.clone(),
        };
        let rack_brokers = shared.rack_brokers(&cluster.metadata());
        let update = TopicUpdate { metadata: &metadata, rack_brokers: &rack_brokers, now: cluster.now() };
        let mut topics = shared.topics.lock();
        let topic = topics
            .entry(Arc::clone(&metadata.name))
            .or_insert_with(|| Topic::new(update, &settings, &shared.partition_numbers));
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
            record.topic.apply_partitioner(&mut record)?;
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
        record.topic.apply_partitioner(&mut record)?;
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
        let (now, (free, waiting)) = (cluster.now(), shared.accumulator.memory());
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

    /// From now on this producer writes what a member of a group reads, in whose stead another one may come.
    ///
    /// Records leave, and leave again, only while the group has the member for certain: its coordinator has to have said so
    /// within `session.timeout.ms` less `heartbeat.interval.ms` (of the session a third at most), by KIP-848 within three
    /// heartbeats. Until it says so again they wait, within `delivery.timeout.ms`. Once the member has lost its partitions
    /// this producer is over: what it has not written fails with [`ErrorKind::MembershipLost`], so that nothing of it comes
    /// behind what is written by whoever has the partitions now. Then close it, let the partitions go, and take another.
    ///
    /// What had left before is out of its hands: a broker may still append it. Who needs more writes in transactions.
    ///
    /// It may be told of several members.
    pub fn write_for(&self, mut lease: MembershipLease) {
        let shared = &self.0.shared;
        shared.leases.lock().hold(lease.clone());
        let shared = Arc::downgrade(shared);
        tokio::spawn(async move {
            loop {
                let is_there = lease.changed().await;
                let Some(shared) = shared.upgrade() else { return };
                shared.work.notify_one();
                if !is_there {
                    return;
                }
            }
        });
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
        if self.is_transactional() {
            // It does nothing where no transaction is open.
            shared.order(Order::Abort, None);
        }
        shared.expedite();
        let Ok(flushed) = timeout(within, self.flush()).await else {
            let sentence = format!("closed after {} ms with records unanswered", within.as_millis());
            let error = Error::new(ErrorKind::Timeout, sentence).with_written(true);
            shared.abandon(&error);
            return Err(error);
        };
        flushed
    }
}

impl std::fmt::Debug for Producer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Producer({})", self.0.shared.number)
    }
}

#[cfg(test)]
mod tests;

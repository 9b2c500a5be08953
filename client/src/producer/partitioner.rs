//! Which partition a record goes to when its sender names none: its key's, or a partitioner's own choice.

use upsert_kafka_protocol::partition_for_key;

use super::slots::Slots;
use crate::{Error, ErrorKind, Record};

/// Chooses partitions in place of the built-in rule, which is: by key, else sticky. Given to
/// [`Client::producer_with`](crate::Client::producer_with), and asked once for each record that names
/// no partition of its own, so it should be quick.
///
/// ```no_run
/// # async fn example(client: &upsert_kafka_client::Client) -> Result<(), upsert_kafka_client::Error> {
/// use upsert_kafka_client::{Partitioner, Partitions, Record};
///
/// /// Records of the shop itself have partition 0 for themselves.
/// struct OwnFirst;
///
/// impl Partitioner for OwnFirst {
///     fn partition(&self, record: &Record<'_>, partitions: &Partitions<'_>) -> Option<i32> {
///         let others = u64::try_from(partitions.count()).ok()?.checked_sub(1).filter(|others| *others > 0)?;
///         match record.key {
///             Some(b"shop") => Some(0),
///             _ => i32::try_from(1 + partitions.turn() % others).ok(),
///         }
///     }
/// }
///
/// let producer = client.producer_with(OwnFirst);
/// let orders = producer.topic("orders").await?;
/// producer.send(Record::new(&orders).key(b"shop").value(b"opens")).await?;
/// # Ok(())
/// # }
/// ```
pub trait Partitioner: Send + Sync {
    /// The partition for this record; `None` leaves it to the built-in rule. A partition that the topic
    /// does not have fails the `send`.
    fn partition(&self, record: &Record<'_>, partitions: &Partitions<'_>) -> Option<i32>;
}

/// What a [`Partitioner`] knows of the topic.
#[derive(Clone, Copy)]
pub struct Partitions<'a> {
    slots: &'a Slots,
    count: usize,
    turn: u64,
}

impl<'a> Partitions<'a> {
    pub(crate) fn new(slots: &'a Slots, turn: u64) -> Self {
        Self { slots, count: slots.count(), turn }
    }

    /// How many there are: their numbers go from 0 to one less.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Whether the partition has a leader, as far as is known. What goes to one without waits for it.
    pub fn has_leader(&self, partition: i32) -> bool {
        self.slots.leader(partition).is_some()
    }

    /// Those that have a leader, in order.
    pub fn with_leader(&self) -> impl Iterator<Item = i32> + '_ {
        (0..i32::try_from(self.count).unwrap_or(i32::MAX)).filter(|index| self.has_leader(*index))
    }

    /// How many records of this topic the partitioner has been asked about before.
    pub fn turn(&self) -> u64 {
        self.turn
    }
}

impl std::fmt::Debug for Partitions<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Partitions({}, turn {})", self.count, self.turn)
    }
}

/// Each record to the next partition that has a leader, whatever its key: Java's `RoundRobinPartitioner`.
/// Batches fill slowly with it.
#[derive(Clone, Copy, Debug, Default)]
pub struct RoundRobinPartitioner;

impl Partitioner for RoundRobinPartitioner {
    fn partition(&self, _: &Record<'_>, partitions: &Partitions<'_>) -> Option<i32> {
        let nth = |of: usize| usize::try_from(partitions.turn() % of.max(1) as u64).ok();
        let led = partitions.slots.led();
        let among_led = match led == partitions.count() || led == 0 {
            true => None,
            false => partitions.with_leader().nth(nth(led)?),
        };
        among_led.or_else(|| i32::try_from(nth(partitions.count())?).ok())
    }
}

/// Kafka's default partitioner, over all partitions, whether they have a leader or not: a key must
/// not move because a broker is down.
#[inline]
pub(crate) fn by_key(key: &[u8], partitions: usize) -> usize {
    match i32::try_from(partitions) {
        Ok(count) if count > 0 => usize::try_from(partition_for_key(key, count)).unwrap_or(0),
        _ => 0,
    }
}

/// The partitioner's choice was none of the topic's partitions.
#[cold]
pub(crate) fn no_such_partition(topic: &str, chosen: i32, count: usize) -> Error {
    let sentence = match count {
        0 => "the topic has no partitions".to_owned(),
        _ => format!("the partitioner chose it, but the topic has only 0 to {}", count - 1),
    };
    Error::new(ErrorKind::Usage, sentence).with_topic(topic).with_partition(chosen)
}

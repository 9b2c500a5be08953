//! What all clones of a producer share: how records, orders and flushes get in, and how callers wait.

use std::pin::pin;
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::oneshot;
use tokio::task::yield_now;
use tokio::time::{timeout, timeout_at};

use super::accumulator::{Appended, Refusal};
use super::delivery::{Answered, Delivery};
use super::meter::Spent;
use super::orders::OrderDone;
use super::shared::ProducerShared;
use super::slots::Slot;
use super::topic::{NoSuchPartition, ProducerNumber};
use super::transactions::Order;
use crate::cluster::Cluster;
use crate::error::Scope;
use crate::{Error, ErrorKind, Record};

/// The callers' side of a producer; the sender's task is the other one. When the last clone is dropped, nothing new is
/// taken in, and what was sent is still delivered.
pub(super) struct Handle {
    pub(super) shared: Arc<ProducerShared>,
    pub(super) cluster: Cluster,
    /// The producer itself, whose records enter at any time; `None` for a transactional one, whose records enter
    /// within a transaction.
    pub(super) outside_transactions: Option<ProducerNumber>,
}

impl Handle {
    /// Takes a record in if its batch has room for it and no transaction is needed, as for nearly every record.
    #[inline]
    pub(super) fn append(&self, record: &Record<'_>) -> Option<Delivery> {
        if Some(record.topic.producer()) != self.outside_transactions {
            return None;
        }
        self.append_within(record)
    }

    /// Takes a record in if its batch has room for it, where it is known that records may enter.
    #[inline]
    pub(super) fn append_within(&self, record: &Record<'_>) -> Option<Delivery> {
        let slot = record.topic.slot_for(record).ok()?;
        self.shared.accumulator.append(slot, record, self.timestamp_ms(record))
    }

    #[inline]
    fn timestamp_ms(&self, record: &Record<'_>) -> i64 {
        record.timestamp_ms.unwrap_or_else(|| self.shared.clock.unix_ms())
    }

    /// Refuses a record outside of a transaction where the producer is transactional.
    #[cold]
    pub(super) fn permit(&self) -> Result<(), Error> {
        if self.outside_transactions.is_none() { Err(self.shared.gate.refusal()) } else { Ok(()) }
    }

    #[cold]
    pub(super) async fn send_outside(&self, record: Record<'_>) -> Result<Delivery, Error> {
        self.permit()?;
        self.send_slowly(record).await
    }

    #[cold]
    pub(super) fn try_send_slowly(&self, record: &Record<'_>) -> Result<Delivery, Error> {
        let slot = self.slot_for(record)?.map_err(|missing| {
            self.cluster.refresh();
            missing.error(record)
        })?;
        loop {
            match self.append_slowly(slot, record) {
                Ok(delivery) => return Ok(delivery),
                // The batch that was full has been closed: another one is opened.
                Err(Refusal::BatchFull) => self.shared.work.notify_one(),
                Err(Refusal::MemoryFull) => {
                    self.shared.expedite();
                    return Err(self.memory_full(record));
                }
                Err(Refusal::Never(error)) => return Err(error),
            }
        }
    }

    /// Counts how long it takes, if it is awaited to its end.
    pub(super) async fn timed<T>(&self, what: Spent, work: impl Future<Output = T>) -> T {
        let began = self.shared.clock.now();
        let done = work.await;
        self.shared.meter.lock().handle_spent(what, self.shared.clock.since(began));
        done
    }

    /// Hands an order to the sender and awaits what becomes of it, for `max.block.ms`.
    pub(super) async fn order(&self, order: Order, what: &str) -> Result<OrderDone, Error> {
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
    pub(super) async fn answered(&self) {
        let waiting = self.shared.accumulator.incomplete();
        self.shared.expedite();
        for batch in waiting {
            // The deliveries say what became of the records; here it only matters that they are answered.
            _ = Answered::new(batch).await;
        }
    }

    #[cold]
    pub(super) async fn send_slowly(&self, record: Record<'_>) -> Result<Delivery, Error> {
        let deadline = self.shared.clock.now() + self.cluster.config().max_block;
        let (mut waiter, mut asked) = (None, false);
        loop {
            let slot = match self.slot_for(&record)? {
                Ok(slot) => slot,
                // The topic may have grown: a newer view is awaited once.
                Err(missing) if std::mem::replace(&mut asked, true) => return Err(missing.error(&record)),
                Err(_) => {
                    self.renew(deadline).await;
                    continue;
                }
            };
            let mut freed = pin!(self.shared.freed.notified());
            if waiter.is_some() {
                // Before the look at memory, so that what comes back after it is not missed.
                freed.as_mut().enable();
            }
            match self.append_slowly(slot, &record) {
                Ok(delivery) => {
                    if waiter.is_some() {
                        // There may be enough for the next caller that waits, too.
                        self.shared.freed.notify_one();
                    }
                    return Ok(delivery);
                }
                // On one thread the sender runs only when its callers pause; full batches are the moment.
                Err(Refusal::BatchFull) => {
                    self.shared.work.notify_one();
                    yield_now().await;
                }
                Err(Refusal::MemoryFull) if waiter.is_none() => {
                    waiter = Some(MemoryWaiter::new(&self.shared))
                }
                Err(Refusal::MemoryFull) => {
                    self.shared.expedite();
                    if timeout_at(deadline.into(), freed).await.is_err() {
                        return Err(self.memory_timed_out(&record));
                    }
                }
                Err(Refusal::Never(error)) => return Err(error),
            }
        }
    }

    pub(super) fn slot_for<'a>(
        &self,
        record: &Record<'a>,
    ) -> Result<Result<&'a Arc<Slot>, NoSuchPartition>, Error> {
        if record.topic.producer() != self.shared.number {
            let sentence = "this handle was taken from another producer";
            return Err(Error::new(ErrorKind::Usage, sentence).with_topic(record.topic.name()));
        }
        let placed = record.topic.slot_for(record);
        match placed {
            Err(missing) if record.partition.is_some_and(|asked| asked < 0) => Err(missing.error(record)),
            placed => Ok(placed),
        }
    }

    pub(super) fn append_slowly(&self, slot: &Arc<Slot>, record: &Record<'_>) -> Result<Delivery, Refusal> {
        let accumulator = &self.shared.accumulator;
        let Appended { delivery, wake_sender } =
            accumulator.append_slowly(slot, record, self.timestamp_ms(record), self.shared.clock.now())?;
        if wake_sender {
            self.shared.work.notify_one();
        }
        Ok(delivery)
    }

    /// Waits for the next view of the cluster.
    pub(super) async fn renew(&self, deadline: Instant) {
        let mut view = self.cluster.watch();
        view.see();
        self.cluster.refresh();
        // With none in time the old one must do.
        _ = timeout_at(deadline.into(), view.changed()).await;
        let renewed = view.latest();
        self.shared.update(&renewed);
    }

    pub(super) async fn flush(&self) -> Result<(), Error> {
        let waiting = self.shared.accumulator.incomplete();
        self.shared.expedite();
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
    pub(super) fn memory_full(&self, record: &Record<'_>) -> Error {
        let bytes = self.cluster.config().buffer_memory;
        let sentence =
            format!("buffer.memory ({bytes} bytes) is full of records that wait to be acknowledged");
        Error::new(ErrorKind::BufferFull, sentence).with_topic(record.topic.name())
    }

    #[cold]
    pub(super) fn memory_timed_out(&self, record: &Record<'_>) -> Error {
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
        self.shared.expedite();
    }
}

/// A caller that waits for memory, for as long as this lives.
struct MemoryWaiter<'a>(&'a ProducerShared);

impl<'a> MemoryWaiter<'a> {
    fn new(shared: &'a ProducerShared) -> Self {
        shared.accumulator.add_memory_waiter();
        Self(shared)
    }
}

impl Drop for MemoryWaiter<'_> {
    fn drop(&mut self) {
        self.0.accumulator.remove_memory_waiter();
    }
}

pub(super) fn closed() -> Error {
    Error::new(ErrorKind::Closed, "the producer is closed")
}

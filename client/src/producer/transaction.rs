//! The face of one open transaction: send in it, then commit or abort it.

use std::sync::Arc;

use super::meter::Spent;
use super::offsets::Offsets;
use super::orders::OrderDone;
use super::producer_id::ProducerId;
use super::transactions::Order;
use super::{Delivery, Handle};
use crate::GroupMetadata;
use crate::error::Scope;
use crate::{Commit, Error, ErrorKind, Record};

/// An open transaction. Its records are seen by readers with `isolation.level=read_committed` all at once when
/// it is committed, or never. A producer has one at a time, and ends it by [`commit`](Self::commit) or
/// [`abort`](Self::abort), so that nothing can be sent, or committed, after its end.
///
/// Dropped half-way it is aborted in the background, which is logged; the next
/// [`begin`](super::Producer::begin) awaits that.
///
/// An error with [`Error::is_abortable`] is this transaction's end and no more than that: abort it, or just drop
/// it, and begin the next. One with [`Error::is_fatal`] is the producer's end: it was fenced, or is not allowed.
///
/// ```no_run
/// # async fn example(config: upsert_kafka_client::Config) -> Result<(), upsert_kafka_client::Error> {
/// use upsert_kafka_client::{Client, Config, Record};
///
/// let config = config.with(|it| it.transactional_id = Some("payments-1".to_owned()));
/// let producer = Client::open(config).await?.producer();
/// let (debits, credits) = (producer.topic("debits").await?, producer.topic("credits").await?);
/// let transaction = producer.begin().await?;
/// transaction.send(Record::new(&debits).key(b"ada").value(b"5")).await?;
/// transaction.send(Record::new(&credits).key(b"bob").value(b"5")).await?;
/// transaction.commit().await?;
/// # Ok(())
/// # }
/// ```
///
/// ```compile_fail
/// # async fn example(producer: upsert_kafka_client::Producer) -> Result<(), upsert_kafka_client::Error> {
/// let transaction = producer.begin().await?;
/// transaction.commit().await?;
/// transaction.commit().await?; // there is nothing left to commit
/// # Ok(())
/// # }
/// ```
#[must_use = "a transaction that is dropped is aborted"]
pub struct Transaction {
    handle: Arc<Handle>,
    identity: ProducerId,
    /// Begun by another process: nothing can be sent.
    resumed: bool,
    /// Ended, or the caller has its end as an error.
    over: bool,
}

impl Transaction {
    pub(super) fn new(handle: Arc<Handle>, begun: OrderDone, resumed: bool) -> Self {
        let OrderDone { identity, lease } = begun;
        let transaction = Self { handle, identity, resumed, over: false };
        if let Some(lease) = lease {
            lease.taken();
        }
        transaction
    }

    /// By what another process could end it: see [`Producer::resume`](super::Producer::resume). To be stored
    /// before the first phase of a commit is called done, and after all its records are acknowledged.
    pub fn identity(&self) -> ProducerId {
        self.identity
    }

    /// As [`Producer::send`](super::Producer::send), in this transaction.
    ///
    /// Dropped before it is done, the record is not in; done, it is wholly in.
    ///
    /// # Errors
    /// Those of [`Producer::send`](super::Producer::send), which leave the transaction as it was; or why
    /// nothing can be sent in it any more.
    #[inline]
    pub async fn send(&self, mut record: Record<'_>) -> Result<Delivery, Error> {
        record.topic.apply_partitioner(&mut record)?;
        if self.takes(&record)
            && let Some(delivery) = self.handle.append_within(&record)
        {
            return Ok(delivery);
        }
        self.permit()?;
        self.handle.send_slowly(record).await
    }

    /// As [`Producer::try_send`](super::Producer::try_send), in this transaction.
    ///
    /// # Errors
    /// As [`Transaction::send`], and [`ErrorKind::BufferFull`].
    pub fn try_send(&self, mut record: Record<'_>) -> Result<Delivery, Error> {
        record.topic.apply_partitioner(&mut record)?;
        if self.takes(&record)
            && let Some(delivery) = self.handle.append_within(&record)
        {
            return Ok(delivery);
        }
        self.permit()?;
        self.handle.try_send_slowly(&record)
    }

    /// Has the group keep these offsets if, and only if, the transaction is committed. `group` says which
    /// member speaks, so that one that lost its partitions meanwhile cannot (KIP-447).
    ///
    /// Dropped before it is done, the offsets may be in or not; the transaction should then be aborted.
    ///
    /// # Errors
    /// The group's coordinator refused, or has not answered within `max.block.ms`.
    pub async fn send_offsets(&self, offsets: &[Commit], group: &GroupMetadata) -> Result<(), Error> {
        if offsets.is_empty() {
            return Ok(());
        }
        let offsets = Offsets { group: group.clone(), commits: offsets.to_vec() };
        let kept = self.handle.order(Order::SendOffsets(offsets), "send_offsets");
        self.handle.timed(Spent::SendOffsets, kept).await.map(drop)
    }

    /// Waits for the answers to all that was sent in it.
    ///
    /// # Errors
    /// As [`Producer::flush`](super::Producer::flush).
    pub async fn flush(&self) -> Result<(), Error> {
        self.handle.flush().await
    }

    /// Waits for all that was sent, then makes it seen.
    ///
    /// Dropped before it is done, it may be committed or aborted; the next
    /// [`begin`](super::Producer::begin) awaits which.
    ///
    /// # Errors
    /// [`Error::is_abortable`]: something sent was refused, so the transaction is aborted and the producer goes
    /// on. [`Error::is_fatal`]: the producer is at its end, and the transaction is aborted by whoever fenced it
    /// or by its timeout. Else the coordinator has not answered within `max.block.ms`, so that it
    /// [may be committed](Error::may_have_been_written) or will be.
    pub async fn commit(mut self) -> Result<(), Error> {
        let committed = async {
            self.handle.answered().await;
            self.handle.order(Order::Commit, "commit").await
        };
        let committed = self.handle.timed(Spent::Commit, committed).await;
        self.end(committed, true)
    }

    /// Makes sure that nothing of it is ever seen.
    ///
    /// Dropped before it is done, it is aborted in the background.
    ///
    /// # Errors
    /// The producer is at its end, or the coordinator has not answered within `max.block.ms`; the transaction
    /// is aborted all the same, in the end by its timeout.
    pub async fn abort(mut self) -> Result<(), Error> {
        let aborted = self.handle.order(Order::Abort, "abort");
        let aborted = self.handle.timed(Spent::Abort, aborted).await;
        self.end(aborted, false)
    }

    /// Leaves it open for whoever [resumes](super::Producer::resume) it by the identity that is given back, in this
    /// process or in another one: the first of two phases, after a [`flush`](Self::flush) that found nothing wrong. The
    /// producer can do nothing more and is to be dropped.
    pub fn leave_open(mut self) -> ProducerId {
        self.over = true;
        self.identity
    }

    fn end(&mut self, ended: Result<OrderDone, Error>, commits: bool) -> Result<(), Error> {
        self.over = true;
        let Err(error) = ended else { return Ok(()) };
        // It does no harm to one that is being committed.
        self.handle.shared.order(Order::Abort, None);
        _ = self.handle.shared.accumulator.take_failure();
        let doubt = commits && error.kind() == ErrorKind::Timeout && error.scope() == Scope::Call;
        let doubt = doubt || commits && error.may_have_been_written();
        Err(error.with_written(doubt))
    }

    /// Whether the record may take the short way in.
    #[inline]
    fn takes(&self, record: &Record<'_>) -> bool {
        let shared = &self.handle.shared;
        record.topic.producer() == shared.number && shared.gate.is_open() && !self.resumed
    }

    #[cold]
    fn permit(&self) -> Result<(), Error> {
        if self.resumed {
            let sentence = "a resumed transaction can be committed or aborted, and nothing be sent in it";
            return Err(Error::new(ErrorKind::Usage, sentence));
        }
        let gate = &self.handle.shared.gate;
        if gate.is_open() { Ok(()) } else { Err(gate.refusal()) }
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        if self.over {
            return;
        }
        let transactional_id = self.handle.cluster.config().transactional_id.as_deref();
        tracing::warn!(transactional_id, "a transaction was dropped half-way; its abort is ordered");
        self.handle.shared.order(Order::Abort, None);
    }
}

impl std::fmt::Debug for Transaction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Transaction({:?})", self.identity)
    }
}

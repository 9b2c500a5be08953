//! How the sender of a record learns what became of it.
//!
//! ```text
//!   Delivery(record 0) ───┐
//!   Delivery(record 1) ───┼──► Completion of their batch ◄── the accumulator: complete(outcome)
//!   Answered(flush) ──────┘    outcome, wakers
//! ```
//!
//! There is one completion per batch, shared by all deliveries of its records: a delivery is a reference to it and the
//! index of its record, so that nothing is allocated per record.
//!
//! **A completion** is *open*, and gathers the wakers of those who await it; with its first outcome it is *complete* for
//! good, and later outcomes change nothing. The batch may still be in flight then: a delivery that has expired is told so
//! at once.
//!
//! **An outcome** is one of three.
//! - *Written*: a record's offset is the batch's base offset and the record's index.
//! - *Failed*: by the batch's error, or a record by its own, where the broker names the records at fault (KIP-467).
//! - *Parts*: the batch was too large for the broker and was split. Each part has an outcome of its own, and the
//!   completion is complete with the last one.
//!
//! **Must never happen**
//! - A waker is left behind. Whoever registers one looks for the outcome again afterwards, since it may have come
//!   between the first look and the entry.
//! - One who waits for the batch as a whole takes the place of one who waits for a record: they stand in separate lists.
//! - A delivery keeps more than the completion alive: it holds neither the batch nor the producer.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, Waker};

use super::lock::Mutex;
use crate::{Error, ErrorKind, Receipt};

/// Resolves when the record's batch is answered. Dropping it loses nothing but the answer: the
/// record is on its way, and `flush` reports a failure all the same.
#[must_use = "await it to learn whether the record was written"]
#[derive(Debug)]
pub struct Delivery {
    batch: Arc<Completion>,
    timestamp_ms: i64,
    index: u32,
}

impl Delivery {
    #[inline]
    pub(crate) fn new(batch: Arc<Completion>, index: u32, timestamp_ms: i64) -> Self {
        Self { batch, timestamp_ms, index }
    }
}

impl Future for Delivery {
    type Output = Result<Receipt, Error>;

    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let known = self.batch.outcome.get();
        let Some(outcome) = known.or_else(|| self.batch.register(self.index, context.waker())) else {
            return Poll::Pending;
        };
        Poll::Ready(outcome.of(self.batch.partition, self.index, self.timestamp_ms))
    }
}

/// Resolves when a batch has its outcome: to the first failure among its records, if there was one.
#[derive(Debug)]
pub(crate) struct Answered {
    batch: Arc<Completion>,
    /// The place of its waker among those of all who wait for the batch as a whole.
    slot: Option<usize>,
}

impl Answered {
    pub(crate) fn new(batch: Arc<Completion>) -> Self {
        Self { batch, slot: None }
    }
}

impl Future for Answered {
    type Output = Result<(), Error>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { batch, slot } = &mut *self;
        let outcome = batch.outcome.get().or_else(|| batch.watch(slot, context.waker()));
        outcome.map_or(Poll::Pending, |outcome| Poll::Ready(outcome.error().cloned().map_or(Ok(()), Err)))
    }
}

/// What became of a batch.
#[derive(Clone, Debug)]
pub(crate) enum Outcome {
    Written {
        /// -1 when the broker no longer knows it.
        base_offset: i64,
        /// The broker's own time, under LogAppendTime.
        log_append_time_ms: Option<i64>,
    },
    /// The batch failed as a whole; some records may have a reason of their own.
    Failed { error: Error, records: Vec<(u32, Error)> },
    /// It was split, and each part had its own end: by the index of its first record, ascending.
    Parts(Vec<(u32, Outcome)>),
}

impl Outcome {
    pub(crate) fn failed(error: Error) -> Self {
        Self::Failed { error, records: Vec::new() }
    }

    pub(crate) fn error(&self) -> Option<&Error> {
        match self {
            Self::Written { .. } => None,
            Self::Failed { error, records } => Some(records.first().map_or(error, |(_, error)| error)),
            Self::Parts(parts) => parts.iter().find_map(|(_, outcome)| outcome.error()),
        }
    }

    #[inline]
    fn of(&self, partition: i32, index: u32, timestamp_ms: i64) -> Result<Receipt, Error> {
        match self {
            Self::Written { base_offset, log_append_time_ms } => Ok(Receipt {
                partition,
                offset: if *base_offset < 0 { -1 } else { base_offset + i64::from(index) },
                timestamp_ms: log_append_time_ms.unwrap_or(timestamp_ms),
            }),
            Self::Failed { error, records } => {
                Err(records.iter().find(|(at, _)| *at == index).map_or(error, |(_, error)| error).clone())
            }
            Self::Parts(parts) => match parts.iter().rev().find(|(first, _)| *first <= index) {
                Some((first, outcome)) => outcome.of(partition, index - first, timestamp_ms),
                None => Err(Error::new(ErrorKind::Closed, "the part of the batch was lost")),
            },
        }
    }
}

/// Which records of the whole batch a part of it holds, after a split.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SplitPart {
    pub(crate) first: u32,
    pub(crate) count: u32,
    /// Of the whole.
    pub(crate) total: u32,
}

/// What the deliveries of a batch share.
#[derive(Debug)]
pub(crate) struct Completion {
    partition: i32,
    outcome: OnceLock<Outcome>,
    wakers: Mutex<Wakers>,
    /// Of a batch that was split, the parts that have an outcome.
    parts: Mutex<Vec<(SplitPart, Outcome)>>,
}

/// Who is to be woken when a batch is answered.
#[derive(Debug, Default)]
struct Wakers {
    /// At most one for each record, by its index.
    of_records: BTreeMap<u32, Waker>,
    /// One for each caller that waits for the whole.
    of_whole: Vec<Waker>,
}

impl Completion {
    pub(crate) fn new(partition: i32) -> Self {
        Self { partition, outcome: OnceLock::new(), wakers: Mutex::default(), parts: Mutex::default() }
    }

    /// The first outcome stays; says whether this was it.
    pub(crate) fn complete(&self, outcome: Outcome) -> bool {
        let first = self.outcome.set(outcome).is_ok();
        if first {
            let wakers = std::mem::take(&mut *self.wakers.lock());
            wakers.of_records.into_values().chain(wakers.of_whole).for_each(Waker::wake);
        }
        first
    }

    /// One part has an outcome: says whether it is the part's first, and with the last part the outcome of the whole.
    #[cold]
    pub(crate) fn complete_part(&self, part: SplitPart, outcome: Outcome) -> (bool, Option<Outcome>) {
        let mut parts = self.parts.lock();
        let place = parts.partition_point(|(known, _)| known.first < part.first);
        if parts.get(place).is_some_and(|(known, _)| known.first == part.first) {
            return (false, None);
        }
        parts.insert(place, (part, outcome));
        let known: u32 = parts.iter().map(|(known, _)| known.count).sum();
        let whole = || parts.iter().map(|(known, outcome)| (known.first, outcome.clone())).collect();
        (true, (known == part.total).then(|| Outcome::Parts(whole())))
    }

    #[cold]
    fn register(&self, index: u32, waker: &Waker) -> Option<&Outcome> {
        let mut wakers = self.wakers.lock();
        wakers.of_records.entry(index).or_insert_with(|| waker.clone()).clone_from(waker);
        drop(wakers);
        // Answered between the look and the entry: the map may have been emptied before it.
        self.outcome.get()
    }

    #[cold]
    fn watch(&self, slot: &mut Option<usize>, waker: &Waker) -> Option<&Outcome> {
        let mut wakers = self.wakers.lock();
        match slot.and_then(|slot| wakers.of_whole.get_mut(slot)) {
            Some(known) => known.clone_from(waker),
            None => {
                *slot = Some(wakers.of_whole.len());
                wakers.of_whole.push(waker.clone());
            }
        }
        drop(wakers);
        // As above.
        self.outcome.get()
    }
}

#[cfg(test)]
mod tests {
    use std::task::Wake;

    use super::*;

    struct Silent;

    impl Wake for Silent {
        fn wake(self: Arc<Self>) {}
    }

    fn poll(delivery: &mut Delivery) -> Poll<Result<Receipt, Error>> {
        Pin::new(delivery).poll(&mut Context::from_waker(&Waker::from(Arc::new(Silent))))
    }

    #[test]
    fn each_record_learns_its_own_offset() {
        let batch = Arc::new(Completion::new(3));
        let mut second = Delivery::new(Arc::clone(&batch), 1, 77);
        assert!(poll(&mut second).is_pending());
        assert!(batch.complete(Outcome::Written { base_offset: 40, log_append_time_ms: None }));
        let receipt = Receipt { partition: 3, offset: 41, timestamp_ms: 77 };
        assert!(matches!(poll(&mut second), Poll::Ready(Ok(it)) if it == receipt));
    }

    #[test]
    fn the_first_outcome_stays() {
        let batch = Arc::new(Completion::new(0));
        assert!(batch.complete(Outcome::Written { base_offset: -1, log_append_time_ms: Some(9) }));
        assert!(!batch.complete(Outcome::failed(Error::new(ErrorKind::Timeout, "late"))));
        let receipt = Receipt { partition: 0, offset: -1, timestamp_ms: 9 };
        assert!(matches!(poll(&mut Delivery::new(batch, 5, 1)), Poll::Ready(Ok(it)) if it == receipt));
    }

    #[test]
    fn a_refused_record_has_its_own_reason() {
        let batch = Arc::new(Completion::new(0));
        let error = |text: &str| Error::new(ErrorKind::Broker, text);
        batch.complete(Outcome::Failed { error: error("the batch"), records: vec![(1, error("no key"))] });
        for (index, text) in [(0, "the batch"), (1, "no key")] {
            match poll(&mut Delivery::new(Arc::clone(&batch), index, 0)) {
                Poll::Ready(Err(error)) => assert_eq!(error.to_string(), text),
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn parts_of_a_split_batch_are_joined_whatever_their_order() {
        let batch = Completion::new(0);
        let part = |first, count| SplitPart { first, count, total: 10 };
        let written = |base_offset| Outcome::Written { base_offset, log_append_time_ms: None };
        let too_large = Outcome::failed(Error::new(ErrorKind::TooLarge, "big"));
        assert!(matches!(batch.complete_part(part(7, 3), too_large), (true, None)));
        assert!(
            matches!(batch.complete_part(part(7, 3), written(99)), (false, None)),
            "the first end of a part stays"
        );
        assert!(matches!(batch.complete_part(part(0, 4), written(20)), (true, None)));
        let whole = batch.complete_part(part(4, 3), written(50)).1.unwrap();
        let offsets: Vec<_> =
            (0..10).map(|index| whole.of(0, index, 0).map(|receipt| receipt.offset).ok()).collect();
        let expected = [20, 21, 22, 23, 50, 51, 52].map(Some);
        assert_eq!(offsets[..7], expected);
        assert_eq!(offsets[7..], [None; 3]);
        assert_eq!(whole.error().map(Error::kind), Some(ErrorKind::TooLarge));
    }

    #[test]
    fn a_delivery_polled_often_keeps_one_waker() {
        let batch = Arc::new(Completion::new(0));
        let mut delivery = Delivery::new(Arc::clone(&batch), 0, 0);
        for _ in 0..100 {
            assert!(poll(&mut delivery).is_pending());
        }
        assert_eq!(batch.wakers.lock().of_records.len(), 1);
    }

    /// Counts how often it is woken.
    struct Counted(std::sync::atomic::AtomicUsize);

    impl Wake for Counted {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        }
    }

    #[test]
    fn who_waits_for_a_batch_does_not_take_a_records_place() {
        let batch = Arc::new(Completion::new(0));
        let counters: Vec<_> = (0..3).map(|_| Arc::new(Counted(Default::default()))).collect();
        let wakers: Vec<_> = counters.iter().map(|counter| Waker::from(Arc::clone(counter))).collect();
        let mut first = Delivery::new(Arc::clone(&batch), 0, 0);
        assert!(Pin::new(&mut first).poll(&mut Context::from_waker(&wakers[0])).is_pending());
        let mut flushes = [1, 2].map(|at| (at, Answered::new(Arc::clone(&batch))));
        for _ in 0..3 {
            for (at, flush) in &mut flushes {
                assert!(Pin::new(flush).poll(&mut Context::from_waker(&wakers[*at])).is_pending());
            }
        }
        batch.complete(Outcome::failed(Error::new(ErrorKind::Timeout, "late")));
        let woken: Vec<_> =
            counters.iter().map(|it| it.0.load(std::sync::atomic::Ordering::Relaxed)).collect();
        assert_eq!(woken, [1, 1, 1]);
        let flushed = Pin::new(&mut flushes[0].1).poll(&mut Context::from_waker(&wakers[1]));
        assert!(matches!(flushed, Poll::Ready(Err(error)) if error.kind() == ErrorKind::Timeout));
    }
}

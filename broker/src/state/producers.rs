//! The idempotent producers of one partition: which batch of each comes next.
//!
//! As Kafka's `ProducerStateManager`, `ProducerStateEntry` and `ProducerAppendInfo` (4.x) decide it (KIP-98, KIP-360).
//!
//! A batch of an idempotent producer carries the producer's id and epoch and the sequence of its first record. Before a
//! batch is appended, `check` says one of three things:
//!
//! - *append*: its sequence follows the last one, or a new epoch begins at 0, or the partition does not know the producer;
//! - *duplicate*: it is one of the producer's last five batches, sent again, and is answered with the offset it had;
//! - a refusal: the epoch is older than the last seen one (`INVALID_PRODUCER_EPOCH`), or there is a gap
//!   (`OUT_OF_ORDER_SEQUENCE_NUMBER`).
//!
//! A client that retries therefore never writes a record twice nor out of order. `record` remembers what was appended;
//! the offset of a transaction's first batch is kept until its marker comes (`end_transaction`).
//!
//! A producer is forgotten when it has not written for `producer.id.expiration.ms`, but never within a transaction. A
//! leader that was restarted knows the last batch of each producer alone, as Kafka's snapshots do.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use upsert_kafka_protocol::ErrorCode;

use super::refusal::Refusal;
use crate::now::Now;

/// How many batches of a producer are remembered. A producer has no more in flight, so no more can be sent again.
const BATCHES_KEPT: usize = 5;

/// A batch's producer, and its place in the producer's sequence.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Sequenced {
    pub(crate) producer_id: i64,
    pub(crate) epoch: i16,
    pub(crate) first: i32,
    pub(crate) count: i32,
    pub(crate) transactional: bool,
}

impl Sequenced {
    /// The sequence of the last record; after the greatest comes 0.
    fn last(self) -> i32 {
        let last = i64::from(self.first) + i64::from(self.count) - 1;
        i32::try_from(last).unwrap_or_else(|_| (last - (1 << 31)) as i32)
    }
}

/// What to do with a batch that is not refused.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Verdict {
    /// It comes next.
    Append,
    /// It is in the log already.
    Duplicate {
        /// Where it lies.
        base_offset: i64,
        /// The broker's stamp, when it has one.
        log_append_time_ms: i64,
    },
}

/// Every producer that wrote to the partition.
#[derive(Debug, Default)]
pub(crate) struct Producers {
    entries: BTreeMap<i64, ProducerEntry>,
    /// A time at which every producer had written, or before it: until this has expired, no producer has.
    oldest: Option<Instant>,
}

/// What is known of one producer.
#[derive(Debug)]
pub(crate) struct ProducerEntry {
    pub(crate) epoch: i16,
    /// Where its open transaction begins.
    pub(crate) transaction: Option<i64>,
    pub(crate) last_write: Now,
    /// A transaction marker was written for it.
    pub(crate) marked: bool,
    batches: VecDeque<BatchMetadata>,
}

#[derive(Clone, Copy, Debug)]
struct BatchMetadata {
    first: i32,
    last: i32,
    base_offset: i64,
    log_append_time_ms: i64,
}

impl Producers {
    /// The producers that are known, by their ids.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (i64, &ProducerEntry)> {
        self.entries.iter().map(|(id, entry)| (*id, entry))
    }

    /// Says whether a batch is to be appended, is there already, or is refused.
    ///
    /// A producer that the partition does not know may begin at any sequence: its earlier records may have been removed
    /// (KIP-360). Where `bumps_epoch` holds, every transaction has its own epoch (KIP-890) and so begins at 0.
    pub(crate) fn check(&self, batch: Sequenced, bumps_epoch: bool) -> Result<Verdict, Refusal> {
        let Some(entry) = self.entries.get(&batch.producer_id) else {
            let late = bumps_epoch && batch.transactional && batch.first != 0;
            return if late { Err(out_of_order(batch, -1)) } else { Ok(Verdict::Append) };
        };
        if batch.epoch < entry.epoch {
            let message = format!(
                "Epoch of producer {} is {}, which is < the last seen epoch {}",
                batch.producer_id, batch.epoch, entry.epoch
            );
            return Err(Refusal::new(ErrorCode::INVALID_PRODUCER_EPOCH, message));
        }
        if batch.epoch > entry.epoch {
            return if batch.first == 0 { Ok(Verdict::Append) } else { Err(out_of_order(batch, -1)) };
        }
        let again = |kept: &&BatchMetadata| kept.first == batch.first && kept.last == batch.last();
        if let Some(kept) = entry.batches.iter().find(again) {
            let BatchMetadata { base_offset, log_append_time_ms, .. } = *kept;
            return Ok(Verdict::Duplicate { base_offset, log_append_time_ms });
        }
        let expected = entry.batches.back().map_or(0, |kept| after(kept.last));
        if batch.first != expected {
            return Err(out_of_order(batch, entry.last_sequence()));
        }
        if entry.transaction.is_some() && !batch.transactional {
            let message = format!("Expected transactional write from producer {}", batch.producer_id);
            return Err(Refusal::new(ErrorCode::INVALID_TXN_STATE, message));
        }
        Ok(Verdict::Append)
    }

    /// Whether the producer has an open transaction here in that epoch.
    pub(crate) fn has_transaction(&self, producer_id: i64, epoch: i16) -> bool {
        self.entries.get(&producer_id).is_some_and(|it| it.epoch == epoch && it.transaction.is_some())
    }

    /// Notes that a marker was written; returns where the transaction began, if it wrote anything here.
    pub(crate) fn end_transaction(&mut self, producer_id: i64, epoch: i16, now: Now) -> Option<i64> {
        let entry = self.entry(producer_id, epoch, now);
        entry.marked = true;
        entry.transaction.take()
    }

    /// Forgets producers that did not write for that long and have no open transaction.
    pub(crate) fn expire_idle(&mut self, now: Instant, expiration: Duration) {
        let idle = |wrote: Instant| now.saturating_duration_since(wrote) >= expiration;
        if !self.oldest.is_some_and(idle) {
            return;
        }
        self.entries.retain(|_, entry| entry.transaction.is_some() || !idle(entry.last_write.instant));
        // Who was kept for a transaction is looked at again when another turn has passed.
        let kept = self.entries.values().map(|entry| entry.last_write.instant).filter(|wrote| !idle(*wrote));
        self.oldest = kept.min().or(Some(now).filter(|_| !self.entries.is_empty()));
    }

    /// Forgets what a restarted leader does not know: its snapshot holds the last batch of each producer.
    pub(crate) fn restart(&mut self) {
        for entry in self.entries.values_mut() {
            let forgotten = entry.batches.len().saturating_sub(1);
            entry.batches.drain(..forgotten);
        }
    }

    /// Forgets a producer, as if it had not written for long; unless it has an open transaction.
    pub(crate) fn expire(&mut self, producer_id: i64) {
        self.entries.retain(|id, entry| *id != producer_id || entry.transaction.is_some());
    }

    /// Remembers a batch that was appended; returns whether a transaction begins with it.
    pub(crate) fn record(
        &mut self,
        batch: Sequenced,
        base_offset: i64,
        log_append_time_ms: i64,
        now: Now,
    ) -> bool {
        let entry = self.entry(batch.producer_id, batch.epoch, now);
        if entry.batches.len() == BATCHES_KEPT {
            entry.batches.pop_front();
        }
        let kept = BatchMetadata { first: batch.first, last: batch.last(), base_offset, log_append_time_ms };
        entry.batches.push_back(kept);
        let begins = batch.transactional && entry.transaction.is_none();
        if begins {
            entry.transaction = Some(base_offset);
        }
        begins
    }

    /// The producer in that epoch; a new epoch has no batches yet.
    fn entry(&mut self, producer_id: i64, epoch: i16, now: Now) -> &mut ProducerEntry {
        let entry = self.entries.entry(producer_id);
        let entry = entry.or_insert_with(|| ProducerEntry {
            epoch,
            transaction: None,
            last_write: now,
            marked: false,
            batches: VecDeque::new(),
        });
        if entry.epoch != epoch {
            entry.epoch = epoch;
            entry.batches.clear();
        }
        entry.last_write = now;
        self.oldest.get_or_insert(now.instant);
        entry
    }
}

impl ProducerEntry {
    /// Of the last record in this epoch; -1 when there is none.
    pub(crate) fn last_sequence(&self) -> i32 {
        self.batches.back().map_or(-1, |kept| kept.last)
    }
}

fn after(sequence: i32) -> i32 {
    sequence.checked_add(1).unwrap_or(0)
}

fn out_of_order(batch: Sequenced, last: i32) -> Refusal {
    let message = format!(
        "Out of order sequence number for producer {} (epoch {}): {} (incoming seq. number), {last} (current end sequence number)",
        batch.producer_id, batch.epoch, batch.first
    );
    Refusal::new(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(epoch: i16, first: i32, count: i32) -> Sequenced {
        Sequenced { producer_id: 7, epoch, first, count, transactional: false }
    }

    fn now() -> Now {
        Now { instant: Instant::now(), unix_ms: 0 }
    }

    /// Sends batches of one producer; each is (epoch, first, count), offsets count records.
    fn run(script: &[(i16, i32, i32)]) -> Vec<Result<i64, ErrorCode>> {
        let (mut producers, mut end) = (Producers::default(), 0);
        let mut send = |&(epoch, first, count): &(i16, i32, i32)| match producers
            .check(batch(epoch, first, count), false)
        {
            Ok(Verdict::Append) => {
                producers.record(batch(epoch, first, count), end, -1, now());
                end += i64::from(count);
                Ok(end - i64::from(count))
            }
            Ok(Verdict::Duplicate { base_offset, .. }) => Ok(base_offset),
            Err(refusal) => Err(refusal.code),
        };
        script.iter().map(&mut send).collect()
    }

    const OUT_OF_ORDER: Result<i64, ErrorCode> = Err(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER);

    #[test]
    fn batches_follow_each_other() {
        assert_eq!(run(&[(0, 0, 3), (0, 3, 2), (0, 5, 1)]), [Ok(0), Ok(3), Ok(5)]);
    }

    #[test]
    fn a_gap_is_out_of_order() {
        assert_eq!(run(&[(0, 0, 3), (0, 4, 1), (0, 3, 1)]), [Ok(0), OUT_OF_ORDER, Ok(3)]);
    }

    #[test]
    fn one_of_the_last_five_batches_answers_its_first_offset() {
        let mut script: Vec<_> = (0..6).map(|i| (0, i * 2, 2)).collect();
        script.extend([(0, 2, 2), (0, 10, 2), (0, 0, 2), (0, 2, 1)]);
        let answers = run(&script);
        assert_eq!(answers[6..8], [Ok(2), Ok(10)]);
        assert_eq!(answers[8], OUT_OF_ORDER, "the sixth is forgotten");
        assert_eq!(answers[9], OUT_OF_ORDER, "half a batch is another batch");
    }

    #[test]
    fn an_unknown_producer_begins_where_it_likes() {
        assert_eq!(run(&[(3, 40, 2), (3, 42, 1)]), [Ok(0), Ok(2)]);
    }

    #[test]
    fn a_new_epoch_begins_at_zero_and_fences_the_old() {
        let answers = run(&[(0, 0, 1), (1, 1, 1), (1, 0, 1), (0, 1, 1), (1, 1, 1)]);
        let fenced = Err(ErrorCode::INVALID_PRODUCER_EPOCH);
        assert_eq!(answers, [Ok(0), OUT_OF_ORDER, Ok(1), fenced, Ok(2)]);
    }

    #[test]
    fn after_the_greatest_sequence_comes_zero() {
        let top = i32::MAX;
        assert_eq!(run(&[(0, top - 1, 2), (0, 0, 1), (0, 1, 1)]), [Ok(0), Ok(2), Ok(3)]);
        let within = run(&[(0, top, 3), (0, 2, 1), (0, top, 3)]);
        assert_eq!(within, [Ok(0), Ok(3), Ok(0)]);
    }

    #[test]
    fn a_producer_is_forgotten_when_it_is_idle_but_not_within_a_transaction() {
        let (start, hour) = (now(), Duration::from_secs(3600));
        let mut producers = Producers::default();
        producers.record(batch(0, 0, 1), 0, -1, start);
        let transactional = Sequenced { producer_id: 8, transactional: true, ..batch(0, 0, 1) };
        assert!(producers.record(transactional, 1, -1, start));
        let known = |producers: &Producers| producers.iter().map(|(id, _)| id).collect::<Vec<_>>();
        producers.expire_idle(start.instant + hour - Duration::from_millis(1), hour);
        assert_eq!(known(&producers), [7, 8]);
        producers.expire_idle(start.instant + hour, hour);
        assert_eq!(known(&producers), [8]);
        producers.expire(8);
        assert_eq!(known(&producers), [8]);
        assert_eq!(producers.end_transaction(8, 0, start), Some(1));
        producers.expire(8);
        assert!(known(&producers).is_empty());
    }

    #[test]
    fn a_leader_that_has_started_again_knows_the_last_batch_alone() {
        let mut producers = Producers::default();
        (0..5).for_each(|at| _ = producers.record(batch(0, at, 1), i64::from(at), -1, now()));
        producers.restart();
        let check = |first| producers.check(batch(0, first, 1), false).map_err(|refusal| refusal.code);
        assert_eq!(check(3), Err(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER));
        assert_eq!(check(4), Ok(Verdict::Duplicate { base_offset: 4, log_append_time_ms: -1 }));
        assert_eq!(check(5), Ok(Verdict::Append));
    }

    #[test]
    fn after_a_marker_of_a_higher_epoch_sequences_begin_again() {
        let mut producers = Producers::default();
        let of = |epoch, first| Sequenced { transactional: true, ..batch(epoch, first, 1) };
        producers.record(of(0, 0), 0, -1, now());
        assert!(producers.has_transaction(7, 0));
        assert_eq!(producers.end_transaction(7, 1, now()), Some(0));
        assert!(!producers.has_transaction(7, 1));
        let code = |epoch, first| producers.check(of(epoch, first), true).map_err(|refusal| refusal.code);
        assert_eq!(code(0, 1), Err(ErrorCode::INVALID_PRODUCER_EPOCH));
        assert_eq!(code(1, 1), Err(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER));
        assert_eq!(code(1, 0), Ok(Verdict::Append));
        let unknown = Sequenced { producer_id: 9, ..of(0, 3) };
        assert_eq!(producers.check(unknown, false), Ok(Verdict::Append));
        assert_eq!(producers.check(unknown, true).unwrap_err().code, ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER);
    }

    #[test]
    fn a_plain_batch_within_a_transaction_is_refused() {
        let mut producers = Producers::default();
        producers.record(Sequenced { transactional: true, ..batch(0, 0, 1) }, 0, -1, now());
        let refusal = producers.check(batch(0, 1, 1), false).unwrap_err();
        assert_eq!(refusal.code, ErrorCode::INVALID_TXN_STATE);
    }
}

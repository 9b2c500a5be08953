//! The transaction coordinator of all nodes: every transactional id, and the markers that transactions leave.
//!
//! `transaction.rs` decides what one id may do; here its decisions take effect in partitions, groups and deadlines. After
//! each change the id's deadline is renewed, and whatever is due is done at once: with no `marker_delay` markers are
//! written before EndTxn is answered.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use upsert_kafka_protocol::records::{ControlType, Stamp, end_transaction_marker};
use upsert_kafka_protocol::{ErrorCode, Str};

use super::State;
use super::deadlines::Deadlines;
use super::transaction::{EndMarkers, EndRequest, Participant, Transaction};
use crate::now::Now;
use crate::wait::WatchKey;

/// The coordinator's epoch in markers. It never changes: nothing is lost when another node takes over.
pub(crate) const COORDINATOR_EPOCH: i32 = 0;

/// The first version of transactions in which the end of one bumps the producer's epoch (KIP-890).
const BUMPS_EPOCH_SINCE: i16 = 2;

/// Transactions by their ids.
#[derive(Debug, Default)]
pub(crate) struct Transactions {
    by_id: BTreeMap<Str, Transaction>,
    deadlines: Deadlines<Str>,
}

impl Transactions {
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Str, &Transaction)> {
        self.by_id.iter()
    }

    pub(crate) fn of(&self, id: &str) -> Option<&Transaction> {
        self.by_id.get(id)
    }

    /// When the next one is to be aborted, or its markers are to be written.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.deadlines.next()
    }

    /// Renews the deadline of a transaction that may have changed.
    fn schedule(&mut self, id: &str) {
        let id = super::names::owned(id);
        self.deadlines.set(&id, self.by_id.get(&id).and_then(Transaction::deadline));
    }

    fn known(&mut self, id: &str) -> Result<&mut Transaction, ErrorCode> {
        match id {
            "" => Err(ErrorCode::INVALID_REQUEST),
            id => self.by_id.get_mut(id).ok_or(ErrorCode::INVALID_PRODUCER_ID_MAPPING),
        }
    }
}

/// What clients and the clock do to transactions, with its effects in partitions and groups.
impl State {
    /// A producer id that no producer has had.
    pub(crate) fn fresh_producer_id(&mut self) -> i64 {
        self.next_producer_id += 1;
        self.next_producer_id - 1
    }

    /// Makes a producer the owner of a transactional id; returns its producer id and epoch.
    pub(crate) fn initialize(
        &mut self,
        id: &str,
        expected: Option<(i64, i16)>,
        timeout_ms: i32,
        now: Now,
    ) -> Result<(i64, i16), ErrorCode> {
        if timeout_ms <= 0 || timeout_ms > self.config.transaction_timeout_ms_max {
            return Err(ErrorCode::INVALID_TRANSACTION_TIMEOUT);
        }
        self.forget_idle(id, now);
        let at = (now, self.config.marker_delay);
        let bumps_epoch = self.config.transaction_version >= BUMPS_EPOCH_SINCE;
        let next_id = &mut self.next_producer_id;
        let mut fresh = || std::mem::replace(next_id, *next_id + 1);
        let transaction = self.transactions.by_id.entry(super::names::owned(id));
        let transaction = transaction.or_insert_with(|| Transaction::new(fresh(), now));
        let bound = transaction.initialize(expected, timeout_ms, bumps_epoch, fresh, at);
        self.transactions.schedule(id);
        self.end_due(now);
        bound
    }

    /// Adds participants to the producer's transaction.
    pub(crate) fn add_to_transaction(
        &mut self,
        id: &str,
        producer: (i64, i16),
        participants: impl IntoIterator<Item = Participant>,
        now: Now,
    ) -> Result<(), ErrorCode> {
        self.forget_idle(id, now);
        let added = self.transactions.known(id)?.add(producer, participants, now);
        self.transactions.schedule(id);
        added
    }

    /// Whether the producer's transaction has the participant.
    pub(crate) fn verify_in_transaction(
        &mut self,
        id: &str,
        producer: (i64, i16),
        participant: &Participant,
    ) -> Result<(), ErrorCode> {
        self.transactions.known(id)?.verify(producer, participant)
    }

    /// Commits or aborts; returns the producer id and epoch to go on with.
    pub(crate) fn end_transaction(
        &mut self,
        id: &str,
        end: EndRequest,
        now: Now,
    ) -> Result<(i64, i16), ErrorCode> {
        self.forget_idle(id, now);
        let at = (now, self.config.marker_delay);
        let next_id = &mut self.next_producer_id;
        let fresh = || std::mem::replace(next_id, *next_id + 1);
        let ended = self.transactions.known(id)?.end(end, fresh, at);
        self.transactions.schedule(id);
        self.end_due(now);
        ended
    }

    /// Aborts what has been open for too long, and writes the markers whose time has come.
    pub(crate) fn end_due(&mut self, now: Now) {
        let at = (now, self.config.marker_delay);
        let bumps_epoch = self.config.transaction_version >= BUMPS_EPOCH_SINCE;
        let mut ended = Vec::new();
        for id in self.transactions.deadlines.due(now.instant) {
            let Some(transaction) = self.transactions.by_id.get_mut(&id) else { continue };
            if transaction.timeout().is_some_and(|timeout| timeout <= now.instant) {
                transaction.fence(bumps_epoch, at);
            }
            ended.extend(transaction.complete(now.instant));
            self.transactions.schedule(&id);
        }
        ended.iter().for_each(|markers| self.write_markers(markers, now));
    }

    fn write_markers(&mut self, markers: &EndMarkers, now: Now) {
        for participant in &markers.participants {
            match participant {
                Participant::Partition(topic, index) => self.write_marker(markers, topic, *index, now),
                Participant::Group(group) => {
                    let offsets = self.groups.offsets(group);
                    offsets.end_transaction(markers.producer_id, markers.committed);
                }
            }
        }
    }

    pub(crate) fn write_marker(&mut self, markers: &EndMarkers, topic: &str, index: i32, now: Now) {
        // A topic that was deleted needs no marker.
        let Some(topic) = self.topics.by_name_mut(topic) else { return };
        let key = WatchKey::Partition(topic.id, index);
        let Ok(partition) = topic.partition_mut(index) else { return };
        let control = if markers.committed { ControlType::COMMIT } else { ControlType::ABORT };
        let EndMarkers { producer_id, epoch, .. } = *markers;
        let stamp = Stamp { producer_id, producer_epoch: epoch, ..Stamp::NONE };
        let marker = end_transaction_marker(stamp, now.unix_ms, control, COORDINATOR_EPOCH);
        let offset = partition.log.append_marker(&marker, now.unix_ms, partition.leader_epoch);
        if let Some(first) = partition.producers.end_transaction(producer_id, epoch, now) {
            partition.isolation.end(first, offset, markers.committed);
        }
        self.completed.push(key);
    }

    fn forget_idle(&mut self, id: &str, now: Now) {
        let expiration: Duration = self.config.transactional_id_expiration;
        if self.transactions.of(id).is_some_and(|it| it.is_idle(now.instant, expiration)) {
            self.transactions.by_id.remove(id);
            self.transactions.schedule(id);
        }
    }
}

//! One transactional id: which producer owns it, and the transaction that producer is in.
//!
//! As Kafka's `TransactionMetadata` and `TransactionCoordinator` (4.x) decide it (KIP-98, KIP-360, KIP-890).
//!
//! The coordinator hears four things of clients and one of the clock:
//!
//! | event | of | does |
//! |---|---|---|
//! | `initialize` | InitProducerId | makes the caller the owner, in a new epoch; aborts what a former owner left open |
//! | `add`, `verify` | AddPartitionsToTxn, AddOffsetsToTxn, Produce | adds a partition or group to the transaction, or asks whether it is in it |
//! | `end` | EndTxn | commits or aborts |
//! | `fence` | the transaction timeout | aborts, and bumps the epoch so that the owner is fenced |
//! | `complete` | the clock | hands out the markers that are due, and the transaction is over |
//!
//! Rules that hold at all times:
//! - Only the owner, by producer id **and** epoch, changes anything. Everyone else hears `INVALID_PRODUCER_ID_MAPPING`
//!   (another id) or `PRODUCER_FENCED` (another epoch).
//! - Between the decision and its markers (`PrepareCommit`, `PrepareAbort`) nothing else happens: who asks hears
//!   `CONCURRENT_TRANSACTIONS` and asks again.
//! - A request that is repeated since its answer was lost gets the same answer: that is what `previous_id` and
//!   `previous_epoch` are kept for.
//! - With version 2 of transactions (KIP-890) each end bumps the epoch, so that a late record of the last transaction
//!   cannot fall into the next. When epochs are used up, the producer goes on with a new id at epoch 0.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use upsert_kafka_protocol::{ErrorCode, Str};

use crate::now::Now;

/// The epoch before the first, and where a producer names none.
const NO_EPOCH: i16 = -1;

/// Where a producer names no id.
const NO_ID: i64 = -1;

/// The last epoch that a client is given: the one above it is left to fence that client.
const LAST_EPOCH: i16 = i16::MAX - 1;

/// ```text
///          add              commit                   markers written
///  Empty ───────► Ongoing ──────────► PrepareCommit ───────────────► CompleteCommit
///                    │ abort, timeout,
///                    │ a successor                   markers written
///                    └──────────────► PrepareAbort ────────────────► CompleteAbort
///
///  after either end:                    add ──► Ongoing, init ──► Empty
///  while none is open, version 2 only:  abort ──► PrepareAbort
/// ```
/// The last line is there since a client may not know whether any of its records arrived. A successor is a producer
/// that calls InitProducerId while a transaction is open: it is answered `CONCURRENT_TRANSACTIONS` and asks again, as
/// everyone is while markers are being written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TransactionState {
    Empty,
    Ongoing,
    PrepareCommit,
    PrepareAbort,
    CompleteCommit,
    CompleteAbort,
}

/// Where a transaction leaves its marker.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Participant {
    /// A partition that records were written to.
    Partition(Str, i32),
    /// A group that committed offsets were given for.
    Group(Str),
}

/// What the coordinator keeps of one transactional id.
#[derive(Debug)]
pub(crate) struct Transaction {
    pub(crate) state: TransactionState,
    pub(crate) producer_id: i64,
    pub(crate) epoch: i16,
    pub(crate) timeout_ms: i32,
    /// When the first participant was added, while there is a transaction.
    pub(crate) started: Option<Now>,
    pub(crate) participants: BTreeSet<Participant>,
    /// The producer's id before the last transition.
    previous_id: i64,
    /// The epoch before the present one, when it was its owner who raised it.
    previous_epoch: i16,
    /// The id to go on with after the end, when the epochs of the present one are used up.
    next_id: Option<i64>,
    /// When the markers are written.
    markers_due: Option<Instant>,
    used: Instant,
}

/// The markers that end a transaction, to be written to every participant.
#[derive(Debug)]
pub(crate) struct EndMarkers {
    pub(crate) producer_id: i64,
    pub(crate) epoch: i16,
    pub(crate) committed: bool,
    pub(crate) participants: BTreeSet<Participant>,
}

/// An EndTxn request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EndRequest {
    pub(crate) producer_id: i64,
    pub(crate) epoch: i16,
    pub(crate) commit: bool,
    /// By KIP-890, which bumps the epoch.
    pub(crate) bumps_epoch: bool,
}

impl Transaction {
    /// A transactional id that nobody has used yet.
    pub(crate) fn new(producer_id: i64, now: Now) -> Self {
        Self {
            state: TransactionState::Empty,
            producer_id,
            epoch: NO_EPOCH,
            timeout_ms: 0,
            started: None,
            participants: BTreeSet::new(),
            previous_id: NO_ID,
            previous_epoch: NO_EPOCH,
            next_id: None,
            markers_due: None,
            used: now.instant,
        }
    }

    /// Makes a producer the owner; returns the id and epoch it gets. A producer that goes on after an error says which
    /// ones it has (KIP-360). What is left of a predecessor's transaction is aborted first.
    pub(crate) fn initialize(
        &mut self,
        expected: Option<(i64, i16)>,
        timeout_ms: i32,
        bumps_epoch: bool,
        fresh_id: impl FnOnce() -> i64,
        (now, delay): (Now, Duration),
    ) -> Result<(i64, i16), ErrorCode> {
        let known = |(id, epoch)| {
            self.epoch == NO_EPOCH
                || id == self.producer_id
                || (id == self.previous_id && epoch >= LAST_EPOCH)
        };
        if !expected.is_none_or(known) {
            return Err(ErrorCode::PRODUCER_FENCED);
        }
        match self.state {
            TransactionState::PrepareCommit | TransactionState::PrepareAbort => {
                return Err(ErrorCode::CONCURRENT_TRANSACTIONS);
            }
            TransactionState::Ongoing => {
                self.fence(bumps_epoch, (now, delay));
                return Err(ErrorCode::CONCURRENT_TRANSACTIONS);
            }
            _ => {}
        }
        let expected_epoch = expected.map(|(_, epoch)| epoch);
        if self.epoch >= LAST_EPOCH && expected_epoch.is_none_or(|epoch| epoch == self.epoch) {
            self.previous_epoch = expected_epoch.unwrap_or(NO_EPOCH);
            self.rotate_producer_id(fresh_id());
        } else {
            self.bump_epoch(expected_epoch)?;
        }
        self.state = TransactionState::Empty;
        self.timeout_ms = timeout_ms;
        self.used = now.instant;
        Ok((self.producer_id, self.epoch))
    }

    /// Bumps the epoch, or gives the present one again to a producer that did not hear of it.
    fn bump_epoch(&mut self, expected: Option<i16>) -> Result<(), ErrorCode> {
        match expected {
            Some(expected) if self.epoch != NO_EPOCH && expected != self.epoch => {
                if expected != self.previous_epoch {
                    return Err(ErrorCode::PRODUCER_FENCED);
                }
            }
            expected => {
                self.previous_epoch = if expected.is_some() { self.epoch } else { NO_EPOCH };
                self.epoch += 1;
            }
        }
        self.previous_id = self.producer_id;
        Ok(())
    }

    fn rotate_producer_id(&mut self, id: i64) {
        self.previous_id = self.producer_id;
        self.producer_id = id;
        self.epoch = 0;
    }

    /// Aborts the open transaction in a new epoch, so that its producer is fenced.
    pub(crate) fn fence(&mut self, bumps_epoch: bool, at: (Now, Duration)) {
        // With KIP-890 this is what an end does anyway, so its producer may ask how it ended.
        self.previous_epoch = if bumps_epoch { self.epoch } else { NO_EPOCH };
        self.epoch = self.epoch.saturating_add(1);
        self.prepare(TransactionState::PrepareAbort, false, at);
    }

    /// Adds participants; the first begins the transaction.
    pub(crate) fn add(
        &mut self,
        (producer_id, epoch): (i64, i16),
        participants: impl IntoIterator<Item = Participant>,
        now: Now,
    ) -> Result<(), ErrorCode> {
        self.check(producer_id, epoch)?;
        if self.state != TransactionState::Ongoing {
            self.state = TransactionState::Ongoing;
            self.started = Some(now);
        }
        self.previous_id = self.producer_id;
        self.participants.extend(participants);
        self.used = now.instant;
        Ok(())
    }

    /// Whether the producer's transaction has the participant.
    pub(crate) fn verify(
        &self,
        (producer_id, epoch): (i64, i16),
        participant: &Participant,
    ) -> Result<(), ErrorCode> {
        self.check(producer_id, epoch)?;
        if self.participants.contains(participant) { Ok(()) } else { Err(ErrorCode::TRANSACTION_ABORTABLE) }
    }

    fn check(&self, producer_id: i64, epoch: i16) -> Result<(), ErrorCode> {
        match self.state {
            _ if producer_id != self.producer_id => Err(ErrorCode::INVALID_PRODUCER_ID_MAPPING),
            _ if epoch != self.epoch => Err(ErrorCode::PRODUCER_FENCED),
            TransactionState::PrepareCommit | TransactionState::PrepareAbort => {
                Err(ErrorCode::CONCURRENT_TRANSACTIONS)
            }
            _ => Ok(()),
        }
    }

    /// Commits or aborts; returns the id and epoch to go on with.
    pub(crate) fn end(
        &mut self,
        end: EndRequest,
        fresh_id: impl FnOnce() -> i64,
        at: (Now, Duration),
    ) -> Result<(i64, i16), ErrorCode> {
        let ended = if end.bumps_epoch { self.check_end_bumping(end)? } else { self.check_end_classic(end)? };
        if ended {
            return Ok((self.producer_id, self.epoch));
        }
        if end.bumps_epoch && self.epoch >= LAST_EPOCH {
            self.next_id = Some(fresh_id());
        }
        let next = if end.commit { TransactionState::PrepareCommit } else { TransactionState::PrepareAbort };
        self.prepare(next, end.bumps_epoch, at);
        Ok(self.next_id.map_or((self.producer_id, self.epoch), |id| (id, 0)))
    }

    /// Whether the transaction has ended in that way already; false when it may end now.
    fn check_end_classic(&self, end: EndRequest) -> Result<bool, ErrorCode> {
        use TransactionState::*;
        match (self.state, end.commit) {
            _ if end.producer_id != self.producer_id => Err(ErrorCode::INVALID_PRODUCER_ID_MAPPING),
            _ if end.epoch != self.epoch => Err(ErrorCode::PRODUCER_FENCED),
            (Ongoing, _) => Ok(false),
            (CompleteCommit, true) | (CompleteAbort, false) => Ok(true),
            (PrepareCommit, true) | (PrepareAbort, false) => Err(ErrorCode::CONCURRENT_TRANSACTIONS),
            _ => Err(ErrorCode::INVALID_TXN_STATE),
        }
    }

    /// As [`Self::check_end_classic`], where the epoch tells a repeated request from the end of the next transaction.
    fn check_end_bumping(&self, end: EndRequest) -> Result<bool, ErrorCode> {
        use TransactionState::*;
        let present = end.epoch == self.epoch;
        let rotated = end.producer_id == self.previous_id && end.epoch == LAST_EPOCH && self.epoch == 0;
        let again = rotated || end.epoch.checked_add(1) == Some(self.epoch);
        let timely = match self.state {
            Ongoing | Empty => present,
            PrepareCommit | PrepareAbort => again && !rotated,
            CompleteCommit | CompleteAbort => again || present,
        };
        match (self.state, end.commit) {
            _ if end.producer_id != self.producer_id && !rotated => {
                Err(ErrorCode::INVALID_PRODUCER_ID_MAPPING)
            }
            _ if !timely => Err(ErrorCode::PRODUCER_FENCED),
            (Ongoing, _) | (Empty, false) => Ok(false),
            (CompleteCommit, true) | (CompleteAbort, false) if again => Ok(true),
            (CompleteCommit | CompleteAbort, false) if !again => Ok(false),
            (PrepareCommit, true) | (PrepareAbort, false) => Err(ErrorCode::CONCURRENT_TRANSACTIONS),
            _ => Err(ErrorCode::INVALID_TXN_STATE),
        }
    }

    fn prepare(&mut self, next: TransactionState, bumps_epoch: bool, (now, delay): (Now, Duration)) {
        if bumps_epoch {
            self.previous_epoch = self.epoch;
            self.epoch = self.epoch.saturating_add(1);
        }
        self.previous_id = self.producer_id;
        self.state = next;
        self.started.get_or_insert(now);
        self.markers_due = Some(now.instant + delay);
        self.used = now.instant;
    }

    /// Ends the transaction when its markers are due, and returns them.
    pub(crate) fn complete(&mut self, now: Instant) -> Option<EndMarkers> {
        self.markers_due.take_if(|due| *due <= now)?;
        let committed = self.state == TransactionState::PrepareCommit;
        let (producer_id, epoch) = (self.producer_id, self.epoch);
        self.state =
            if committed { TransactionState::CompleteCommit } else { TransactionState::CompleteAbort };
        if let Some(id) = self.next_id.take() {
            self.rotate_producer_id(id);
        }
        self.started = None;
        let participants = std::mem::take(&mut self.participants);
        Some(EndMarkers { producer_id, epoch, committed, participants })
    }

    /// When the transaction is to be aborted, or its markers are to be written.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.markers_due.or_else(|| self.timeout())
    }

    /// When the open transaction will have been open for too long.
    pub(crate) fn timeout(&self) -> Option<Instant> {
        let open = self.started.filter(|_| self.state == TransactionState::Ongoing)?;
        Some(open.instant + Duration::from_millis(u64::try_from(self.timeout_ms).unwrap_or(0)))
    }

    /// Whether the id was not used for that long and has nothing open.
    pub(crate) fn is_idle(&self, now: Instant, expiration: Duration) -> bool {
        use TransactionState::*;
        matches!(self.state, Empty | CompleteCommit | CompleteAbort)
            && now.saturating_duration_since(self.used) >= expiration
    }
}

impl TransactionState {
    /// As DescribeTransactions says it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Empty => "Empty",
            Self::Ongoing => "Ongoing",
            Self::PrepareCommit => "PrepareCommit",
            Self::PrepareAbort => "PrepareAbort",
            Self::CompleteCommit => "CompleteCommit",
            Self::CompleteAbort => "CompleteAbort",
        }
    }
}

#[cfg(test)]
mod tests;

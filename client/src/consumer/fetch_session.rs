//! A fetch session with one broker (KIP-227): a request tells what changed since the one before, and an answer too.
//!
//! ```text
//! none ──full fetch──► answered with a session id ──► incremental fetches: what changed, what is forgotten
//!   ▲                     │ without one                   │ FETCH_SESSION_ID_NOT_FOUND
//!   └─────────────────────┴───────────────────────────────┤
//!              ▲                                          │ another error, or no answer
//!              └────── a full fetch that ends the old ◄───┘
//! ```
//!
//! The session holds no more partitions than the last request was for. A partition that an incremental answer leaves
//! out has no new records, and its high watermark is the one told last.

use std::collections::{BTreeMap, HashSet};

use upsert_kafka_protocol::{ErrorCode, Uuid};

use super::assignment::TopicPartition;
use super::position::{FetchTarget, LogStatus};

/// What one broker was told of a consumer's partitions.
#[derive(Debug, Default)]
pub(super) struct FetchSession {
    /// Zero without a session.
    id: i32,
    /// Of the next request; zero makes it a full one.
    epoch: i32,
    /// Whether the session knows topics by id (Fetch 13) and not by name.
    by_id: bool,
    partitions: BTreeMap<TopicPartition, SessionPartition>,
}

/// The part of a session in a request.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct SessionFetch<'a> {
    pub(super) id: i32,
    pub(super) epoch: i32,
    /// Those that the broker is to add or to change, in the order of the plan.
    pub(super) changed: Vec<&'a FetchTarget>,
    /// Those that leave the session, each with its topic id.
    pub(super) forgotten: Vec<(TopicPartition, Uuid)>,
}

/// What the broker knows of a partition, and what it told.
#[derive(Debug)]
struct SessionPartition {
    topic_id: Uuid,
    offset: i64,
    leader_epoch: i32,
    bytes_max: u32,
    told: Option<LogStatus>,
}

impl FetchSession {
    /// The broker's number of the session; zero without one.
    pub(super) fn id(&self) -> i32 {
        self.id
    }

    /// Whether the next request tells changes alone, as far as is known before it is made.
    pub(super) fn is_incremental(&self) -> bool {
        self.epoch > 0
    }

    /// What the next request says, for exactly these partitions.
    pub(super) fn next_fetch<'a>(&mut self, targets: &'a [FetchTarget], by_id: bool) -> SessionFetch<'a> {
        if self.by_id != by_id {
            // One session cannot know topics by name and by id.
            self.epoch = 0;
        }
        self.by_id = by_id;
        if !self.is_incremental() {
            self.partitions.clear();
        }
        let mut forgotten = self.forget_all_but(targets);
        let mut changed = Vec::new();
        for target in targets {
            let new = SessionPartition::from(target);
            let told = match self.partitions.get(&target.topic_partition) {
                Some(known) if known.is_asked_like(&new) => continue,
                Some(known) if known.topic_id != new.topic_id => {
                    if by_id {
                        forgotten.push((target.topic_partition.clone(), known.topic_id));
                    }
                    None
                }
                known => known.and_then(|known| known.told),
            };
            changed.push(target);
            self.partitions.insert(target.topic_partition.clone(), SessionPartition { told, ..new });
        }
        SessionFetch { id: self.id, epoch: self.epoch, changed, forgotten }
    }

    /// The broker answered without an error of the whole request. Session id 0 says that it keeps no session.
    pub(super) fn handle_answered(&mut self, session_id: i32) {
        let next = if self.epoch == i32::MAX { 1 } else { self.epoch + 1 };
        (self.id, self.epoch) = if session_id == 0 { (0, 0) } else { (session_id, next) };
    }

    /// The broker refused the request. True when a full fetch, sent now, goes on where the session was lost.
    pub(super) fn handle_refused(&mut self, code: ErrorCode) -> bool {
        let was_incremental = self.is_incremental();
        self.handle_unanswered();
        if code == ErrorCode::FETCH_SESSION_ID_NOT_FOUND {
            self.id = 0;
        }
        let lost = [
            ErrorCode::FETCH_SESSION_ID_NOT_FOUND,
            ErrorCode::INVALID_FETCH_SESSION_EPOCH,
            ErrorCode::FETCH_SESSION_TOPIC_ID_ERROR,
        ];
        was_incremental && lost.contains(&code)
    }

    /// No answer came, so nobody knows whether the broker counted the request: the next one is full, and ends the
    /// session that there may still be.
    pub(super) fn handle_unanswered(&mut self) {
        self.epoch = 0;
    }

    /// An answer told this of a partition.
    pub(super) fn handle_status(&mut self, target: &FetchTarget, status: LogStatus) {
        if let Some(known) = self.partitions.get_mut(&target.topic_partition) {
            known.told = Some(LogStatus { has_bytes: false, read_replica: None, ..status });
        }
    }

    /// What holds of a partition that an incremental answer left out; `None` where nothing was ever told of it.
    pub(super) fn unchanged(&self, target: &FetchTarget) -> Option<LogStatus> {
        self.partitions.get(&target.topic_partition)?.told
    }

    fn forget_all_but(&mut self, targets: &[FetchTarget]) -> Vec<(TopicPartition, Uuid)> {
        let asked: HashSet<_> = targets.iter().map(|target| &target.topic_partition).collect();
        let gone = self.partitions.extract_if(.., |of, _| !asked.contains(of));
        gone.map(|(of, known)| (of, known.topic_id)).collect()
    }
}

impl SessionPartition {
    fn from(target: &FetchTarget) -> Self {
        Self {
            topic_id: target.topic_id,
            offset: target.offset,
            leader_epoch: target.leader_epoch,
            bytes_max: target.bytes_max,
            told: None,
        }
    }

    fn is_asked_like(&self, other: &Self) -> bool {
        let asked = |it: &Self| (it.topic_id, it.offset, it.leader_epoch, it.bytes_max);
        asked(self) == asked(other)
    }
}

#[cfg(test)]
mod tests;

//! A task of a member whose transaction was ended by somebody else, or may have been: a process that was frozen for longer
//! than its session wakes up so.
//!
//! Whoever has its partitions by then has fenced it, rightly. Only its group knows: so nothing is written or committed
//! until the group has said whether it has this member still. One that it has lost goes on with what it is given anew. One
//! that was fenced though it has its partitions takes its id over again, once: it was a process that woke up and had not
//! heard yet that it has lost them. If it happens again soon, another job uses its prefix, and the task ends.
//!
//! **What must never happen:** that a task which has lost its partitions takes its id over again before it has heard so: it
//! would fence the one that has them.

use std::time::Duration;

use tracing::warn;
use upsert_kafka_client::ErrorCode;

use super::TaskTransaction;
use super::state::{CutOff, TransactionState};
use crate::error::{Error, ErrorKind};

/// Of a task that is a member of a group. Any other has nobody to ask, and fails.
impl TaskTransaction {
    /// Whether an error of the task is that its transaction was cut off: the task then asks its group, and calls
    /// [`recover`](Self::recover) or [`abort`](Self::abort).
    pub(crate) async fn is_cut_off(&self, error: &Error) -> bool {
        let mut state = self.lock().await;
        if let Some(error) = error.client().filter(|error| state.cuts_off(error)) {
            let id = state.producer.as_ref().map(|it| it.id.clone()).unwrap_or_default();
            _ = state.fail(&id, error.clone()).await;
        }
        state.failure.is_none() && state.cut_off.is_some()
    }

    /// The group has the task still, and all that it had: it goes back to what is committed.
    ///
    /// # Errors
    /// Somebody else took the id over, not for the first time.
    pub(crate) async fn recover(&self) -> Result<(), Error> {
        self.lock().await.recover().await
    }
}

impl TransactionState {
    /// Whether an error says that the transaction was ended by somebody else.
    pub(super) fn cuts_off(&self, error: &upsert_kafka_client::Error) -> bool {
        let is_ended = error.is_fenced() || error.code() == Some(ErrorCode::INVALID_TXN_STATE);
        self.ids.are_of_member() && is_ended && !error.is_stale_member()
    }

    /// Nothing more is written until the group was asked.
    pub(super) fn handle_cut_off(&mut self, why: String, is_fenced: bool) -> Error {
        warn!(why, "the transaction is cut off; the group is asked whether it has this member still");
        self.open = None;
        self.producer = None;
        if let Some(aligned) = &self.aligned {
            aligned.due.send_replace(true);
        }
        let cut_off = self.cut_off.get_or_insert(CutOff { why, is_fenced, is_told: false });
        Error::new(ErrorKind::Cluster, cut_off.why.clone())
    }

    /// See [`TaskTransaction::recover`].
    pub(super) async fn recover(&mut self) -> Result<(), Error> {
        self.check_failure()?;
        let Some(CutOff { why, is_fenced, .. }) = self.cut_off.take() else { return Ok(()) };
        let now = self.clock.now();
        let before = if is_fenced { self.retaken_at.replace(now) } else { None };
        if before.is_some_and(|before| now.saturating_duration_since(before) < FENCED_AGAIN_WITHIN) {
            return Err(self.remember(why));
        }
        // Whatever became of what was open, it is ended by that; what is kept tells.
        self.take_over().await
    }
}

/// A member that is fenced twice within this time was not fenced by one that had only not heard yet: such a one hears from
/// its group within a heartbeat.
const FENCED_AGAIN_WITHIN: Duration = Duration::from_secs(60);

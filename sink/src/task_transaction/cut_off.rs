//! A task of a member whose transaction was ended by somebody else, or may have been: a process that was frozen for longer
//! than its session wakes up so.
//!
//! Whoever has its partitions by then has fenced it, rightly. Only its group knows: so nothing is written or committed
//! until the group has said whether it has this member still. One that it has lost goes on with what it is given anew. One
//! that was fenced though nobody has its partitions has met another job that uses its prefix, and ends.
//!
//! **What must never happen:** that a task which has lost its partitions takes its id over again before it has heard so: it
//! would fence the one that has them.

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
    /// Somebody else took the id over, who is no member of this group.
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
        match self.cut_off.take() {
            Some(CutOff { why, is_fenced: true, .. }) => Err(self.remember(why)),
            // Whatever became of it, it is ended by that; what is kept tells.
            Some(_) => self.take_over().await,
            None => Ok(()),
        }
    }
}

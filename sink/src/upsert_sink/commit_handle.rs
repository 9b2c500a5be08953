//! What a program waits for before it commits how far its own source had come.

use std::fmt;
use std::sync::Arc;

use crate::error::Error;
use crate::writer::Acknowledgement;

/// Stands for every change that was written before it was made: see
/// [`UpsertSink::commit_handle`](crate::UpsertSink::commit_handle). It borrows nothing, so it may be awaited in another
/// task; dropping it loses nothing.
#[derive(Clone)]
#[must_use = "await `acknowledged` before anything is committed"]
pub struct CommitHandle(Arc<Acknowledgement>);

impl CommitHandle {
    pub(super) fn new(acknowledgement: Arc<Acknowledgement>) -> Self {
        Self(acknowledgement)
    }

    /// Returns when those changes are in the topic; changes that were written since, but before this is awaited, are
    /// waited for too. Handles of one sink are answered one after another. May be dropped and awaited again.
    ///
    /// # Errors
    /// The first change of the sink that the cluster did not take: then nothing behind it must be committed, and no
    /// handle of the sink succeeds any more.
    pub async fn acknowledged(&self) -> Result<(), Error> {
        self.0.flush().await
    }
}

impl fmt::Debug for CommitHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CommitHandle")
    }
}

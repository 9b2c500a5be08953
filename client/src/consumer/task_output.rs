//! What a task of the consumer came to.

use tokio::task::JoinError;

use super::fetch_session::FetchSession;
use super::fetcher::NodeFetch;
use super::offset_lookup::FoundOffsets;
use super::position::OffsetLookup;
use crate::{Error, ErrorKind};

/// What a task of the consumer came to.
pub(super) enum TaskOutput {
    /// One broker's answer to a fetch, or the error that stands for it, and the session with the broker.
    Fetch(NodeFetch, FetchSession),
    Lookups(Vec<(OffsetLookup, Result<FoundOffsets, Error>)>),
}

/// What a task brought. A panic of the task goes on as one of the caller's; a runtime that shuts down cancels
/// tasks.
pub(super) fn finished(output: Result<TaskOutput, JoinError>) -> Result<TaskOutput, Error> {
    output.map_err(|failed| match failed.try_into_panic() {
        Ok(panic) => std::panic::resume_unwind(panic),
        Err(_) => Error::new(ErrorKind::Closed, "the runtime shuts down"),
    })
}

//! What follows from a result, for the caller.

use crate::Error;

/// What follows from a result.
#[derive(Debug)]
pub(in crate::consumer) enum PartitionOutcome {
    /// The position moved: the records are the caller's.
    Moved,
    /// Nothing: there are no records, or the result no longer counts.
    Nothing,
    /// The partition is asked for again, after a wait.
    Retry,
    /// The caller must be told.
    Fail(Error),
}

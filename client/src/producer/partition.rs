//! Which partition something belongs to: a batch, a queue, a question.

use std::sync::Arc;

/// A partition's identity. It never changes and holds nothing of what is sent, so that whatever is sent may hold it.
#[derive(Debug)]
pub(crate) struct Partition {
    pub(crate) topic: Arc<str>,
    pub(crate) index: i32,
    /// Its number among all partitions of the producer.
    pub(crate) number: usize,
}

/// Whether closed batches of a partition wait to leave, where that has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Backlog {
    /// The partition's number.
    pub(crate) partition: usize,
    pub(crate) waits: bool,
}

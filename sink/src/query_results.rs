//! The changes of SELECTs, handed to the program that runs them.

use tokio::sync::mpsc;

use crate::changes::Change;
use crate::query_cells;
use crate::row::RowKind;

/// A change of a query's result.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct QueryChange {
    /// How the result changed.
    pub kind: RowKind,
    /// Each column as text, as connector `print` writes it; `None` is NULL.
    pub cells: Vec<Option<String>>,
}

/// The side of the program: dropped, it wants no more.
#[derive(Debug)]
pub struct QueryResults(mpsc::Receiver<QueryChange>);

/// The side of the job; clones are of further tasks.
#[derive(Clone, Debug)]
pub(crate) struct QueryWriter(mpsc::Sender<QueryChange>);

/// Both sides.
pub(crate) fn channel() -> (QueryWriter, QueryResults) {
    let (sender, receiver) = mpsc::channel(CHANGES_WAITING_MAX);
    (QueryWriter(sender), QueryResults(receiver))
}

impl QueryChange {
    /// A change of a result, for whoever tests what takes them.
    pub fn new(kind: RowKind, cells: Vec<Option<String>>) -> Self {
        Self { kind, cells }
    }
}

impl QueryResults {
    /// Waits for further changes, up to so many, and appends them; `false` when the job has ended and all were taken.
    /// Cancel-safe.
    pub async fn take(&mut self, changes: &mut Vec<QueryChange>, at_most: usize) -> bool {
        self.0.recv_many(changes, at_most).await > 0
    }
}

impl QueryWriter {
    /// Waits while too many wait to be taken.
    pub(crate) async fn write(&self, change: Change<'_>) {
        let cells = query_cells::read(change.value.unwrap_or_default());
        // Nobody looks on any more.
        let _ = self.0.send(QueryChange::new(change.kind, cells)).await;
    }
}

/// So many wait to be taken, and then the job waits.
const CHANGES_WAITING_MAX: usize = 1024;

//! The sinks of one task, which commit as one.

use std::future::pending;
use std::sync::Arc;

use tokio::time::sleep_until;

use super::input::Input;
use super::subtask::Subtask;
use crate::clients::Clients;
use crate::error::Error;
use crate::plan::InsertPlan;
use crate::progress::{Counts, Progress};
use crate::query_results::QueryWriter;
use crate::source::Positions;
use crate::transform::Changes;
use crate::writer::Writer;

/// A writer for each INSERT of a task, in their order.
pub(super) struct Writers {
    writers: Vec<Writer>,
    progress: Arc<Progress>,
    /// Rows handed over and not known to be acknowledged.
    unacknowledged: u64,
}

impl Writers {
    pub(super) async fn open(
        inserts: &[InsertPlan],
        subtask: Subtask,
        clients: &mut Clients,
        progress: Arc<Progress>,
        results: Option<&QueryWriter>,
    ) -> Result<Self, Error> {
        let mut writers = Vec::with_capacity(inserts.len());
        for insert in inserts {
            writers.push(Writer::open(&insert.sink, subtask, clients, results).await?);
        }
        Ok(Self { writers, progress, unacknowledged: 0 })
    }

    /// Hands over what each INSERT made of a message; waits while a producer's memory is full.
    #[inline]
    pub(super) async fn write(&mut self, changes: &[Changes], counts: &mut Counts) -> Result<(), Error> {
        let before = counts.rows_out;
        for (changes, writer) in changes.iter().zip(&mut self.writers) {
            for change in changes.iter() {
                writer.write(change, counts).await?;
            }
        }
        self.unacknowledged += counts.rows_out - before;
        Ok(())
    }

    /// Returns when changes that are held back have to be handed over; never, while none is. Cancel-safe.
    pub(super) async fn due(&self) {
        match self.writers.iter().filter_map(Writer::due_at).min() {
            Some(due_at) => sleep_until(due_at).await,
            None => pending().await,
        }
    }

    /// Hands over what has been held back for long enough.
    pub(super) async fn release_due(&mut self) -> Result<(), Error> {
        self.release(Writer::is_due).await
    }

    async fn release(&mut self, is_meant: impl Fn(&Writer) -> bool) -> Result<(), Error> {
        let mut counts = Counts::default();
        let mut outcome = Ok(());
        for writer in self.writers.iter_mut().filter(|writer| is_meant(writer)) {
            outcome = writer.release(&mut counts).await;
            if outcome.is_err() {
                break;
            }
        }
        self.unacknowledged += counts.rows_out;
        self.progress.count(counts);
        outcome
    }

    /// Makes lasting what was handed over, and that it was: one operation. `positions` say how far the source had come
    /// when the last of it was handed over.
    ///
    /// Delivery is at-least-once: every sink acknowledges, and only then do the positions go to the source's group. A
    /// sink that failed once never acknowledges again, so no position is ever committed beyond what was acknowledged.
    /// A transaction would take the place of both steps: the positions would be sent into it, and its commit would
    /// make rows and positions lasting at once.
    pub(super) async fn commit(&mut self, positions: Positions, source: &mut Input) -> Result<(), Error> {
        self.release(|_| true).await?;
        for writer in &mut self.writers {
            writer.flush().await?;
        }
        self.progress.acknowledged(std::mem::take(&mut self.unacknowledged));
        source.commit(positions).await
    }
}

//! The sinks of one task, which commit as one.

use std::sync::Arc;

use crate::clients::Clients;
use crate::error::Error;
use crate::plan::InsertPlan;
use crate::progress::{Counts, Progress};
use crate::source::{KafkaSource, Positions};
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
        clients: &mut Clients,
        progress: Arc<Progress>,
    ) -> Result<Self, Error> {
        let mut writers = Vec::with_capacity(inserts.len());
        for insert in inserts {
            writers.push(Writer::open(&insert.sink, clients).await?);
        }
        Ok(Self { writers, progress, unacknowledged: 0 })
    }

    /// Hands over what each INSERT made of a message; waits while a producer's memory is full.
    #[inline]
    pub(super) async fn write(&mut self, changes: &[Changes], counts: &mut Counts) -> Result<(), Error> {
        for (changes, writer) in changes.iter().zip(&mut self.writers) {
            for change in changes.iter() {
                writer.write(change).await?;
                self.unacknowledged += 1;
                counts.rows_out += 1;
                counts.tombstones += u64::from(change.value.is_none());
            }
        }
        Ok(())
    }

    /// Makes lasting what was handed over, and that it was: one operation. `positions` say how far the source had come
    /// when the last of it was handed over.
    ///
    /// Delivery is at-least-once: every sink acknowledges, and only then do the positions go to the source's group. A
    /// sink that failed once never acknowledges again, so no position is ever committed beyond what was acknowledged.
    /// A transaction would take the place of both steps: the positions would be sent into it, and its commit would
    /// make rows and positions lasting at once.
    pub(super) async fn commit(
        &mut self,
        positions: Positions,
        source: &mut KafkaSource,
    ) -> Result<(), Error> {
        for writer in &mut self.writers {
            writer.flush().await?;
        }
        self.progress.acknowledged(std::mem::take(&mut self.unacknowledged));
        source.commit(positions).await
    }
}

//! Where one task hands what it made of its records, all of which commits as one.

use std::future::pending;
use std::sync::Arc;

use tokio::time::sleep_until;

use super::exchange_writer::ExchangeWriter;
use super::handover::HandoverSender;
use super::input::Input;
use super::subtask::Subtask;
use crate::changes::Changes;
use crate::clients::Clients;
use crate::error::Error;
use crate::plan::Pipeline;
use crate::progress::{Counts, Progress};
use crate::query_results::QueryWriter;
use crate::source::Positions;
use crate::writer::Writer;

/// Where the changes of each sink of a task go, in their order.
pub(super) struct Writers {
    outlets: Vec<Outlet>,
    progress: Arc<Progress>,
    /// Rows handed to the task's own writers and not known to be acknowledged.
    unacknowledged: u64,
}

/// Where the changes of one INSERT go, of whichever branch.
enum Outlet {
    /// This task writes them.
    Own(Writer),
    /// Tasks of the sink do.
    Exchange(ExchangeWriter),
}

impl Writers {
    /// `exchanges` has for each sink the ways to its tasks, none where this task writes.
    pub(super) async fn open(
        pipeline: &Pipeline,
        exchanges: &[Vec<HandoverSender>],
        subtask: Subtask,
        clients: &mut Clients,
        progress: Arc<Progress>,
        results: Option<&QueryWriter>,
    ) -> Result<Self, Error> {
        let mut outlets = Vec::with_capacity(exchanges.len());
        for (branches, senders) in pipeline.sinks().zip(exchanges) {
            // Of one statement, so of one table.
            let Some(insert) = branches.first() else { continue };
            outlets.push(match &senders[..] {
                [] => Outlet::Own(Writer::open(&insert.sink, subtask, clients, results).await?),
                senders => Outlet::Exchange(ExchangeWriter::new(insert.table(), subtask, senders)),
            });
        }
        Ok(Self { outlets, progress, unacknowledged: 0 })
    }

    /// Hands over what a message changes in each sink; waits while a producer's memory is full, or a task of a sink is
    /// behind.
    #[inline]
    pub(super) async fn write(&mut self, changes: &[Changes], counts: &mut Counts) -> Result<(), Error> {
        let before = counts.rows_out;
        for (changes, outlet) in changes.iter().zip(&mut self.outlets) {
            match outlet {
                Outlet::Own(writer) => {
                    for change in changes.iter() {
                        writer.write(change, counts).await?;
                    }
                }
                Outlet::Exchange(exchange) => exchange.write(changes, counts).await?,
            }
        }
        self.unacknowledged += counts.rows_out - before;
        Ok(())
    }

    /// Hands over what has gathered for the tasks of sinks, since the next message may be long in coming.
    pub(super) async fn hand_over(&mut self) -> Result<(), Error> {
        for outlet in &mut self.outlets {
            if let Outlet::Exchange(exchange) = outlet {
                exchange.hand_over().await?;
            }
        }
        Ok(())
    }

    /// Returns when changes that are held back have to be handed over; never, while none is. Cancel-safe.
    pub(super) async fn due(&self) {
        match self.outlets.iter().filter_map(Outlet::own).filter_map(Writer::due_at).min() {
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
        for writer in self.outlets.iter_mut().filter_map(Outlet::own_mut).filter(|writer| is_meant(writer)) {
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
    /// Delivery is at-least-once: every sink acknowledges, those that other tasks write too, and only then do the
    /// positions go to the source's group. A sink that failed once never acknowledges again, so no position is ever
    /// committed beyond what was acknowledged. A transaction would take the place of both steps: the positions would be
    /// sent into it, and its commit would make rows and positions lasting at once.
    pub(super) async fn commit(&mut self, positions: Positions, source: &mut Input) -> Result<(), Error> {
        for outlet in &mut self.outlets {
            if let Outlet::Exchange(exchange) = outlet {
                exchange.begin_flush().await?;
            }
        }
        self.release(|_| true).await?;
        for outlet in &mut self.outlets {
            match outlet {
                Outlet::Own(writer) => writer.flush().await?,
                Outlet::Exchange(exchange) => exchange.flushed().await?,
            }
        }
        self.progress.acknowledged(std::mem::take(&mut self.unacknowledged));
        source.commit(positions).await
    }
}

impl Outlet {
    fn own(&self) -> Option<&Writer> {
        match self {
            Self::Own(writer) => Some(writer),
            Self::Exchange(_) => None,
        }
    }

    fn own_mut(&mut self) -> Option<&mut Writer> {
        match self {
            Self::Own(writer) => Some(writer),
            Self::Exchange(_) => None,
        }
    }
}

//! The writer of one table: changes go to a producer, to a stream of text, or nowhere.

use tokio::time::Instant;
use upsert_kafka_client::MembershipLease;

use crate::changes::Change;
use crate::clients::Clients;
use crate::error::Error;
use crate::job::subtask::Subtask;
use crate::plan::{Layout, SinkPlan};
use crate::progress::Counts;
use crate::query_results::QueryWriter;
use crate::task_transaction::TaskTransaction;

mod acknowledgement;
mod kafka;
mod print;

pub(crate) use acknowledgement::Acknowledgement;
pub(crate) use kafka::{KafkaWriter, producer_config};
use print::PrintWriter;

/// A table that is open for writing.
pub(crate) enum Writer {
    Kafka(Box<KafkaWriter>),
    Print(PrintWriter),
    /// A program takes the changes of a query.
    Query(QueryWriter),
    /// Everything is forgotten.
    Blackhole,
}

impl Writer {
    pub(crate) async fn open(
        plan: &SinkPlan,
        subtask: Subtask,
        clients: &mut Clients,
        results: Option<&QueryWriter>,
        transaction: Option<&TaskTransaction>,
    ) -> Result<Self, Error> {
        Ok(match plan {
            SinkPlan::Kafka(plan) => {
                Self::Kafka(Box::new(KafkaWriter::open(plan, subtask, clients, transaction).await?))
            }
            SinkPlan::Print(plan) => match results.filter(|_| plan.layout == Layout::Cells) {
                Some(results) => Self::Query(results.clone()),
                None => Self::Print(PrintWriter::new(plan, subtask, clients.clock().clone())),
            },
            SinkPlan::Blackhole(_) => Self::Blackhole,
        })
    }

    /// Hands a change over, and counts it; waits while the producer's memory is full. An earlier change that failed
    /// shows at every flush from then on.
    #[inline]
    pub(crate) async fn write(&mut self, change: Change<'_>, counts: &mut Counts) -> Result<(), Error> {
        match self {
            Self::Kafka(writer) => writer.write(change, counts).await,
            Self::Print(writer) => {
                counts.written(change);
                writer.write(change.value.unwrap_or_default())
            }
            Self::Query(writer) => {
                counts.written(change);
                writer.write(change).await;
                Ok(())
            }
            Self::Blackhole => {
                counts.written(change);
                Ok(())
            }
        }
    }

    /// When what is held back has to be handed over; `None` while nothing is held back.
    pub(crate) fn due_at(&self) -> Option<Instant> {
        match self {
            Self::Kafka(writer) => writer.due_at(),
            Self::Print(writer) => writer.due_at(),
            Self::Query(_) | Self::Blackhole => None,
        }
    }

    /// Whether what is held back has to be handed over now.
    pub(crate) fn is_due(&self) -> bool {
        match self {
            Self::Kafka(writer) => writer.is_due(),
            Self::Print(writer) => writer.is_due(),
            Self::Query(_) | Self::Blackhole => false,
        }
    }

    /// Hands over what is held back.
    pub(crate) async fn release(&mut self, counts: &mut Counts) -> Result<(), Error> {
        match self {
            Self::Kafka(writer) => writer.release(counts).await,
            Self::Print(writer) => writer.flush(),
            Self::Query(_) | Self::Blackhole => Ok(()),
        }
    }

    /// Forgets what is held back: the source goes back to before it.
    pub(crate) fn forget(&mut self) {
        if let Self::Kafka(writer) = self {
            writer.forget();
        }
    }

    /// From now on it writes what a member reads, in whose stead another may come: see
    /// [`Producer::write_for`](upsert_kafka_client::Producer::write_for).
    pub(crate) fn write_for(&mut self, lease: MembershipLease) {
        if let Self::Kafka(writer) = self {
            writer.write_for(lease);
        }
    }

    /// Drops what has not left yet, at once. It then writes like one that was opened just now.
    pub(crate) async fn abandon(&mut self) -> Result<(), Error> {
        match self {
            Self::Kafka(writer) => writer.abandon().await,
            Self::Print(_) | Self::Query(_) | Self::Blackhole => Ok(()),
        }
    }

    /// Returns when all that was ever handed over is acknowledged; else the first failure is the result, for good.
    pub(crate) async fn flush(&mut self) -> Result<(), Error> {
        match self {
            Self::Kafka(writer) => writer.flush().await,
            Self::Print(writer) => writer.flush(),
            Self::Query(_) | Self::Blackhole => Ok(()),
        }
    }
}

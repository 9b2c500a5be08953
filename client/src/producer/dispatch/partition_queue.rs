//! One partition's batches, and where they stand among the brokers' queues.

use std::sync::Arc;
use std::time::Instant;

use super::requests::SentBatch;
use crate::producer::partition::Partition;
use crate::producer::sequence::{Sequence, SequenceConfig};

/// A partition that had a batch once. A broker's queue may name it twice, or after its leader moved: only the place
/// that is noted here counts.
#[derive(Debug)]
pub(super) struct PartitionQueue {
    pub(super) partition: Arc<Partition>,
    /// Who leads it, as far as is known.
    pub(super) leader: Option<i32>,
    pub(super) sequence: Sequence,
    /// The broker among whose ready queues it stands.
    pub(super) ready_at: Option<i32>,
    /// The broker that its last batches left for.
    in_flight_to: Option<i32>,
    /// The broker among whose log queries it stands.
    pub(super) log_query_at: Option<i32>,
    /// When `handle_timeout` looks at it again.
    pub(super) timer: Option<Instant>,
    backlog: BacklogReport,
}

/// What the accumulator knows of the batches that wait.
#[derive(Debug, Default)]
struct BacklogReport {
    waits: bool,
    /// It stands among those that are to be reported.
    listed: bool,
}

impl PartitionQueue {
    pub(super) fn new(partition: &Arc<Partition>, config: SequenceConfig) -> Self {
        Self {
            partition: Arc::clone(partition),
            leader: None,
            sequence: Sequence::new(config),
            ready_at: None,
            in_flight_to: None,
            log_query_at: None,
            timer: None,
            backlog: BacklogReport::default(),
        }
    }

    /// Where the next batch goes: to the leader, unless batches are still in flight to the one before, which the
    /// next one must not overtake.
    pub(super) fn destination(&self) -> Option<i32> {
        let leader = self.leader?;
        (self.sequence.in_flight() == 0 || self.in_flight_to == Some(leader)).then_some(leader)
    }

    /// The next batch, on its way to this broker.
    pub(super) fn poll_batch(&mut self, node: i32, now: Instant) -> Option<SentBatch> {
        let batch = self.sequence.poll_batch(now)?;
        self.in_flight_to = Some(node);
        Some(SentBatch { partition: Arc::clone(&self.partition), batch })
    }

    /// Whether it is to be listed among the backlogs that are to be reported: it has changed, and is not listed yet.
    pub(super) fn list_backlog(&mut self) -> bool {
        let changed = self.backlog.waits != (self.sequence.waiting() > 0);
        changed && !std::mem::replace(&mut self.backlog.listed, true)
    }

    /// Whether batches wait to leave, if that is not what was reported last.
    pub(super) fn poll_backlog(&mut self) -> Option<bool> {
        let waits = self.sequence.waiting() > 0;
        self.backlog.listed = false;
        (std::mem::replace(&mut self.backlog.waits, waits) != waits).then_some(waits)
    }
}

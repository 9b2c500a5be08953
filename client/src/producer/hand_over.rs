//! Between the accumulator and the dispatch: closed batches one way, backlogs the other.

use std::time::Instant;

use super::accumulator::Accumulator;
use super::dispatch::Dispatch;

/// Hands closed batches to the dispatch.
pub(super) fn hand_over_batches(accumulator: &Accumulator, dispatch: &mut Dispatch, now: Instant) {
    for (batch, leader) in accumulator.take_ready() {
        dispatch.handle_batch(batch, leader, now);
    }
}

/// Reports to the accumulator which partitions have batches that wait; says whether it closed a batch for that.
pub(super) fn report_backlogs(accumulator: &Accumulator, dispatch: &mut Dispatch, now: Instant) -> bool {
    let mut closed = false;
    while let Some(backlog) = dispatch.poll_backlog() {
        closed |= accumulator.handle_backlog(backlog, now);
    }
    closed
}

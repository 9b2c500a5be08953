//! When retention and compaction have their turns.
//!
//! They have a deadline of their own: a simulation whose clock jumps to the next deadline would else never come to
//! rest.

use std::time::{Duration, Instant};

use super::Cluster;
use crate::now::Now;
use crate::state::compaction::Cleaning;

/// When what is done from time to time comes next.
#[derive(Debug, Default)]
pub(super) struct Upkeep {
    retention: Timer,
    compaction: Timer,
}

/// Not set before it is first looked at.
#[derive(Debug, Default)]
struct Timer(Option<Instant>);

impl Cluster {
    /// Deletes and compacts what is due by the clock, as Kafka does it: segment by segment. The first call sets the
    /// clock.
    pub fn handle_upkeep(&mut self, now: Now) {
        let (retention, compaction) =
            (self.state.config.retention_check_interval, self.state.config.cleaner_backoff);
        let cleaning = self.cleaning(now, false);
        if self.upkeep.retention.fires(retention, now.instant) {
            self.state.expire_records(cleaning);
        }
        if self.upkeep.compaction.fires(compaction, now.instant) {
            // As Kafka's cleaner, which pauses when there is nothing left to do; here others have their turn meanwhile.
            if self.state.compact(cleaning) {
                self.upkeep.compaction.0 = Some(now.instant);
            }
        }
        self.complete_delayed(now);
    }

    /// When to call [`handle_upkeep`](Self::handle_upkeep) next.
    pub fn upkeep_deadline(&self) -> Option<Instant> {
        self.upkeep.retention.0.into_iter().chain(self.upkeep.compaction.0).min()
    }

    /// Deletes what retention lets go and compacts the topics that want it, now and thoroughly: as if every batch were
    /// a segment that is closed, and however little there is to gain.
    pub fn clean(&mut self, now: Now) {
        let cleaning = self.cleaning(now, true);
        self.state.expire_records(cleaning);
        self.state.compact(cleaning);
        self.complete_delayed(now);
    }

    fn cleaning(&self, now: Now, thorough: bool) -> Cleaning {
        let batch_bytes_max = self.state.config.decompressed_batch_bytes_max;
        Cleaning { now_ms: now.unix_ms, thorough, batch_bytes_max }
    }
}

impl Timer {
    /// Whether its time has come; then it is set again.
    fn fires(&mut self, interval: Duration, now: Instant) -> bool {
        let due = self.0.is_some_and(|due| due <= now);
        if interval.is_zero() {
            self.0 = None;
        } else if due || self.0.is_none() {
            self.0 = Some(now + interval);
        }
        due
    }
}

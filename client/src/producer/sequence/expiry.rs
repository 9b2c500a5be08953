//! Batches that are given up: their time is over, their transaction is aborted, or the producer ends.

use std::time::Instant;

use super::Sequence;
use super::entry::{Entry, Reported, placed};
use super::flow::Flow;
use crate::Error;
use crate::producer::batch::{Batch, ExpiredBatch};
use crate::producer::delivery::Outcome;

/// A batch that is given up.
#[derive(Debug)]
pub(crate) enum Expired {
    /// It is gone from here.
    Finished(Batch, Outcome),
    /// It is still in flight or will be sent again; its deliveries need not wait for the answer.
    Reported(ExpiredBatch, Outcome),
}

impl Sequence {
    /// Batches whose `delivery.timeout.ms` is over.
    pub(crate) fn expire(&mut self, now: Instant) -> Vec<Expired> {
        let timeout = self.config.delivery_timeout;
        let is_over = |entry: &Entry| entry.batch.opened + timeout <= now;
        let (mut expired, mut at) = (Vec::new(), 0);
        while let Some(entry) = self.entries.get_mut(at).filter(|entry| is_over(entry)) {
            let outcome = Outcome::failed(entry.timed_out(timeout));
            if !entry.is_in_flight() {
                expired.extend(self.remove(at).map(|batch| Expired::Finished(batch, outcome)));
                continue;
            }
            if std::mem::replace(&mut entry.reported, Reported::TimedOut) == Reported::Nothing {
                expired.push(Expired::Reported(entry.batch.expired(), outcome));
            }
            at += 1;
        }
        self.settle_flow();
        expired
    }

    /// When `expire` has something to do.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let waiting = self.entries.iter().find(|entry| entry.reported != Reported::TimedOut);
        waiting.map(|entry| entry.batch.opened + self.config.delivery_timeout)
    }

    /// The transaction is aborted: what has never left never will, and nobody awaits the rest any more. That is
    /// sent until it is answered for good all the same, as in Java: only then is it certain that the
    /// coordinator has done with the transaction before, and takes the end of this one for what it is.
    pub(crate) fn give_up(&mut self, error: &Error) -> Vec<Expired> {
        let (mut given_up, mut at) = (Vec::new(), 0);
        while let Some(entry) = self.entries.get_mut(at) {
            // What has left once leaves again.
            let written = entry.doubt.is_any() || entry.attempts > 0;
            let outcome = Outcome::failed(placed(error.clone(), &entry.batch).with_written(written));
            if entry.attempts == 0 {
                given_up.extend(self.remove(at).map(|batch| Expired::Finished(batch, outcome)));
                continue;
            }
            if entry.reported == Reported::Nothing {
                entry.reported = Reported::Aborted;
                given_up.push(Expired::Reported(entry.batch.expired(), outcome));
            }
            at += 1;
        }
        self.settle_flow();
        given_up
    }

    /// The producer ends: nothing is sent any more.
    pub(crate) fn abandon(&mut self, error: &Error) -> Vec<(Batch, Outcome)> {
        (self.in_flight, self.flow) = (0, Flow::Flowing);
        let entries = std::mem::take(&mut self.entries).into_iter();
        let failed = |entry: Entry| {
            let written = entry.doubt.is_any() || entry.is_in_flight();
            let error = placed(error.clone(), &entry.batch).with_written(written);
            (entry.batch, Outcome::failed(error))
        };
        entries.map(failed).collect()
    }
}

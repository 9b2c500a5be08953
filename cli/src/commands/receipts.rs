//! What became of each record that was sent: how many are written, and why the others are not.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use upsert_kafka_client::{Delivery, Error};

use crate::exit::{Exit, Failure};

/// A count of deliveries. Those without an answer wait in order: no more of them than `buffer.memory` holds records.
#[derive(Default)]
pub(super) struct Receipts {
    waiting: VecDeque<Delivery>,
    written: u64,
    failed: u64,
    /// Which record it was, counted from 1, and why.
    first_failure: Option<(u64, Error)>,
}

impl Receipts {
    /// Takes the delivery of the next record.
    pub(super) fn take(&mut self, delivery: Delivery) {
        self.waiting.push_back(delivery);
        if self.waiting.len().is_multiple_of(SWEEP) {
            self.sweep();
        }
    }

    /// How many records were sent.
    pub(super) fn sent(&self) -> u64 {
        self.written + self.failed + self.waiting.len() as u64
    }

    /// How many of them are acknowledged.
    pub(super) fn written(&self) -> u64 {
        self.written
    }

    /// Waits for all that are left. Dropped before it is done, those that are left stay.
    pub(super) async fn settle(&mut self) {
        while let Some(delivery) = self.waiting.front_mut() {
            let outcome = delivery.await.map(|_| ());
            self.waiting.pop_front();
            self.count(outcome);
        }
    }

    /// What was not acknowledged, if anything was not; where time ran out, so long after the signal.
    pub(super) fn failure(mut self, in_time: bool, within: Duration) -> Option<Failure> {
        self.sweep();
        let (sent, written) = (self.sent(), self.written);
        match self.first_failure {
            Some((number, error)) => {
                let doubt =
                    if error.may_have_been_written() { ", and may be written all the same" } else { "" };
                let text = format!(
                    "{} of {sent} records are not acknowledged{doubt}; the first is line {number}: {error}",
                    sent - written
                );
                Some(Failure::new(Exit::Cluster, text))
            }
            None if !in_time => {
                let text = format!(
                    "{} of {sent} records are not acknowledged {within:?} after the signal, and may be written all \
                     the same",
                    sent - written
                );
                Some(Failure::new(Exit::Running, text))
            }
            None => None,
        }
    }

    /// Counts those at the front that are answered.
    fn sweep(&mut self) {
        let mut context = Context::from_waker(Waker::noop());
        while let Some(delivery) = self.waiting.front_mut()
            && let Poll::Ready(outcome) = Pin::new(delivery).poll(&mut context)
        {
            self.waiting.pop_front();
            self.count(outcome.map(|_| ()));
        }
    }

    fn count(&mut self, outcome: Result<(), Error>) {
        match outcome {
            Ok(()) => self.written += 1,
            Err(error) => {
                self.failed += 1;
                self.first_failure.get_or_insert((self.written + self.failed, error));
            }
        }
    }
}

/// How often the front is looked at.
const SWEEP: usize = 1024;

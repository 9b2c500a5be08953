//! One question at a time, asked again until it is answered for good.

use std::time::{Duration, Instant};

use super::question::{Call, Question};
use crate::retry::Backoff;

/// At most one question is under way: what a coordinator hears of a producer has an order.
#[derive(Debug)]
pub(crate) struct Errand {
    call: Option<Call>,
    under_way: bool,
    not_before: Option<Instant>,
    backoff: Backoff,
    soon: Backoff,
}

/// The first wait for a transaction that is just being ended: mostly it needs no longer (Java: 20 ms).
const SOON: Duration = Duration::from_millis(20);

impl Errand {
    pub(crate) fn new(backoff: Backoff) -> Self {
        Self { call: None, under_way: false, not_before: None, backoff, soon: backoff.beginning(SOON) }
    }

    /// Whether there is a question that is not answered for good.
    pub(crate) fn is_busy(&self) -> bool {
        self.call.is_some()
    }

    /// What is being asked.
    pub(crate) fn question(&self) -> Option<&Question> {
        self.call.as_ref().map(|call| &call.question)
    }

    /// Takes a question on, when it is not busy.
    pub(crate) fn take_on(&mut self, call: Call) {
        (self.call, self.under_way, self.not_before) = (Some(call), false, None);
        self.backoff.reset();
        self.soon.reset();
    }

    /// The question, when it is to leave now.
    pub(crate) fn poll_call(&mut self, now: Instant) -> Option<Call> {
        if self.under_way || self.not_before.is_some_and(|at| at > now) {
            return None;
        }
        let call = self.call.clone()?;
        self.under_way = true;
        Some(call)
    }

    /// It is answered for good.
    pub(crate) fn finish(&mut self) {
        (self.call, self.under_way) = (None, false);
    }

    /// It is to be asked again, after a while; `anew` says that the coordinator may be another one, `soon` that
    /// nothing is amiss.
    pub(crate) fn again(&mut self, anew: bool, soon: bool, now: Instant, chance: f64) {
        self.under_way = false;
        let backoff = if soon { &mut self.soon } else { &mut self.backoff };
        self.not_before = Some(now + backoff.wait(chance));
        if let Some(call) = &mut self.call {
            call.anew = anew;
        }
    }

    /// When the question is to leave; `None` while it is under way.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        if self.under_way || self.call.is_none() { None } else { self.not_before }
    }
}

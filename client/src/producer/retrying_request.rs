//! One request to a coordinator at a time, sent again until it is answered for good.

use std::time::{Duration, Instant};

use super::coordinator_request::{CoordinatorRequest, RequestBody};
use crate::retry::Backoff;

/// At most one request is in flight: a coordinator receives a producer's requests in their order.
#[derive(Debug)]
pub(crate) struct RetryingRequest {
    request: Option<CoordinatorRequest>,
    in_flight: bool,
    not_before: Option<Instant>,
    backoff: Backoff,
    soon: Backoff,
}

/// The first wait for a transaction that is just being ended: mostly it needs no longer (Java: 20 ms).
const SOON: Duration = Duration::from_millis(20);

impl RetryingRequest {
    pub(crate) fn new(backoff: Backoff) -> Self {
        Self { request: None, in_flight: false, not_before: None, backoff, soon: backoff.beginning(SOON) }
    }

    /// Whether there is a request that is not answered for good.
    pub(crate) fn is_busy(&self) -> bool {
        self.request.is_some()
    }

    /// The request that waits or is in flight.
    pub(crate) fn body(&self) -> Option<&RequestBody> {
        self.request.as_ref().map(|request| &request.body)
    }

    /// Takes the next request, when it is not busy.
    pub(crate) fn start(&mut self, request: CoordinatorRequest) {
        (self.request, self.in_flight, self.not_before) = (Some(request), false, None);
        self.backoff.reset();
        self.soon.reset();
    }

    /// The request, when it is to leave now.
    pub(crate) fn poll_request(&mut self, now: Instant) -> Option<CoordinatorRequest> {
        if self.in_flight || self.not_before.is_some_and(|at| at > now) {
            return None;
        }
        let request = self.request.clone()?;
        self.in_flight = true;
        Some(request)
    }

    /// It is answered for good.
    pub(crate) fn finish(&mut self) {
        (self.request, self.in_flight) = (None, false);
    }

    /// It is to be sent again after a back-off; `rediscover` says that the coordinator may be another one, `soon`
    /// that nothing is amiss.
    pub(crate) fn retry(&mut self, rediscover: bool, soon: bool, now: Instant, chance: f64) {
        self.in_flight = false;
        let backoff = if soon { &mut self.soon } else { &mut self.backoff };
        self.not_before = Some(now + backoff.wait(chance));
        if let Some(request) = &mut self.request {
            request.rediscover = rediscover;
        }
    }

    /// When the request is to leave; `None` while it is in flight.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        if self.in_flight || self.request.is_none() { None } else { self.not_before }
    }
}

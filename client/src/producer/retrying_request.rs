//! One request to a coordinator at a time, sent again until it is answered for good.

use std::time::{Duration, Instant};

use super::coordinator_request::{CoordinatorRequest, RequestBody};
use crate::retry::Backoff;

/// At most one request is in flight: a coordinator receives a producer's requests in their order.
#[derive(Debug)]
pub(crate) struct RetryingRequest {
    state: RequestState,
    backoff: Backoff,
    /// The back-off while the coordinator is still ending the transaction before.
    concurrent_backoff: Backoff,
}

/// ```text
///          start              poll              finish
///   idle ────────► waiting ────────► in flight ────────► idle
///                     ▲                  │
///                     └────── retry ─────┘
/// ```
#[derive(Debug)]
enum RequestState {
    Idle,
    /// It is to leave, not before this instant if there is one.
    Waiting(CoordinatorRequest, Option<Instant>),
    InFlight(CoordinatorRequest),
}

/// Why a request is sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Retry {
    /// Another broker may be the coordinator by now.
    Rediscover,
    /// The same coordinator may answer otherwise.
    SameCoordinator,
    /// The coordinator is still ending the transaction before, which seldom takes long.
    ConcurrentTransactions,
}

/// The first wait for a transaction that is just being ended (Java: 20 ms).
const CONCURRENT_TRANSACTIONS_BACKOFF: Duration = Duration::from_millis(20);

impl RetryingRequest {
    pub(crate) fn new(backoff: Backoff) -> Self {
        let concurrent_backoff = backoff.beginning(CONCURRENT_TRANSACTIONS_BACKOFF);
        Self { state: RequestState::Idle, backoff, concurrent_backoff }
    }

    /// Whether there is a request that is not answered for good.
    pub(crate) fn is_busy(&self) -> bool {
        self.request().is_some()
    }

    /// The request that waits or is in flight.
    pub(crate) fn body(&self) -> Option<&RequestBody> {
        self.request().map(|request| &request.body)
    }

    fn request(&self) -> Option<&CoordinatorRequest> {
        match &self.state {
            RequestState::Idle => None,
            RequestState::Waiting(request, _) | RequestState::InFlight(request) => Some(request),
        }
    }

    /// Takes the next request, when it is not busy.
    pub(crate) fn start(&mut self, request: CoordinatorRequest) {
        self.state = RequestState::Waiting(request, None);
        self.backoff.reset();
        self.concurrent_backoff.reset();
    }

    /// The request, when it is to leave now.
    pub(crate) fn poll_request(&mut self, now: Instant) -> Option<CoordinatorRequest> {
        let RequestState::Waiting(request, not_before) = &self.state else { return None };
        if not_before.is_some_and(|at| at > now) {
            return None;
        }
        let request = request.clone();
        self.state = RequestState::InFlight(request.clone());
        Some(request)
    }

    /// The request is answered for good, or given up.
    pub(crate) fn finish(&mut self) {
        self.state = RequestState::Idle;
    }

    /// The request is to be sent again after a back-off.
    pub(crate) fn retry(&mut self, retry: Retry, now: Instant, chance: f64) {
        let backoff = match retry {
            Retry::ConcurrentTransactions => &mut self.concurrent_backoff,
            Retry::Rediscover | Retry::SameCoordinator => &mut self.backoff,
        };
        let not_before = now + backoff.wait(chance);
        self.state = match std::mem::replace(&mut self.state, RequestState::Idle) {
            RequestState::Idle => RequestState::Idle,
            RequestState::Waiting(request, _) | RequestState::InFlight(request) => {
                let rediscover = retry == Retry::Rediscover;
                RequestState::Waiting(CoordinatorRequest { rediscover, ..request }, Some(not_before))
            }
        };
    }

    /// When the request is to leave; `None` while it is in flight.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        match self.state {
            RequestState::Waiting(_, not_before) => not_before,
            RequestState::Idle | RequestState::InFlight(_) => None,
        }
    }
}

//! The source of the producer id, by the kind of producer: without idempotence, idempotent, or transactional.

use std::sync::Arc;
use std::time::Instant;

use upsert_kafka_protocol::messages::InitProducerIdRequest;

use super::coordinator_request::{CoordinatorRequest, CoordinatorResponse, RequestBody, ResponseBody};
use super::partition::Partition;
use super::producer_id::ProducerId;
use super::retrying_request::{Retry, RetryingRequest};
use super::transactions::{Transactions, aborted};
use crate::retry::Backoff;
use crate::{Error, ErrorKind};

/// Requests the producer id when and how the kind of producer needs it.
#[derive(Debug)]
pub(crate) enum Writer {
    /// Any broker gives a producer id.
    Plain(Box<Plain>),
    /// The coordinator of its `transactional.id` does.
    Transactional(Box<Transactions>),
}

/// A producer without transactions. Without idempotence it never needs a producer id.
#[derive(Debug)]
pub(crate) struct Plain {
    request: RetryingRequest,
    identity: Option<ProducerId>,
    wanted: bool,
    failed: Option<Error>,
}

impl Writer {
    /// Without transactions.
    pub(crate) fn plain(backoff: Backoff) -> Self {
        Self::Plain(Box::new(Plain {
            request: RetryingRequest::new(backoff),
            identity: None,
            wanted: false,
            failed: None,
        }))
    }

    /// With transactions under this id; `timeout_ms` is how long the coordinator lets one be open.
    pub(crate) fn transactional(id: Arc<str>, timeout_ms: i32, backoff: Backoff) -> Self {
        Self::Transactional(Box::new(Transactions::new(id, timeout_ms, backoff)))
    }

    /// The transactions, if there are any.
    pub(crate) fn transactions(&mut self) -> Option<&mut Transactions> {
        match self {
            Self::Plain(_) => None,
            Self::Transactional(transactions) => Some(transactions),
        }
    }

    /// The producer id, when it is known.
    pub(crate) fn identity(&self) -> Option<ProducerId> {
        match self {
            Self::Plain(plain) => plain.identity,
            Self::Transactional(transactions) => transactions.identity(),
        }
    }

    /// A batch needs a producer id that is not known, or another one than the last.
    pub(crate) fn want_identity(&mut self) {
        if let Self::Plain(plain) = self {
            plain.wanted = true;
        }
    }

    /// Whether a batch of this partition may leave now.
    pub(crate) fn admits(&mut self, partition: &Arc<Partition>) -> bool {
        self.transactions().is_none_or(|transactions| transactions.admit(partition))
    }

    /// Why a batch that comes in now will not be sent.
    pub(crate) fn refusal(&self) -> Option<Error> {
        match self {
            Self::Transactional(it) if it.gives_up() => Some(it.error().cloned().unwrap_or_else(aborted)),
            _ => None,
        }
    }

    /// Why nothing will be written any more.
    pub(crate) fn fatal_error(&self) -> Option<&Error> {
        match self {
            Self::Plain(plain) => plain.failed.as_ref(),
            Self::Transactional(transactions) => transactions.error().filter(|_| transactions.is_fatal()),
        }
    }

    /// Why nothing more of the open transaction is to be sent, once.
    pub(crate) fn poll_abortable_error(&mut self) -> Option<Error> {
        self.transactions()?.poll_abortable_error()
    }

    /// The next request to a coordinator. `quiet` says whether no batch is in flight or waits.
    pub(crate) fn poll_request(
        &mut self,
        quiet: impl FnOnce() -> bool,
        now: Instant,
    ) -> Option<CoordinatorRequest> {
        match self {
            Self::Plain(plain) => plain.poll_request(now),
            Self::Transactional(it) => {
                let quiet = it.is_busy() && quiet();
                it.poll_request(quiet, now)
            }
        }
    }

    /// The response to the request that was polled, or why there was none.
    pub(crate) fn handle_response(
        &mut self,
        response: Result<CoordinatorResponse, Error>,
        now: Instant,
        chance: f64,
    ) {
        match self {
            Self::Plain(plain) => plain.handle_response(response, now, chance),
            Self::Transactional(transactions) => transactions.handle_response(response, now, chance),
        }
    }

    /// When `poll_request` has something to do.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        match self {
            Self::Plain(plain) => plain.request.deadline(),
            Self::Transactional(transactions) => transactions.deadline(),
        }
    }
}

impl Plain {
    fn poll_request(&mut self, now: Instant) -> Option<CoordinatorRequest> {
        if self.wanted && !self.request.is_busy() {
            let body = RequestBody::InitProducerId(InitProducerIdRequest {
                transactional_id: None,
                transaction_timeout_ms: i32::MAX,
                ..Default::default()
            });
            self.request.start(CoordinatorRequest { to: None, rediscover: false, protocol: None, body });
        }
        self.request.poll_request(now)
    }

    /// An error that no retry mends is the producer's end.
    fn handle_response(&mut self, response: Result<CoordinatorResponse, Error>, now: Instant, chance: f64) {
        let response = response.and_then(|response| match response.body {
            ResponseBody::InitProducerId(it) if it.error_code.is_none() => Ok(it),
            other => Err(Error::from_code(other.error_code(), "InitProducerId")),
        });
        match response {
            Ok(it) => {
                self.request.finish();
                self.identity = Some(ProducerId { id: it.producer_id, epoch: it.producer_epoch });
                self.wanted = false;
            }
            Err(error) if error.is_retriable() => {
                tracing::debug!(%error, "no producer id yet");
                self.request.retry(Retry::SameCoordinator, now, chance);
            }
            Err(error) => {
                self.request.finish();
                let needed = match error.kind() {
                    ErrorKind::Unsupported => {
                        error.within("the brokers are too old for enable.idempotence; set it to false")
                    }
                    _ => error,
                };
                self.failed = Some(needed);
            }
        }
    }
}

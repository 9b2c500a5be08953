//! Who writes: a producer without a number, one that counts its batches, or one with transactions.

use std::sync::Arc;
use std::time::Instant;

use upsert_kafka_protocol::messages::InitProducerIdRequest;

use super::errand::Errand;
use super::partition::Partition;
use super::question::{Call, Heard, Question, Reply};
use super::sequence::ProducerId;
use super::transactions::{Transactions, aborted};
use crate::retry::Backoff;
use crate::{Error, ErrorKind};

/// Asks the cluster for the producer's number, when and how the kind of producer wants it.
#[derive(Debug)]
pub(crate) enum Writer {
    /// Any broker gives a number.
    Plain(Box<Plain>),
    /// The coordinator of its `transactional.id` does.
    Transactional(Box<Transactions>),
}

/// A producer that counts its batches and has no transactions; or does not count, and never asks.
#[derive(Debug)]
pub(crate) struct Plain {
    errand: Errand,
    identity: Option<ProducerId>,
    wanted: bool,
    failed: Option<Error>,
}

impl Writer {
    /// Without transactions.
    pub(crate) fn plain(backoff: Backoff) -> Self {
        Self::Plain(Box::new(Plain {
            errand: Errand::new(backoff),
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

    /// Who writes, when that is known.
    pub(crate) fn identity(&self) -> Option<ProducerId> {
        match self {
            Self::Plain(plain) => plain.identity,
            Self::Transactional(transactions) => transactions.identity(),
        }
    }

    /// A batch needs a number that is not known, or another one than the last.
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
            Self::Transactional(it) if it.gives_up() => Some(it.doom().cloned().unwrap_or_else(aborted)),
            _ => None,
        }
    }

    /// Why there will never be a number.
    pub(crate) fn death(&self) -> Option<&Error> {
        match self {
            Self::Plain(plain) => plain.failed.as_ref(),
            Self::Transactional(transactions) => transactions.doom().filter(|_| transactions.is_dead()),
        }
    }

    /// Why nothing more of the open transaction is to be sent, told once.
    pub(crate) fn poll_doom(&mut self) -> Option<Error> {
        self.transactions()?.poll_doom()
    }

    /// The next question to a coordinator. `quiet` says whether no batch is under way or waits.
    pub(crate) fn poll_call(&mut self, quiet: impl FnOnce() -> bool, now: Instant) -> Option<Call> {
        match self {
            Self::Plain(plain) => plain.poll_call(now),
            Self::Transactional(it) => {
                let quiet = it.is_busy() && quiet();
                it.poll_call(quiet, now)
            }
        }
    }

    /// The answer to the question that was polled.
    pub(crate) fn handle_reply(&mut self, reply: Result<Heard, Error>, now: Instant, chance: f64) {
        match self {
            Self::Plain(plain) => plain.handle_reply(reply, now, chance),
            Self::Transactional(transactions) => transactions.handle_reply(reply, now, chance),
        }
    }

    /// When `poll_call` has something to do.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        match self {
            Self::Plain(plain) => plain.errand.deadline(),
            Self::Transactional(transactions) => transactions.deadline(),
        }
    }
}

impl Plain {
    fn poll_call(&mut self, now: Instant) -> Option<Call> {
        if self.wanted && !self.errand.is_busy() {
            let question = Question::Identify(InitProducerIdRequest {
                transactional_id: None,
                transaction_timeout_ms: i32::MAX,
                ..Default::default()
            });
            self.errand.take_on(Call { to: None, anew: false, protocol: None, question });
        }
        self.errand.poll_call(now)
    }

    /// An error that asking again does not mend is the producer's end.
    fn handle_reply(&mut self, reply: Result<Heard, Error>, now: Instant, chance: f64) {
        let told = reply.and_then(|heard| match heard.reply {
            Reply::Identify(told) if told.error_code.is_none() => Ok(told),
            reply => Err(Error::from_code(reply.error_code(), "InitProducerId")),
        });
        match told {
            Ok(told) => {
                self.errand.finish();
                self.identity = Some(ProducerId { id: told.producer_id, epoch: told.producer_epoch });
                self.wanted = false;
            }
            Err(error) if error.is_retriable() => {
                tracing::debug!(%error, "no producer id yet");
                self.errand.again(false, false, now, chance);
            }
            Err(error) => {
                self.errand.finish();
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

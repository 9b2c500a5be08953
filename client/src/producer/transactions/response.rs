//! What a coordinator's response means for the transaction that its request belongs to.

use std::time::Instant;

use upsert_kafka_protocol::ErrorCode;
use upsert_kafka_protocol::messages::EndTxnResponse;

use super::Transactions;
use super::error_class::ErrorClass;
use super::ongoing::{OngoingTransaction, Registration};
use super::state::{ProducerIdentity, TransactionState};
use crate::Error;
use crate::producer::coordinator_request::{CoordinatorResponse, RequestBody, ResponseBody};
use crate::producer::producer_id::ProducerId;
use crate::producer::retrying_request::Retry;

impl Transactions {
    /// The response to the request that was polled, or why there was none.
    pub(crate) fn handle_response(
        &mut self,
        response: Result<CoordinatorResponse, Error>,
        now: Instant,
        chance: f64,
    ) {
        let Some(api) = self.request.body().map(RequestBody::api) else { return };
        self.note_doubt(&response);
        let body = match response {
            Ok(response) => {
                self.offered = response.offered;
                response.body
            }
            Err(error) if error.is_retriable() => return self.retry(Retry::Rediscover, now, chance),
            Err(error) => return self.fail_producer(error),
        };
        let code = body.error_code();
        if code.is_none() {
            self.request.finish();
            return self.answered(&body);
        }
        let mut error = Error::from_code(code, api);
        if let Some((topic, partition)) = body.failed_partition() {
            error = error.with_topic(topic).with_partition(partition);
        }
        match self.classify(code) {
            ErrorClass::Retriable(retry) => {
                tracing::debug!(transactional_id = &*self.id, %error, "a coordinator will be asked again");
                self.retry(retry, now, chance);
            }
            ErrorClass::Abortable => self.refused(code, error),
            ErrorClass::Fatal => self.fail_producer(error),
        }
    }

    fn answered(&mut self, response: &ResponseBody) {
        match response {
            ResponseBody::InitProducerId(it) => {
                let identity = ProducerId { id: it.producer_id, epoch: it.producer_epoch };
                self.identity = ProducerIdentity::Current(identity);
                self.open();
            }
            ResponseBody::AddPartitionsToTxn(_) => {
                if let Some(transaction) = self.participant_acknowledged() {
                    transaction.partitions_added();
                }
            }
            ResponseBody::AddOffsetsToTxn(_) => {
                if let Some(transaction) = self.participant_acknowledged() {
                    transaction.group_added();
                }
            }
            ResponseBody::TxnOffsetCommit(_) => {
                let ticket = self.participant_acknowledged().and_then(OngoingTransaction::offsets_accepted);
                if let Some(identity) = self.identity.current() {
                    self.settle(ticket, Ok(identity));
                }
            }
            ResponseBody::EndTxn(it) => self.complete(renewed(it)),
        }
    }

    /// The coordinator says that the transaction cannot be committed, or knows nothing of it.
    fn refused(&mut self, code: ErrorCode, error: Error) {
        let asked_for_end = self.asks_for_end();
        self.request.finish();
        let Some(transaction) = self.state.transaction_mut() else { return };
        if code == ErrorCode::INVALID_PRODUCER_ID_MAPPING {
            transaction.register(Registration::Lost);
        }
        let registration = transaction.registration;
        let needs_epoch_bump = transaction.keeps_epoch() || registration == Registration::Lost;
        let aborts = matches!(self.state, TransactionState::Aborting { .. });
        // Nothing was written where no participant was ever added well, so the epoch is as good as new.
        if aborts && asked_for_end && code == ErrorCode::INVALID_TXN_STATE {
            return self.complete(None);
        }
        let ended = aborts && asked_for_end && registration != Registration::Acknowledged;
        if let Some(transaction) = self.state.transaction_mut() {
            transaction.needs_epoch_bump |= needs_epoch_bump || ended;
        }
        if ended {
            self.complete(None);
        } else if !aborts || asked_for_end {
            self.fail_transaction(error);
        }
        // Else it was to join a transaction that is aborted; whether it has or not, the end is yet to be asked for.
    }

    fn retry(&mut self, retry: Retry, now: Instant, chance: f64) {
        let matters = match self.request.body() {
            Some(RequestBody::InitProducerId(_) | RequestBody::EndTxn(_)) => true,
            _ => self.state.is_committable(),
        };
        if matters { self.request.retry(retry, now, chance) } else { self.request.finish() }
    }

    /// A request without an answer may still arrive, after its retry. With the same epoch it would end the next
    /// classic transaction, or take its offsets back (KIP-890). And a commit may have happened.
    fn note_doubt(&mut self, response: &Result<CoordinatorResponse, Error>) {
        let lost = matches!(response, Err(error) if error.may_have_been_written());
        let arrives_late =
            matches!(self.request.body(), Some(RequestBody::EndTxn(_) | RequestBody::TxnOffsetCommit(_)));
        if lost && arrives_late {
            self.bump_epoch_after_end();
        }
        let asks_for_end = self.asks_for_end();
        if let TransactionState::Committing { in_doubt, .. } = &mut self.state {
            *in_doubt |= asks_for_end && (lost || leaves_end_in_doubt(response));
        }
    }

    pub(super) fn asks_for_end(&self) -> bool {
        matches!(self.request.body(), Some(RequestBody::EndTxn(_)))
    }
}

/// Whether the coordinator may have ended the transaction although it answers with an error.
fn leaves_end_in_doubt(response: &Result<CoordinatorResponse, Error>) -> bool {
    let code = response.as_ref().map(|response| response.body.error_code());
    matches!(code, Ok(ErrorCode::REQUEST_TIMED_OUT | ErrorCode::UNKNOWN_SERVER_ERROR))
}

fn renewed(response: &EndTxnResponse) -> Option<ProducerId> {
    let identity = ProducerId { id: response.producer_id, epoch: response.producer_epoch };
    (identity.id >= 0).then_some(identity)
}

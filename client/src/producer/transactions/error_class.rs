//! What a coordinator's error means for the transaction and for the producer.

use upsert_kafka_protocol::ErrorCode;

use super::Transactions;
use super::ongoing::Registration;
use super::state::TransactionState;
use crate::producer::coordinator_request::{Protocol, RequestBody};
use crate::producer::retrying_request::Retry;

/// What an error code means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ErrorClass {
    /// The request is sent again.
    Retriable(Retry),
    /// The transaction can only be aborted.
    Abortable,
    /// The producer can do nothing any more.
    Fatal,
}

impl Transactions {
    /// As Java's `TransactionManager` (4.x) classifies, except where a request about one partition or group fails
    /// for a reason of its own: an abort mends that, so it is no reason to end the producer.
    pub(super) fn classify(&self, code: ErrorCode) -> ErrorClass {
        let body = self.request.body();
        let aborts = matches!(self.state, TransactionState::Aborting { .. });
        let unknown_to_coordinator = self.aborts_unacknowledged();
        match code {
            ErrorCode::NOT_COORDINATOR
            | ErrorCode::COORDINATOR_NOT_AVAILABLE
            | ErrorCode::REQUEST_TIMED_OUT => ErrorClass::Retriable(Retry::Rediscover),
            // There is nothing to end.
            ErrorCode::INVALID_TXN_STATE if unknown_to_coordinator == Some(Protocol::Classic) => {
                ErrorClass::Abortable
            }
            // There is nothing to end yet, since the end before is not complete; or the producer is fenced.
            ErrorCode::PRODUCER_FENCED if unknown_to_coordinator == Some(Protocol::V2) => {
                ErrorClass::Abortable
            }
            ErrorCode::PRODUCER_FENCED
            | ErrorCode::INVALID_PRODUCER_EPOCH
            | ErrorCode::TRANSACTIONAL_ID_AUTHORIZATION_FAILED
            | ErrorCode::CLUSTER_AUTHORIZATION_FAILED
            | ErrorCode::INVALID_TXN_STATE
            | ErrorCode::UNSUPPORTED_VERSION
            | ErrorCode::UNSUPPORTED_FOR_MESSAGE_FORMAT => ErrorClass::Fatal,
            // What is aborted already is to be aborted: there is nothing worse to say about it.
            ErrorCode::TRANSACTION_ABORTABLE if aborts => ErrorClass::Retriable(Retry::SameCoordinator),
            ErrorCode::TRANSACTION_ABORTABLE
            | ErrorCode::UNKNOWN_PRODUCER_ID
            | ErrorCode::INVALID_PRODUCER_ID_MAPPING
                if !matches!(body, Some(RequestBody::InitProducerId(_))) =>
            {
                ErrorClass::Abortable
            }
            ErrorCode::CONCURRENT_TRANSACTIONS => ErrorClass::Retriable(Retry::ConcurrentTransactions),
            code if code.is_retriable() => ErrorClass::Retriable(Retry::SameCoordinator),
            _ if matches!(body, Some(RequestBody::InitProducerId(_) | RequestBody::EndTxn(_))) => {
                ErrorClass::Fatal
            }
            _ => ErrorClass::Abortable,
        }
    }

    /// The protocol of a transaction whose abort is asked for, where the coordinator may know nothing of it.
    fn aborts_unacknowledged(&self) -> Option<Protocol> {
        match &self.state {
            TransactionState::Aborting { transaction, .. }
                if transaction.registration < Registration::Acknowledged && self.asks_for_end() =>
            {
                Some(transaction.protocol())
            }
            _ => None,
        }
    }
}

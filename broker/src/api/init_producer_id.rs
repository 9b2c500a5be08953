//! InitProducerId: a producer id for an idempotent producer, or for the owner of a transactional id.
//!
//! Behavior
//! - Without a transactional id every request gets a new id with epoch 0, also when it names the one it has,
//!   as in Kafka. Ids are not given twice.
//! - With a transactional id, the epoch is bumped, which fences the former owner; a new id comes when the epochs are used
//!   up, or the transactional id was not used for `transactional_id_expiration`. A transaction that is still
//!   open is aborted first, and the answer is `CONCURRENT_TRANSACTIONS`: the client asks again.
//! - A producer that names its id and epoch goes on after an error, unless it was fenced (KIP-360).
//! - A timeout of nothing, or beyond `transaction_timeout_ms_max`, is `INVALID_TRANSACTION_TIMEOUT`.
//!
//! Versions: 2 flexible; 3 the present id and epoch; 4 `PRODUCER_FENCED`, before it `INVALID_PRODUCER_EPOCH`. 6
//! (two phases, unstable) is not served.

use upsert_kafka_protocol::ErrorCode;
use upsert_kafka_protocol::messages::{InitProducerIdRequest, InitProducerIdResponse};

use super::{Outcome, RequestContext, Serve};
use crate::state::State;

impl Serve for InitProducerIdRequest {
    fn serve(&self, state: &mut State, context: &RequestContext) -> Outcome<InitProducerIdResponse> {
        let expected = match (self.producer_id, self.producer_epoch) {
            (-1, -1) => None,
            (-1, _) | (_, -1) => return self.refuse(context, ErrorCode::INVALID_REQUEST),
            expected => Some(expected),
        };
        let bound = match self.transactional_id.as_deref() {
            None => Ok((state.fresh_producer_id(), 0)),
            Some("") => Err(ErrorCode::INVALID_REQUEST),
            Some(id) if !state.nodes.coordinates(context.node, id) => Err(ErrorCode::NOT_COORDINATOR),
            Some(id) => state.initialize(id, expected, self.transaction_timeout_ms, context.now),
        };
        match bound {
            Ok((producer_id, producer_epoch)) => {
                Outcome::Answer(InitProducerIdResponse { producer_id, producer_epoch, ..Default::default() })
            }
            Err(code) => self.refuse(context, fenced(code, context.version >= 4)),
        }
    }

    fn refuse(&self, _: &RequestContext, error_code: ErrorCode) -> Outcome<InitProducerIdResponse> {
        Outcome::Answer(InitProducerIdResponse { error_code, producer_epoch: -1, ..Default::default() })
    }
}

/// A client that does not know yet that it can be fenced is told that its epoch is invalid.
pub(super) fn fenced(code: ErrorCode, known: bool) -> ErrorCode {
    match code {
        ErrorCode::PRODUCER_FENCED if !known => ErrorCode::INVALID_PRODUCER_EPOCH,
        code => code,
    }
}

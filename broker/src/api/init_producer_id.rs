//! InitProducerId: a number for a producer that wants to be idempotent.
//!
//! Behavior
//! - Every request gets a new id with epoch 0, also when it names the one it has: so does Kafka without a
//!   transactional id. Ids are not given twice.
//! - A transactional id is `UNSUPPORTED_VERSION`, which clients take for final; an empty one
//!   `INVALID_REQUEST`.
//!
//! Versions: 2 flexible; 3 the present id and epoch. 6 (two phases, unstable) is not served.

use upsert_kafka_protocol::ErrorCode;
use upsert_kafka_protocol::messages::{InitProducerIdRequest, InitProducerIdResponse};

use super::{Call, Outcome, Serve};
use crate::state::State;

impl Serve for InitProducerIdRequest {
    fn serve(&self, state: &mut State, call: &Call) -> Outcome<InitProducerIdResponse> {
        match self.transactional_id.as_deref() {
            Some("") => return self.refuse(call, ErrorCode::INVALID_REQUEST),
            Some(_) => return self.refuse(call, ErrorCode::UNSUPPORTED_VERSION),
            None => {}
        }
        let producer_id = state.next_producer_id;
        state.next_producer_id += 1;
        Outcome::Answer(InitProducerIdResponse { producer_id, producer_epoch: 0, ..Default::default() })
    }

    fn refuse(&self, _: &Call, error_code: ErrorCode) -> Outcome<InitProducerIdResponse> {
        Outcome::Answer(InitProducerIdResponse { error_code, producer_epoch: -1, ..Default::default() })
    }
}

//! AddOffsetsToTxn: a group joins a transaction before committed offsets are given for it.
//!
//! Behavior
//! - The group need not be there, and another node may coordinate it. It begins the transaction as a
//!   partition would.
//!
//! Versions: 2 `PRODUCER_FENCED`, before it `INVALID_PRODUCER_EPOCH`; 3 flexible; 4 KIP-890.

use upsert_kafka_protocol::ErrorCode;
use upsert_kafka_protocol::messages::{AddOffsetsToTxnRequest, AddOffsetsToTxnResponse};

use super::init_producer_id::fenced;
use super::{Outcome, RequestContext, Serve};
use crate::state::State;
use crate::state::names::owned;
use crate::state::transaction::Participant;

impl Serve for AddOffsetsToTxnRequest {
    fn serve(&self, state: &mut State, context: &RequestContext) -> Outcome<AddOffsetsToTxnResponse> {
        if !state.nodes.coordinates(context.node, &self.transactional_id) {
            return self.refuse(context, ErrorCode::NOT_COORDINATOR);
        }
        let producer = (self.producer_id, self.producer_epoch);
        let group = [Participant::Group(owned(&self.group_id))];
        let added = state.add_to_transaction(&self.transactional_id, producer, group, context.now);
        self.refuse(context, fenced(added.err().unwrap_or(ErrorCode::NONE), context.version >= 2))
    }

    fn refuse(&self, _: &RequestContext, error_code: ErrorCode) -> Outcome<AddOffsetsToTxnResponse> {
        Outcome::Answer(AddOffsetsToTxnResponse { error_code, ..Default::default() })
    }
}

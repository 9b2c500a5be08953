//! EndTxn: commits or aborts a transaction.
//!
//! Behavior
//! - Every client that knows the transactional id, producer id and epoch can end the transaction: that is how a sink
//!   commits after a crash what another process wrote.
//! - The markers are written at once, or after `marker_delay`.
//! - Up to version 4 the epoch stays, and the same end again is no error. From version 5 on each end bumps
//!   the epoch, and an abort is accepted though nothing was written.
//!
//! Versions: 2 `PRODUCER_FENCED`, before it `INVALID_PRODUCER_EPOCH`; 3 flexible; 5 KIP-890: the answer has
//! the id and epoch to go on with.

use upsert_kafka_protocol::ErrorCode;
use upsert_kafka_protocol::messages::{EndTxnRequest, EndTxnResponse};

use super::init_producer_id::fenced;
use super::{Outcome, RequestContext, Serve};
use crate::state::State;
use crate::state::transaction::EndRequest;

/// The first version that raises the epoch.
const BUMPS_EPOCH_SINCE: i16 = 5;

impl Serve for EndTxnRequest {
    fn serve(&self, state: &mut State, context: &RequestContext) -> Outcome<EndTxnResponse> {
        if !state.nodes.coordinates(context.node, &self.transactional_id) {
            return self.refuse(context, ErrorCode::NOT_COORDINATOR);
        }
        let end = EndRequest {
            producer_id: self.producer_id,
            epoch: self.producer_epoch,
            commit: self.committed,
            bumps_epoch: context.version >= BUMPS_EPOCH_SINCE,
        };
        match state.end_transaction(&self.transactional_id, end, context.now) {
            Ok((producer_id, producer_epoch)) => {
                Outcome::Answer(EndTxnResponse { producer_id, producer_epoch, ..Default::default() })
            }
            Err(code) => self.refuse(context, fenced(code, context.version >= 2)),
        }
    }

    fn refuse(&self, _: &RequestContext, error_code: ErrorCode) -> Outcome<EndTxnResponse> {
        Outcome::Answer(EndTxnResponse { error_code, ..Default::default() })
    }
}

//! FindCoordinator: who keeps a group's positions: this broker.
//!
//! Behavior
//! - Groups are kept here, and found, since committing needs it: joining one is what is not served.
//! - Transactions and share groups are `UNSUPPORTED_VERSION` with a sentence, which clients take for final.
//!
//! Versions: 1 key types; 3 flexible; 4 several keys; 6 share groups.

use upsert_kafka_protocol::messages::find_coordinator::Coordinator;
use upsert_kafka_protocol::messages::{FindCoordinatorRequest, FindCoordinatorResponse};
use upsert_kafka_protocol::{ErrorCode, Str};

use super::{Call, Outcome, Serve};
use crate::state::{NODE_ID, State};

const GROUP: i8 = 0;
const TRANSACTION: i8 = 1;

impl Serve for FindCoordinatorRequest {
    fn serve(&self, state: &mut State, call: &Call) -> Outcome<FindCoordinatorResponse> {
        let complaint = match self.key_type {
            GROUP => None,
            TRANSACTION => Some("this broker has no transactions yet"),
            _ => Some("this broker coordinates consumer groups only"),
        };
        let (host, port) = state.address();
        answer(self, call, |key| match complaint {
            None => Coordinator { key, node_id: NODE_ID, host: host.clone(), port, ..Default::default() },
            Some(words) => refused(key, ErrorCode::UNSUPPORTED_VERSION, Str::from_static(words)),
        })
    }

    fn refuse(&self, call: &Call, code: ErrorCode) -> Outcome<FindCoordinatorResponse> {
        answer(self, call, |key| refused(key, code, Str::from_static(code.message())))
    }
}

fn answer(
    request: &FindCoordinatorRequest,
    call: &Call,
    mut each: impl FnMut(Str) -> Coordinator,
) -> Outcome<FindCoordinatorResponse> {
    if call.version >= 4 {
        let coordinators = request.coordinator_keys.iter().cloned().map(each).collect();
        return Outcome::Answer(FindCoordinatorResponse { coordinators, ..Default::default() });
    }
    let Coordinator { node_id, host, port, error_code, error_message, .. } = each(request.key.clone());
    let response =
        FindCoordinatorResponse { node_id, host, port, error_code, error_message, ..Default::default() };
    Outcome::Answer(response)
}

fn refused(key: Str, error_code: ErrorCode, words: Str) -> Coordinator {
    let error_message = Some(words);
    Coordinator { key, node_id: -1, port: -1, error_code, error_message, ..Default::default() }
}

//! FindCoordinator: which node keeps a group or a transactional id.
//!
//! Behavior
//! - A live node chosen by the key's hash; another one when that node stops.
//! - Share groups are `UNSUPPORTED_VERSION` with a sentence, which clients take for final.
//!
//! Versions: 1 key types; 3 flexible; 4 several keys; 6 share groups.

use upsert_kafka_protocol::messages::find_coordinator::Coordinator;
use upsert_kafka_protocol::messages::{FindCoordinatorRequest, FindCoordinatorResponse};
use upsert_kafka_protocol::{ErrorCode, Str};

use super::{Outcome, RequestContext, Serve};
use crate::config::{AclOperation, AclResource};
use crate::state::State;
use crate::state::nodes::Advertised;

const GROUP: i8 = 0;
const TRANSACTION: i8 = 1;

impl Serve for FindCoordinatorRequest {
    fn serve(&self, state: &mut State, context: &RequestContext) -> Outcome<FindCoordinatorResponse> {
        let complaint = match self.key_type {
            GROUP | TRANSACTION => None,
            _ => Some("this broker coordinates consumer groups and transactions only"),
        };
        let (resource, denied) = match self.key_type {
            TRANSACTION => (AclResource::TransactionalId, ErrorCode::TRANSACTIONAL_ID_AUTHORIZATION_FAILED),
            _ => (AclResource::Group, ErrorCode::GROUP_AUTHORIZATION_FAILED),
        };
        answer(self, context, |key| match (complaint, state.nodes.coordinator(&key)) {
            (None, _) if !state.may(context, AclOperation::Describe, resource, &key) => {
                refused(key, denied, Str::from_static(denied.message()))
            }
            (None, Some(node)) => {
                let Advertised { host, port } = node.address(context.caller.listener).clone();
                Coordinator { key, node_id: node.id, host, port, ..Default::default() }
            }
            (Some(words), _) => refused(key, ErrorCode::UNSUPPORTED_VERSION, Str::from_static(words)),
            (None, None) => {
                let code = ErrorCode::COORDINATOR_NOT_AVAILABLE;
                refused(key, code, Str::from_static(code.message()))
            }
        })
    }

    fn refuse(&self, context: &RequestContext, code: ErrorCode) -> Outcome<FindCoordinatorResponse> {
        answer(self, context, |key| refused(key, code, Str::from_static(code.message())))
    }
}

fn answer(
    request: &FindCoordinatorRequest,
    context: &RequestContext,
    mut each: impl FnMut(Str) -> Coordinator,
) -> Outcome<FindCoordinatorResponse> {
    if context.version >= 4 {
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

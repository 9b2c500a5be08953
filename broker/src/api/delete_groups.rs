//! DeleteGroups: groups without members, and their committed offsets, for good.
//!
//! Versions: 2 flexible; 3 messages.

use upsert_kafka_protocol::messages::delete_groups::DeletableGroupResult;
use upsert_kafka_protocol::messages::{DeleteGroupsRequest, DeleteGroupsResponse};
use upsert_kafka_protocol::{ErrorCode, Str};

use super::{Outcome, RequestContext, Serve};
use crate::config::{AclOperation, AclResource};
use crate::state::State;

impl Serve for DeleteGroupsRequest {
    fn serve(&self, state: &mut State, context: &RequestContext) -> Outcome<DeleteGroupsResponse> {
        answer(self, |id| {
            if !state.may(context, AclOperation::Delete, AclResource::Group, id) {
                return ErrorCode::GROUP_AUTHORIZATION_FAILED;
            }
            if !state.nodes.coordinates(context.node, id) {
                return ErrorCode::NOT_COORDINATOR;
            }
            state.groups.delete(id).err().unwrap_or(ErrorCode::NONE)
        })
    }

    fn refuse(&self, _: &RequestContext, code: ErrorCode) -> Outcome<DeleteGroupsResponse> {
        answer(self, |_| code)
    }
}

fn answer(
    request: &DeleteGroupsRequest,
    mut each: impl FnMut(&Str) -> ErrorCode,
) -> Outcome<DeleteGroupsResponse> {
    let result = |id: &Str| {
        let error_code = each(id);
        let words = Some(Str::from_static(error_code.message())).filter(|_| !error_code.is_none());
        DeletableGroupResult { group_id: id.clone(), error_code, error_message: words, ..Default::default() }
    };
    let results = request.groups_names.iter().map(result).collect();
    Outcome::Answer(DeleteGroupsResponse { results, ..Default::default() })
}

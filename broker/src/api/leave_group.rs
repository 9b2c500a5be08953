//! LeaveGroup: members leave a classic group, or are made to leave a group.
//!
//! Behavior
//! - A static member may be named by its instance alone, as an admin does; so may one of a consumer group.
//!
//! Versions: 3 several members; 4 flexible; 5 reason, not kept.

use upsert_kafka_protocol::messages::leave_group::{MemberIdentity, MemberResponse};
use upsert_kafka_protocol::messages::{LeaveGroupRequest, LeaveGroupResponse};
use upsert_kafka_protocol::{ErrorCode, Str};

use super::{Outcome, RequestContext, Serve};
use crate::state::State;

/// The first version that names several members.
const SEVERAL_SINCE: i16 = 3;

impl Serve for LeaveGroupRequest {
    fn serve(&self, state: &mut State, context: &RequestContext) -> Outcome<LeaveGroupResponse> {
        if self.group_id.is_empty() {
            return self.refuse(context, ErrorCode::INVALID_GROUP_ID);
        }
        if !state.nodes.coordinates(context.node, &self.group_id) {
            return self.refuse(context, ErrorCode::NOT_COORDINATOR);
        }
        let Some(group) = state.groups.of_mut(&self.group_id) else {
            return self.refuse(context, ErrorCode::UNKNOWN_MEMBER_ID);
        };
        let mut leave = |member_id: &Str, instance: Option<&str>| {
            group.leave(member_id, instance, context.now.instant).err().unwrap_or(ErrorCode::NONE)
        };
        let mut response = LeaveGroupResponse::default();
        if context.version < SEVERAL_SINCE {
            response.error_code = leave(&self.member_id, None);
        } else {
            let one = |member: &MemberIdentity| MemberResponse {
                member_id: member.member_id.clone(),
                group_instance_id: member.group_instance_id.clone(),
                error_code: leave(&member.member_id, member.group_instance_id.as_deref()),
                ..Default::default()
            };
            response.members = self.members.iter().map(one).collect();
        }
        state.collect_group_answers();
        Outcome::Answer(response)
    }

    fn refuse(&self, _: &RequestContext, error_code: ErrorCode) -> Outcome<LeaveGroupResponse> {
        Outcome::Answer(LeaveGroupResponse { error_code, ..Default::default() })
    }
}

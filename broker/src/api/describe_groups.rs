//! DescribeGroups: the state and members of classic groups.
//!
//! Behavior
//! - Subscriptions and assignments are shown while the group is stable. The host of members is not known: it is empty.
//! - Authorized operations are all there are, as in a Kafka without ACLs.
//! - A consumer group is told as one that is not there.
//!
//! Versions: 3 authorized operations; 4 static members; 5 flexible; 6 `GROUP_ID_NOT_FOUND`, before it the state
//! Dead and no error.

use upsert_kafka_protocol::messages::describe_groups::{DescribedGroup, DescribedGroupMember};
use upsert_kafka_protocol::messages::{DescribeGroupsRequest, DescribeGroupsResponse};
use upsert_kafka_protocol::{ErrorCode, Str};

use super::{Outcome, RequestContext, Serve, once};
use crate::config::{AclOperation, AclResource};
use crate::state::State;
use crate::state::classic_group::member::Member;
use crate::state::classic_group::{ClassicGroup, ClassicGroupState};
use crate::state::group::Members;

/// A bit for each operation on a group: read, delete, describe, and describe and alter its configs.
pub(super) const GROUP_OPERATIONS: i32 = 0b1101_0100_1000;

/// The first version that tells a group that is not there by an error.
const NOT_FOUND_SINCE: i16 = 6;

impl Serve for DescribeGroupsRequest {
    fn serve(&self, state: &mut State, context: &RequestContext) -> Outcome<DescribeGroupsResponse> {
        answer(self, |id| match state.groups.of(id).map(|group| &group.members) {
            _ if !state.may(context, AclOperation::Describe, AclResource::Group, id) => {
                refused(id, ErrorCode::GROUP_AUTHORIZATION_FAILED)
            }
            _ if !state.nodes.coordinates(context.node, id) => refused(id, ErrorCode::NOT_COORDINATOR),
            Some(Members::Classic(group)) if self.include_authorized_operations => {
                let named = (AclResource::Group, &**id);
                let authorized_operations = state.authorized_operations(context, named, GROUP_OPERATIONS);
                DescribedGroup { authorized_operations, ..described(id, group) }
            }
            Some(Members::Classic(group)) => described(id, group),
            Some(Members::Consumer(_)) => dead(id, format!("Group {id} is not a classic group."), context),
            None => dead(id, format!("Group {id} not found."), context),
        })
    }

    fn refuse(&self, _: &RequestContext, code: ErrorCode) -> Outcome<DescribeGroupsResponse> {
        answer(self, |id| refused(id, code))
    }
}

fn answer(
    request: &DescribeGroupsRequest,
    each: impl FnMut(&Str) -> DescribedGroup,
) -> Outcome<DescribeGroupsResponse> {
    let groups = once(&request.groups, |id| id).map(each).collect();
    Outcome::Answer(DescribeGroupsResponse { groups, ..Default::default() })
}

/// The answer about a group that is not there, or not a classic one.
fn dead(id: &Str, why: String, context: &RequestContext) -> DescribedGroup {
    let group_state = Str::from_static("Dead");
    if context.version < NOT_FOUND_SINCE {
        return DescribedGroup { group_state, ..refused(id, ErrorCode::NONE) };
    }
    let error_message = Some(Str::from(why));
    DescribedGroup { group_state, error_message, ..refused(id, ErrorCode::GROUP_ID_NOT_FOUND) }
}

fn described(id: &Str, group: &ClassicGroup) -> DescribedGroup {
    let stable = group.state == ClassicGroupState::Stable;
    let protocol = group.protocol.clone().filter(|_| stable).unwrap_or_default();
    let member = |member: &Member| DescribedGroupMember {
        member_id: member.id.clone(),
        group_instance_id: member.instance.clone(),
        client_id: member.client_id.clone(),
        member_metadata: if stable { member.metadata(&protocol) } else { Default::default() },
        member_assignment: if stable { member.assignment.clone() } else { Default::default() },
        ..Default::default()
    };
    DescribedGroup {
        group_id: id.clone(),
        group_state: Str::from_static(group.state.name()),
        protocol_type: group.protocol_type.clone().unwrap_or_default(),
        members: group.members.iter().map(member).collect(),
        protocol_data: protocol,
        ..Default::default()
    }
}

fn refused(id: &Str, error_code: ErrorCode) -> DescribedGroup {
    DescribedGroup { error_code, group_id: id.clone(), ..Default::default() }
}

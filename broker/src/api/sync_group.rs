//! SyncGroup: the leader of a classic group hands out the assignment, and each member takes its own.
//!
//! Behavior
//! - Members wait for the leader; one that does not ask within the rebalance timeout is removed.
//! - A member that the leader forgot gets an empty assignment.
//!
//! Versions: 3 static members; 4 flexible; 5 protocol type and name, which must be the group's.

use upsert_kafka_protocol::ErrorCode;
use upsert_kafka_protocol::messages::{SyncGroupRequest, SyncGroupResponse};

use super::{Outcome, RequestContext, Serve};
use crate::state::State;
use crate::state::classic_group::GroupAnswer;
use crate::wait::{Wait, WatchKey};

/// The first version that must name the protocol.
const PROTOCOL_SINCE: i16 = 5;

impl Serve for SyncGroupRequest {
    fn serve(&self, state: &mut State, context: &RequestContext) -> Outcome<SyncGroupResponse> {
        if !state.groups.admit(context.peer) {
            let named = self.protocol_type.is_some() && self.protocol_name.is_some();
            let known = state.groups.classic_mut(&self.group_id).is_some();
            let complaint = match () {
                () if self.group_id.is_empty() => Some(ErrorCode::INVALID_GROUP_ID),
                () if !state.nodes.coordinates(context.node, &self.group_id) => {
                    Some(ErrorCode::NOT_COORDINATOR)
                }
                () if context.version >= PROTOCOL_SINCE && !named => {
                    Some(ErrorCode::INCONSISTENT_GROUP_PROTOCOL)
                }
                () if !known => Some(ErrorCode::UNKNOWN_MEMBER_ID),
                () => None,
            };
            if let Some(code) = complaint {
                state.groups.remove_peer(context.peer);
                return self.refuse(context, code);
            }
            if let Some(group) = state.groups.classic_mut(&self.group_id) {
                group.sync(self, context.peer, context.now.instant);
            }
            state.collect_group_answers();
        }
        match state.groups.answer(context.peer) {
            Some(GroupAnswer::Sync(response)) => Outcome::Answer(response),
            _ => Outcome::Wait(Wait { until: None, on: vec![WatchKey::Peer(context.peer)] }),
        }
    }

    fn refuse(&self, _: &RequestContext, error_code: ErrorCode) -> Outcome<SyncGroupResponse> {
        Outcome::Answer(SyncGroupResponse { error_code, ..Default::default() })
    }
}

//! SyncGroup: the leader of a classic group hands out the assignment, and each member takes its own.
//!
//! Behavior
//! - Members wait for the leader; who does not come within the rebalance timeout is out.
//! - What the leader forgot has an empty assignment.
//!
//! Versions: 3 static members; 4 flexible; 5 protocol type and name, which must be the group's.

use upsert_kafka_protocol::ErrorCode;
use upsert_kafka_protocol::messages::{SyncGroupRequest, SyncGroupResponse};

use super::{Call, Outcome, Serve};
use crate::state::State;
use crate::state::group::GroupAnswer;
use crate::wait::{Place, Wait};

/// The first version that must name the protocol.
const PROTOCOL_SINCE: i16 = 5;

impl Serve for SyncGroupRequest {
    fn serve(&self, state: &mut State, call: &Call) -> Outcome<SyncGroupResponse> {
        if !state.groups.takes_in(call.peer) {
            let named = self.protocol_type.is_some() && self.protocol_name.is_some();
            let known = state.groups.of(&self.group_id).is_some();
            let complaint = match () {
                () if self.group_id.is_empty() => Some(ErrorCode::INVALID_GROUP_ID),
                () if !state.nodes.coordinates(call.node, &self.group_id) => Some(ErrorCode::NOT_COORDINATOR),
                () if call.version >= PROTOCOL_SINCE && !named => {
                    Some(ErrorCode::INCONSISTENT_GROUP_PROTOCOL)
                }
                () if !known => Some(ErrorCode::UNKNOWN_MEMBER_ID),
                () => None,
            };
            if let Some(code) = complaint {
                state.groups.leave(call.peer);
                return self.refuse(call, code);
            }
            state.groups.open(&self.group_id).sync(self, call.peer, call.now.instant);
            state.deliver();
        }
        match state.groups.answer(call.peer) {
            Some(GroupAnswer::Sync(response)) => Outcome::Answer(response),
            _ => Outcome::Wait(Wait { until: None, on: vec![Place::Peer(call.peer)] }),
        }
    }

    fn refuse(&self, _: &Call, error_code: ErrorCode) -> Outcome<SyncGroupResponse> {
        Outcome::Answer(SyncGroupResponse { error_code, ..Default::default() })
    }
}

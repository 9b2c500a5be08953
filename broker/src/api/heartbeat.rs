//! Heartbeat: a member of a classic group says that it lives.
//!
//! Behavior
//! - `REBALANCE_IN_PROGRESS` while members are waited for; not while the leader assigns.
//!
//! Versions: 3 static members; 4 flexible.

use upsert_kafka_protocol::ErrorCode;
use upsert_kafka_protocol::messages::{HeartbeatRequest, HeartbeatResponse};

use super::{Outcome, RequestContext, Serve};
use crate::state::State;

impl Serve for HeartbeatRequest {
    fn serve(&self, state: &mut State, context: &RequestContext) -> Outcome<HeartbeatResponse> {
        let instance = self.group_instance_id.as_deref();
        let beat = match state.groups.classic_mut(&self.group_id) {
            _ if self.group_id.is_empty() => Err(ErrorCode::INVALID_GROUP_ID),
            _ if !state.nodes.coordinates(context.node, &self.group_id) => Err(ErrorCode::NOT_COORDINATOR),
            None => Err(ErrorCode::UNKNOWN_MEMBER_ID),
            Some(group) => {
                group.heartbeat(self.generation_id, &self.member_id, instance, context.now.instant)
            }
        };
        self.refuse(context, beat.err().unwrap_or(ErrorCode::NONE))
    }

    fn refuse(&self, _: &RequestContext, error_code: ErrorCode) -> Outcome<HeartbeatResponse> {
        Outcome::Answer(HeartbeatResponse { error_code, ..Default::default() })
    }
}

//! JoinGroup: a member enters a classic group, and waits for the others.
//!
//! Behavior
//! - Answered when every member has joined, or the rebalance timeout is over and the others are out; the
//!   first member of an empty group waits `group_initial_rebalance_delay` for others.
//! - The leader is the first member that joined and is still there. The protocol is the one that most members prefer.
//! - A static member that comes back without its id is given a new one, and its assignment again.
//! - Groups have no greatest size.
//! - A consumer group that has members is `INCONSISTENT_GROUP_PROTOCOL`, as where Kafka's
//!   `group.consumer.migration.policy` is disabled; one that has none becomes a classic group.
//!
//! Versions: 1 rebalance timeout; 4 `MEMBER_ID_REQUIRED`; 5 static members; 6 flexible; 7 protocol type; 8
//! reason, not kept; 9 a leader may skip the assignment.

use upsert_kafka_protocol::messages::{JoinGroupRequest, JoinGroupResponse};
use upsert_kafka_protocol::{ErrorCode, Str};

use super::{Outcome, RequestContext, Serve};
use crate::state::State;
use crate::state::classic_group::{GroupAnswer, Join, refused_join};
use crate::wait::{Wait, WatchKey};

impl Serve for JoinGroupRequest {
    fn serve(&self, state: &mut State, context: &RequestContext) -> Outcome<JoinGroupResponse> {
        if !state.groups.admit(context.peer) {
            if let Err(code) = admit(self, state, context) {
                state.groups.remove_peer(context.peer);
                return self.refuse(context, code);
            }
            let (groups, client_id) = (&mut state.groups, &context.client_id);
            let uuid = u128::from_be_bytes(state.topics.fresh_id().0);
            let name = self.group_instance_id.as_deref().unwrap_or(client_id);
            let join = Join {
                request: self,
                version: context.version,
                client_id,
                peer: context.peer,
                fresh_id: &format!("{name}-{uuid:032x}"),
                initial_delay: state.config.group_initial_rebalance_delay,
                now: context.now.instant,
            };
            match groups.open_classic(&self.group_id) {
                Some(group) => group.join(&join),
                None => {
                    groups.remove_peer(context.peer);
                    return self.refuse(context, ErrorCode::INCONSISTENT_GROUP_PROTOCOL);
                }
            }
            state.collect_group_answers();
        }
        match state.groups.answer(context.peer) {
            Some(GroupAnswer::Join(response)) => Outcome::Answer(shaped(response, context)),
            _ => Outcome::Wait(Wait { until: None, on: vec![WatchKey::Peer(context.peer)] }),
        }
    }

    fn refuse(&self, context: &RequestContext, code: ErrorCode) -> Outcome<JoinGroupResponse> {
        Outcome::Answer(shaped(refused_join(self.member_id.clone(), code), context))
    }
}

fn admit(request: &JoinGroupRequest, state: &State, context: &RequestContext) -> Result<(), ErrorCode> {
    let session_ms = u128::try_from(request.session_timeout_ms).unwrap_or(0);
    let (least, most) = (state.config.session_timeout_min, state.config.session_timeout_max);
    if request.group_id.is_empty() {
        return Err(ErrorCode::INVALID_GROUP_ID);
    }
    if !state.nodes.coordinates(context.node, &request.group_id) {
        return Err(ErrorCode::NOT_COORDINATOR);
    }
    if !(least.as_millis()..=most.as_millis()).contains(&session_ms) {
        return Err(ErrorCode::INVALID_SESSION_TIMEOUT);
    }
    if state.groups.of(&request.group_id).is_none() && !request.member_id.is_empty() {
        return Err(ErrorCode::UNKNOWN_MEMBER_ID);
    }
    Ok(())
}

fn shaped(mut response: JoinGroupResponse, context: &RequestContext) -> JoinGroupResponse {
    /// The first version in which the protocol's name may be null.
    const NULL_SINCE: i16 = 7;
    if context.version < NULL_SINCE {
        response.protocol_name.get_or_insert_with(Str::default);
    }
    if context.version < 9 {
        response.skip_assignment = false;
    }
    response
}

//! ConsumerGroupHeartbeat: the one request of a member of a consumer group, by which it joins, lives, is assigned and
//! leaves (KIP-848).
//!
//! Behavior
//! - Answered at once. A member is told to give up partitions first; another gets them when that one has said that it
//!   has.
//! - A target is made at once, where Kafka waits a second after the last one (`consumer_assignment_interval`).
//! - A classic group without members becomes a consumer group. One with members is refused as where Kafka's
//!   `group.consumer.migration.policy` is disabled: members of both protocols do not share a group.
//! - Patterns are those of Rust's `regex`, whose syntax differs from RE2's in rare corners.
//! - Names that are longer than a topic's may be are refused, and more than 100,000 of one group; Kafka takes them.
//!
//! Versions: 1 patterns, and the client makes up the member's id.

use upsert_kafka_protocol::messages::{ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse};
use upsert_kafka_protocol::{ErrorCode, Str};

use super::{Outcome, RequestContext, Serve};
use crate::config::{AclOperation, AclResource, BrokerConfig};
use crate::state::assignor::Assignor;
use crate::state::consumer_group::{ConsumerGroupLimits, ConsumerHeartbeat, LEAVE};
use crate::state::names::NAME_LEN_MAX;
use crate::state::{Refusal, State};

/// The first version in which the client makes up the member's id.
const OWN_ID_SINCE: i16 = 1;

/// The epoch of a static member that leaves and will come back.
const LEAVE_FOR_A_WHILE: i32 = -2;

impl Serve for ConsumerGroupHeartbeatRequest {
    fn serve(&self, state: &mut State, context: &RequestContext) -> Outcome<ConsumerGroupHeartbeatResponse> {
        if state.config.group_version < 1 {
            return self.refuse(context, ErrorCode::UNSUPPORTED_VERSION);
        }
        let mut names = self.subscribed_topic_names.iter().flatten();
        if !names.all(|name| state.may_topic(context, AclOperation::Describe, name)) {
            return self.refuse(context, ErrorCode::TOPIC_AUTHORIZATION_FAILED);
        }
        if !state.nodes.coordinates(context.node, &self.group_id) {
            return self.refuse(context, ErrorCode::NOT_COORDINATOR);
        }
        let served = check(self, context.version).and_then(|()| match self.member_epoch {
            LEAVE | LEAVE_FOR_A_WHILE => leave(self, state),
            _ => heartbeat(self, state, context),
        });
        Outcome::Answer(served.unwrap_or_else(|refusal| refused(refusal.code, &refusal.message)))
    }

    fn refuse(&self, _: &RequestContext, code: ErrorCode) -> Outcome<ConsumerGroupHeartbeatResponse> {
        Outcome::Answer(refused(code, code.message()))
    }
}

fn refused(error_code: ErrorCode, message: &str) -> ConsumerGroupHeartbeatResponse {
    let error_message = Some(Str::from(message));
    ConsumerGroupHeartbeatResponse { error_code, error_message, ..Default::default() }
}

/// Whether the request says what it has to.
fn check(request: &ConsumerGroupHeartbeatRequest, version: i16) -> Result<(), Refusal> {
    let epoch = request.member_epoch;
    let names_itself = version >= OWN_ID_SINCE || epoch > 0 || epoch == LEAVE;
    let empty = |text: &Option<Str>| text.as_ref().is_some_and(|text| text.is_empty());
    let too_long = |name: &Str| name.len() > NAME_LEN_MAX;
    let complaint = match () {
        () if names_itself && request.member_id.is_empty() => "MemberId can't be empty.",
        () if request.group_id.trim().is_empty() => "GroupId can't be empty.",
        () if empty(&request.instance_id) => "InstanceId can't be empty.",
        () if empty(&request.rack_id) => "RackId can't be empty.",
        () if request.subscribed_topic_names.iter().flatten().any(too_long) => {
            "SubscribedTopicNames are longer than the name of a topic may be."
        }
        () if epoch == 0 => check_joining(request),
        () if epoch == LEAVE_FOR_A_WHILE && request.instance_id.is_none() => "InstanceId can't be null.",
        () if epoch < LEAVE_FOR_A_WHILE => "MemberEpoch is invalid.",
        () => "",
    };
    if !complaint.is_empty() {
        return Err(Refusal::new(ErrorCode::INVALID_REQUEST, complaint));
    }
    check_assignor(request)
}

fn check_joining(request: &ConsumerGroupHeartbeatRequest) -> &'static str {
    let unsubscribed = request.subscribed_topic_names.is_none() && request.subscribed_topic_regex.is_none();
    match () {
        () if request.rebalance_timeout_ms == -1 => "RebalanceTimeoutMs must be provided in first request.",
        () if request.topic_partitions.as_ref().is_none_or(|has| !has.is_empty()) => {
            "TopicPartitions must be empty when (re-)joining."
        }
        () if unsubscribed => {
            "Either SubscribedTopicNames or SubscribedTopicRegex must be non-null when (re-)joining."
        }
        () => "",
    }
}

fn check_assignor(request: &ConsumerGroupHeartbeatRequest) -> Result<(), Refusal> {
    match request.server_assignor.as_deref() {
        Some(name) if Assignor::by_name(name).is_none() => {
            let known = Assignor::ALL.map(Assignor::name).join(", ");
            let message = format!("ServerAssignor {name} is not supported. Supported assignors: {known}.");
            Err(Refusal::new(ErrorCode::UNSUPPORTED_ASSIGNOR, message))
        }
        _ => Ok(()),
    }
}

fn leave(
    request: &ConsumerGroupHeartbeatRequest,
    state: &mut State,
) -> Result<ConsumerGroupHeartbeatResponse, Refusal> {
    let id = &request.group_id;
    let known = state.groups.of(id).is_some();
    match state.groups.consumer_mut(id) {
        Some(group) => group.leave(request),
        None if known => Err(unfound(format!("Group {id} is not a consumer group."))),
        None => Err(unfound(format!("Group {id} not found."))),
    }
}

fn heartbeat(
    request: &ConsumerGroupHeartbeatRequest,
    state: &mut State,
    context: &RequestContext,
) -> Result<ConsumerGroupHeartbeatResponse, Refusal> {
    let fresh_id = match request.member_id.is_empty() {
        true => format!("{:032x}", u128::from_be_bytes(state.topics.fresh_id().0)),
        false => String::new(),
    };
    let State { groups, topics, authorizer, config, .. } = state;
    let describes = |name: &str| {
        let authorizer = authorizer.as_ref();
        authorizer
            .is_none_or(|it| it.allows(&context.caller, AclOperation::Describe, AclResource::Topic, name))
    };
    let beat = ConsumerHeartbeat {
        request,
        fresh_id: &fresh_id,
        client_id: &context.client_id,
        topics,
        visible: &describes,
        limits: limits(config),
        now: context.now.instant,
    };
    let id = &request.group_id;
    let known = groups.of(id).is_some();
    if request.member_epoch == 0 {
        groups.join_consumer(id, |group| group.heartbeat(&beat))
    } else if let Some(group) = groups.consumer_mut(id) {
        group.heartbeat(&beat)
    } else if known {
        Err(unfound(format!("Group {id} is not a consumer group.")))
    } else {
        Err(unfound(format!("Consumer group {id} not found.")))
    }
}

fn limits(config: &BrokerConfig) -> ConsumerGroupLimits {
    ConsumerGroupLimits {
        session_timeout: config.consumer_session_timeout,
        heartbeat_interval: config.consumer_heartbeat_interval,
        assignment_interval: config.consumer_assignment_interval,
        members_max: config.consumer_group_size_max,
    }
}

fn unfound(message: String) -> Refusal {
    Refusal::new(ErrorCode::GROUP_ID_NOT_FOUND, message)
}

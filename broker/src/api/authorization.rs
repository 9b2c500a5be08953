//! What a request needs to be served at all, and what of it may be served, as Kafka's `KafkaApis` asks its authorizer.
//!
//! Here stands what concerns a request as a whole: the cluster, its group, its transactional id. What concerns one topic,
//! group or resource among several is asked in the file of the API. Without an authorizer everything is allowed.

use upsert_kafka_protocol::{AnyRequest, ErrorCode, Uuid};

use super::RequestContext;
use crate::config::{AclOperation, AclResource, CLUSTER_NAME};
use crate::state::configs::ResourceType;
use crate::state::{Refusal, State};

/// The error of a request that may not be served.
pub(crate) fn refusal(request: &AnyRequest, state: &State, context: &RequestContext) -> Option<ErrorCode> {
    state.authorizer.as_ref()?;
    let required = of_cluster(request, state, context).or_else(|| of_members(request, state, context));
    required.or_else(|| of_transactions(request, state, context))
}

/// What is asked of the whole cluster.
fn of_cluster(request: &AnyRequest, state: &State, context: &RequestContext) -> Option<ErrorCode> {
    use AclOperation::{Alter, AlterConfigs, ClusterAction, Describe, DescribeConfigs};
    use AnyRequest as R;
    let operation = match request {
        R::DescribeAcls(_)
        | R::DescribeLogDirs(_)
        | R::ListPartitionReassignments(_)
        | R::DescribeUserScramCredentials(_)
        | R::DescribeQuorum(_) => Describe,
        R::CreateAcls(_)
        | R::DeleteAcls(_)
        | R::AlterReplicaLogDirs(_)
        | R::ElectLeaders(_)
        | R::AlterPartitionReassignments(_)
        | R::AlterUserScramCredentials(_)
        | R::UpdateFeatures(_)
        | R::UnregisterBroker(_)
        | R::AddRaftVoter(_)
        | R::RemoveRaftVoter(_) => Alter,
        R::DescribeClientQuotas(_) | R::ListConfigResources(_) => DescribeConfigs,
        R::AlterClientQuotas(_) => AlterConfigs,
        R::AddPartitionsToTxn(_) if context.version >= BROKERS_SINCE => ClusterAction,
        R::WriteTxnMarkers(_) if !state.may_cluster(context, Alter) => ClusterAction,
        _ => return None,
    };
    (!state.may_cluster(context, operation)).then_some(ErrorCode::CLUSTER_AUTHORIZATION_FAILED)
}

/// What is asked of one group.
fn of_members(request: &AnyRequest, state: &State, context: &RequestContext) -> Option<ErrorCode> {
    use AnyRequest as R;
    let (group, operation) = match request {
        R::OffsetCommit(it) => (&it.group_id, AclOperation::Read),
        R::JoinGroup(it) => (&it.group_id, AclOperation::Read),
        R::Heartbeat(it) => (&it.group_id, AclOperation::Read),
        R::LeaveGroup(it) => (&it.group_id, AclOperation::Read),
        R::SyncGroup(it) => (&it.group_id, AclOperation::Read),
        R::ConsumerGroupHeartbeat(it) => (&it.group_id, AclOperation::Read),
        R::OffsetDelete(it) => (&it.group_id, AclOperation::Delete),
        _ => return None,
    };
    let allowed = state.may(context, operation, AclResource::Group, group);
    (!allowed).then_some(ErrorCode::GROUP_AUTHORIZATION_FAILED)
}

/// What is asked of one transactional id, and of producers without.
fn of_transactions(request: &AnyRequest, state: &State, context: &RequestContext) -> Option<ErrorCode> {
    use AnyRequest as R;
    let (id, group) = match request {
        R::Produce(it) => (it.transactional_id.as_ref()?, None),
        R::AddPartitionsToTxn(it) => (&it.v3_and_below_transactional_id, None),
        R::AddOffsetsToTxn(it) => (&it.transactional_id, Some(&it.group_id)),
        R::EndTxn(it) => (&it.transactional_id, None),
        R::TxnOffsetCommit(it) => (&it.transactional_id, Some(&it.group_id)),
        R::InitProducerId(it) => match &it.transactional_id {
            Some(id) => (id, None),
            None => {
                let allowed = state.may_cluster(context, AclOperation::IdempotentWrite)
                    || state.may_any(context, AclOperation::Write, AclResource::Topic);
                return (!allowed).then_some(ErrorCode::CLUSTER_AUTHORIZATION_FAILED);
            }
        },
        _ => return None,
    };
    let between_brokers = matches!(request, R::AddPartitionsToTxn(_)) && context.version >= BROKERS_SINCE;
    if !between_brokers && !state.may(context, AclOperation::Write, AclResource::TransactionalId, id) {
        return Some(ErrorCode::TRANSACTIONAL_ID_AUTHORIZATION_FAILED);
    }
    let denied =
        group.is_some_and(|group| !state.may(context, AclOperation::Read, AclResource::Group, group));
    denied.then_some(ErrorCode::GROUP_AUTHORIZATION_FAILED)
}

/// From then on AddPartitionsToTxn is what brokers say to each other.
pub(super) const BROKERS_SINCE: i16 = 4;

impl State {
    /// Whether the caller may do that.
    pub(super) fn may(
        &self,
        context: &RequestContext,
        operation: AclOperation,
        resource: AclResource,
        name: &str,
    ) -> bool {
        let authorizer = self.authorizer.as_ref();
        authorizer.is_none_or(|it| it.allows(&context.caller, operation, resource, name))
    }

    /// Whether the caller may do that with the cluster.
    pub(super) fn may_cluster(&self, context: &RequestContext, operation: AclOperation) -> bool {
        self.may(context, operation, AclResource::Cluster, CLUSTER_NAME)
    }

    /// Whether there is anything of that kind with which the caller may do that.
    fn may_any(&self, context: &RequestContext, operation: AclOperation, resource: AclResource) -> bool {
        self.authorizer.as_ref().is_none_or(|it| it.allows_any(&context.caller, operation, resource))
    }

    /// Whether the caller may do that with the topic.
    pub(super) fn may_topic(&self, context: &RequestContext, operation: AclOperation, name: &str) -> bool {
        self.may(context, operation, AclResource::Topic, name)
    }

    /// The same of a topic by name or id, as an error. A name that is not there is refused before anybody learns that; an
    /// id that is not there is left to who looks it up.
    pub(super) fn check_topic(
        &self,
        context: &RequestContext,
        operation: AclOperation,
        name: &str,
        id: Uuid,
    ) -> Result<(), ErrorCode> {
        if self.authorizer.is_none() {
            return Ok(());
        }
        let name = match id {
            Uuid::ZERO => Some(name),
            id => self.topics.by_id(id).map(|topic| &*topic.name),
        };
        match name {
            Some(name) if !self.may_topic(context, operation, name) => {
                Err(ErrorCode::TOPIC_AUTHORIZATION_FAILED)
            }
            _ => Ok(()),
        }
    }

    /// Whether the caller may do that with the settings of a resource; a type that there is none of is left to who looks
    /// it up.
    pub(super) fn check_configs(
        &self,
        context: &RequestContext,
        operation: AclOperation,
        (resource_type, name): (i8, &str),
    ) -> Result<(), Refusal> {
        let (allowed, code) = match ResourceType(resource_type) {
            ResourceType::TOPIC => {
                (self.may_topic(context, operation, name), ErrorCode::TOPIC_AUTHORIZATION_FAILED)
            }
            ResourceType::GROUP => {
                let allowed = self.may(context, operation, AclResource::Group, name);
                (allowed, ErrorCode::GROUP_AUTHORIZATION_FAILED)
            }
            _ => (self.may_cluster(context, operation), ErrorCode::CLUSTER_AUTHORIZATION_FAILED),
        };
        if allowed { Ok(()) } else { Err(Refusal::new(code, code.message())) }
    }

    /// A bit for each of these operations that the caller may do.
    pub(super) fn authorized_operations(
        &self,
        context: &RequestContext,
        (resource, name): (AclResource, &str),
        all: i32,
    ) -> i32 {
        let bits = (0..i8::try_from(i32::BITS).unwrap_or(0)).filter(|bit| all >> bit & 1 == 1);
        let operations = bits.filter_map(|bit| Some((bit, AclOperation::by_number(bit)?)));
        let allowed = operations.filter(|(_, it)| self.may(context, *it, resource, name));
        allowed.fold(0, |bits, (bit, _)| bits | 1 << bit)
    }

    /// The bits of the cluster, which only those see who may describe it.
    pub(super) fn cluster_operations(&self, context: &RequestContext, all: i32) -> i32 {
        match self.may_cluster(context, AclOperation::Describe) {
            true => self.authorized_operations(context, (AclResource::Cluster, CLUSTER_NAME), all),
            false => 0,
        }
    }
}

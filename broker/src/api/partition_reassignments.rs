//! AlterPartitionReassignments and ListPartitionReassignments: the replicas of a partition.
//!
//! Behavior
//! - Every node holds every partition, so all that can change is the order: the first is the preferred leader. That
//!   is complete at once, and so nothing is ever under way. Fewer or other brokers are `INVALID_REPLICA_ASSIGNMENT`.
//!
//! Versions: AlterPartitionReassignments 1 whether there may be more or fewer replicas (KIP-860).

use upsert_kafka_protocol::messages::alter_partition_reassignments::{
    ReassignablePartition, ReassignablePartitionResponse, ReassignableTopic, ReassignableTopicResponse,
};
use upsert_kafka_protocol::messages::{
    AlterPartitionReassignmentsRequest, AlterPartitionReassignmentsResponse,
    ListPartitionReassignmentsRequest, ListPartitionReassignmentsResponse,
};
use upsert_kafka_protocol::{ErrorCode, Str, Uuid};

use super::{Outcome, RequestContext, Serve};
use crate::state::{Refusal, State};

impl Serve for AlterPartitionReassignmentsRequest {
    fn serve(&self, state: &mut State, _: &RequestContext) -> Outcome<AlterPartitionReassignmentsResponse> {
        let allowed = self.allow_replication_factor_change;
        answer(self, ErrorCode::NONE, |topic, part| reassign(topic, part, allowed, state))
    }

    fn refuse(&self, _: &RequestContext, code: ErrorCode) -> Outcome<AlterPartitionReassignmentsResponse> {
        answer(self, code, |_, _| Err(Refusal::new(code, code.message())))
    }
}

fn answer(
    request: &AlterPartitionReassignmentsRequest,
    error_code: ErrorCode,
    mut each: impl FnMut(&str, &ReassignablePartition) -> Result<(), Refusal>,
) -> Outcome<AlterPartitionReassignmentsResponse> {
    let mut one = |topic: &ReassignableTopic| {
        let partition = |part: &ReassignablePartition| {
            let refusal = each(&topic.name, part).err();
            ReassignablePartitionResponse {
                partition_index: part.partition_index,
                error_code: refusal.as_ref().map_or(ErrorCode::NONE, |refusal| refusal.code),
                error_message: refusal.map(|refusal| Str::from(refusal.message)),
                ..Default::default()
            }
        };
        let (name, partitions) = (topic.name.clone(), topic.partitions.iter().map(partition).collect());
        ReassignableTopicResponse { name, partitions, ..Default::default() }
    };
    let responses = request.topics.iter().map(&mut one).collect();
    Outcome::Answer(AlterPartitionReassignmentsResponse {
        allow_replication_factor_change: request.allow_replication_factor_change,
        error_code,
        responses,
        ..Default::default()
    })
}

fn reassign(
    topic: &str,
    part: &ReassignablePartition,
    count_may_change: bool,
    state: &mut State,
) -> Result<(), Refusal> {
    let refusal = |code: ErrorCode| Refusal::new(code, code.message());
    let all: Vec<_> = state.nodes.iter().map(|node| node.id).collect();
    let found = state.topics.find_mut(topic, Uuid::ZERO).map_err(refusal)?;
    let partition = found.partition_mut(part.partition_index).map_err(refusal)?;
    let Some(replicas) = &part.replicas else {
        return Err(refusal(ErrorCode::NO_REASSIGNMENT_IN_PROGRESS));
    };
    let mut wanted = replicas.clone();
    wanted.sort_unstable();
    let known = wanted.iter().all(|id| all.contains(id)) && wanted.windows(2).all(|two| two[0] != two[1]);
    if !known || wanted.is_empty() {
        let message = "Replicas need to be brokers that are registered, each of them once.";
        return Err(Refusal::new(ErrorCode::INVALID_REPLICA_ASSIGNMENT, message));
    }
    if wanted != all && !count_may_change {
        let message = "The replication factor is changed, which the request does not allow.";
        return Err(Refusal::new(ErrorCode::INVALID_REPLICATION_FACTOR, message));
    }
    if wanted != all {
        let message =
            "Every node of this broker holds every partition: all that can change is who comes first.";
        return Err(Refusal::new(ErrorCode::INVALID_REPLICA_ASSIGNMENT, message));
    }
    partition.preferred = replicas.first().copied();
    Ok(())
}

impl Serve for ListPartitionReassignmentsRequest {
    fn serve(&self, _: &mut State, _: &RequestContext) -> Outcome<ListPartitionReassignmentsResponse> {
        Outcome::Answer(ListPartitionReassignmentsResponse::default())
    }

    fn refuse(
        &self,
        _: &RequestContext,
        error_code: ErrorCode,
    ) -> Outcome<ListPartitionReassignmentsResponse> {
        let error_message = Some(Str::from_static(error_code.message()));
        Outcome::Answer(ListPartitionReassignmentsResponse {
            error_code,
            error_message,
            ..Default::default()
        })
    }
}

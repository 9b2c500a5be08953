//! ElectLeaders: gives partitions back to their preferred leaders, or to any live node.
//!
//! Behavior
//! - Preferred: the first of a partition's replicas leads, when it lives. Unclean: any live node leads, which happens
//!   by itself here; so there is never a need.
//! - A request for all partitions is answered with those alone where something was done.
//! - Complete at once: the timeout does not matter.
//!
//! Versions: 1 unclean elections and an error for the whole; 2 flexible.

use upsert_kafka_protocol::messages::elect_leaders::{
    PartitionResult, ReplicaElectionResult, TopicPartitions,
};
use upsert_kafka_protocol::messages::{ElectLeadersRequest, ElectLeadersResponse};
use upsert_kafka_protocol::{ErrorCode, Str};

use super::{Outcome, RequestContext, Serve};
use crate::state::{Refusal, State};
use crate::wait::WatchKey;

const PREFERRED: i8 = 0;
const UNCLEAN: i8 = 1;

impl Serve for ElectLeadersRequest {
    fn serve(&self, state: &mut State, context: &RequestContext) -> Outcome<ElectLeadersResponse> {
        if ![PREFERRED, UNCLEAN].contains(&self.election_type) {
            return self.refuse(context, ErrorCode::INVALID_REQUEST);
        }
        let asked = self.topic_partitions.clone().unwrap_or_else(|| all(state));
        let mut one =
            |it: &TopicPartitions| result(it, |index| elect(&it.topic, index, self.election_type, state));
        let mut results: Vec<_> = asked.iter().map(&mut one).collect();
        if self.topic_partitions.is_none() {
            let needed = |it: &PartitionResult| it.error_code != ErrorCode::ELECTION_NOT_NEEDED;
            results.iter_mut().for_each(|it| it.partition_result.retain(needed));
            results.retain(|it| !it.partition_result.is_empty());
        }
        Outcome::Answer(ElectLeadersResponse { replica_election_results: results, ..Default::default() })
    }

    fn refuse(&self, context: &RequestContext, code: ErrorCode) -> Outcome<ElectLeadersResponse> {
        let refused = |it: &TopicPartitions| result(it, |_| Err(Refusal::new(code, code.message())));
        Outcome::Answer(ElectLeadersResponse {
            error_code: if context.version >= 1 { code } else { ErrorCode::NONE },
            replica_election_results: self.topic_partitions.iter().flatten().map(refused).collect(),
            ..Default::default()
        })
    }
}

fn all(state: &State) -> Vec<TopicPartitions> {
    let one = |topic: &crate::state::topics::Topic| TopicPartitions {
        topic: topic.name.clone(),
        partitions: (0..).zip(&topic.partitions).map(|(index, _)| index).collect(),
        ..Default::default()
    };
    state.topics.iter().map(one).collect()
}

fn result(
    asked: &TopicPartitions,
    mut elect: impl FnMut(i32) -> Result<(), Refusal>,
) -> ReplicaElectionResult {
    let one = |partition_id: &i32| {
        let refusal = elect(*partition_id).err();
        PartitionResult {
            partition_id: *partition_id,
            error_code: refusal.as_ref().map_or(ErrorCode::NONE, |refusal| refusal.code),
            error_message: refusal.map(|refusal| Str::from(refusal.message)),
            ..Default::default()
        }
    };
    ReplicaElectionResult {
        topic: asked.topic.clone(),
        partition_result: asked.partitions.iter().map(one).collect(),
        ..Default::default()
    }
}

fn elect(topic: &str, index: i32, election_type: i8, state: &mut State) -> Result<(), Refusal> {
    let State { topics, nodes, completed, .. } = state;
    let unknown = |what| Refusal::new(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, what);
    let found = topics.by_name_mut(topic).ok_or_else(|| unknown(format!("No such topic as {topic}")))?;
    let id = found.id;
    let partition = found.partition_mut(index);
    let partition = partition.map_err(|_| unknown(format!("No such partition as {topic}-{index}")))?;
    let no = |code: ErrorCode| Err(Refusal::new(code, code.message()));
    match partition.preferred {
        _ if election_type == UNCLEAN && partition.leader.is_some() => no(ErrorCode::ELECTION_NOT_NEEDED),
        preferred if preferred == partition.leader => no(ErrorCode::ELECTION_NOT_NEEDED),
        Some(preferred) if nodes.is_live(preferred) => {
            partition.elect(Some(preferred));
            completed.push(WatchKey::Partition(id, index));
            Ok(())
        }
        _ => no(ErrorCode::PREFERRED_LEADER_NOT_AVAILABLE),
    }
}

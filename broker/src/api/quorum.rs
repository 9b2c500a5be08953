//! DescribeQuorum, AddRaftVoter, RemoveRaftVoter, UnregisterBroker and UnregisterController: a quorum that is fixed.
//!
//! Behavior
//! - Each node is shown as controller and voter, the first live one as leader, none behind another: there is no metadata
//!   log.
//! - Voters cannot be added or removed: `UNSUPPORTED_VERSION`, as where `kraft.version` is 0. Nodes stay registered:
//!   `POLICY_VIOLATION`.
//!
//! Versions: DescribeQuorum 1 timestamps; 2 folders and listeners. AddRaftVoter 1 when it is answered, ignored.

use upsert_kafka_protocol::messages::describe_quorum::{
    Listener, Node, ReplicaState, RequestTopicData, ResponsePartitionData, ResponseTopicData,
};
use upsert_kafka_protocol::messages::{
    AddRaftVoterRequest, AddRaftVoterResponse, DescribeQuorumRequest, DescribeQuorumResponse,
    RemoveRaftVoterRequest, RemoveRaftVoterResponse, UnregisterBrokerRequest, UnregisterBrokerResponse,
    UnregisterControllerRequest, UnregisterControllerResponse,
};
use upsert_kafka_protocol::{ErrorCode, Str, Uuid};

use super::{Outcome, RequestContext, Serve};
use crate::state::State;

const METADATA_TOPIC: &str = "__cluster_metadata";

/// The length of the log that is not there: nobody is behind.
const END_OFFSET: i64 = 1;

impl Serve for DescribeQuorumRequest {
    fn serve(&self, state: &mut State, context: &RequestContext) -> Outcome<DescribeQuorumResponse> {
        let told = |topic: &RequestTopicData, index| match (&*topic.topic_name, index) {
            (METADATA_TOPIC, 0) => described(state, context),
            _ => ResponsePartitionData {
                partition_index: index,
                error_code: ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
                ..Default::default()
            },
        };
        let topics = self.topics.iter().map(|topic| ResponseTopicData {
            topic_name: topic.topic_name.clone(),
            partitions: topic.partitions.iter().map(|part| told(topic, part.partition_index)).collect(),
            ..Default::default()
        });
        let listener = |node: &crate::state::nodes::Node| {
            let address = node.address(context.caller.listener);
            Listener {
                name: Str::from_static("CONTROLLER"),
                host: address.host.clone(),
                port: u16::try_from(address.port).unwrap_or(0),
                ..Default::default()
            }
        };
        let nodes = state.nodes.iter().map(|node| Node {
            node_id: node.id,
            listeners: vec![listener(node)],
            ..Default::default()
        });
        Outcome::Answer(DescribeQuorumResponse {
            topics: topics.collect(),
            nodes: if context.version >= 2 { nodes.collect() } else { Vec::new() },
            ..Default::default()
        })
    }

    fn refuse(&self, _: &RequestContext, error_code: ErrorCode) -> Outcome<DescribeQuorumResponse> {
        Outcome::Answer(DescribeQuorumResponse { error_code, ..Default::default() })
    }
}

fn described(state: &State, context: &RequestContext) -> ResponsePartitionData {
    let leader_id = state.nodes.live().next().map_or(-1, |node| node.id);
    let voter = |node: &crate::state::nodes::Node| ReplicaState {
        replica_id: node.id,
        log_end_offset: END_OFFSET,
        last_fetch_timestamp: if node.id == leader_id { -1 } else { context.now.unix_ms },
        last_caught_up_timestamp: context.now.unix_ms,
        ..Default::default()
    };
    ResponsePartitionData {
        leader_id,
        leader_epoch: 1,
        high_watermark: END_OFFSET,
        current_voters: state.nodes.iter().map(voter).collect(),
        ..Default::default()
    }
}

macro_rules! fixed {
    ($($request:ident $response:ident: $serve:expr;)*) => {$(
        impl Serve for $request {
            fn serve(&self, state: &mut State, context: &RequestContext) -> Outcome<$response> {
                let code: fn(&Self, &State) -> ErrorCode = $serve;
                self.refuse(context, code(self, state))
            }

            fn refuse(&self, _: &RequestContext, error_code: ErrorCode) -> Outcome<$response> {
                let error_message = Some(Str::from_static(error_code.message()));
                Outcome::Answer($response { error_code, error_message, ..Default::default() })
            }
        }
    )*};
}

fixed! {
    AddRaftVoterRequest AddRaftVoterResponse: |it, state| voters_are_fixed(&it.cluster_id, it.voter_directory_id, state);
    RemoveRaftVoterRequest RemoveRaftVoterResponse: |it, state| voters_are_fixed(&it.cluster_id, it.voter_directory_id, state);
    UnregisterBrokerRequest UnregisterBrokerResponse: |it, state| match state.nodes.by_id(it.broker_id) {
        Some(_) => ErrorCode::POLICY_VIOLATION,
        None => ErrorCode::BROKER_ID_NOT_REGISTERED,
    };
    UnregisterControllerRequest UnregisterControllerResponse: |it, state| {
        match state.nodes.by_id(it.controller_id) {
            Some(_) => ErrorCode::POLICY_VIOLATION,
            None => ErrorCode::CONTROLLER_ID_NOT_REGISTERED,
        }
    };
}

fn voters_are_fixed(cluster_id: &Option<Str>, directory_id: Uuid, state: &State) -> ErrorCode {
    match cluster_id {
        Some(id) if **id != *state.config.cluster_id => ErrorCode::INCONSISTENT_CLUSTER_ID,
        _ if directory_id == Uuid::ZERO => ErrorCode::INVALID_REQUEST,
        _ => ErrorCode::UNSUPPORTED_VERSION,
    }
}

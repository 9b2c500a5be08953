//! DescribeCluster: the nodes, and the id of the cluster.
//!
//! Behavior
//! - A stopped node is fenced, and listed only if the request asks for fenced ones. The controller is the first live node.
//! - Without an authorizer everything is authorized.
//!
//! Versions: 1 endpoint types, of which brokers are here; 2 fenced brokers.

use upsert_kafka_protocol::messages::describe_cluster::DescribeClusterBroker;
use upsert_kafka_protocol::messages::{DescribeClusterRequest, DescribeClusterResponse};
use upsert_kafka_protocol::{ErrorCode, Str};

use super::metadata::CLUSTER_OPERATIONS;
use super::{Outcome, RequestContext, Serve};
use crate::state::State;
use crate::state::nodes::{Advertised, Node};

const BROKERS: i8 = 1;
const CONTROLLERS: i8 = 2;

impl Serve for DescribeClusterRequest {
    fn serve(&self, state: &mut State, context: &RequestContext) -> Outcome<DescribeClusterResponse> {
        match self.endpoint_type {
            BROKERS => {}
            CONTROLLERS => return self.refuse(context, ErrorCode::MISMATCHED_ENDPOINT_TYPE),
            _ => return self.refuse(context, ErrorCode::UNSUPPORTED_ENDPOINT_TYPE),
        }
        let broker = |node: &Node| {
            let Advertised { host, port } = node.address(context.caller.listener).clone();
            let (broker_id, is_fenced) = (node.id, !node.live);
            let rack = node.rack.clone();
            DescribeClusterBroker { broker_id, host, port, rack, is_fenced, ..Default::default() }
        };
        let wanted = |node: &&Node| node.live || self.include_fenced_brokers;
        let mut response = DescribeClusterResponse {
            endpoint_type: self.endpoint_type,
            cluster_id: Str::from(state.config.cluster_id.as_str()),
            controller_id: state.nodes.live().next().map_or(-1, |node| node.id),
            brokers: state.nodes.iter().filter(wanted).map(broker).collect(),
            ..Default::default()
        };
        if self.include_cluster_authorized_operations {
            response.cluster_authorized_operations = state.cluster_operations(context, CLUSTER_OPERATIONS);
        }
        Outcome::Answer(response)
    }

    fn refuse(&self, context: &RequestContext, error_code: ErrorCode) -> Outcome<DescribeClusterResponse> {
        let endpoint_type = if context.version >= 1 { self.endpoint_type } else { BROKERS };
        let error_message = Some(Str::from_static(error_code.message()));
        let refused =
            DescribeClusterResponse { error_code, error_message, endpoint_type, ..Default::default() };
        Outcome::Answer(refused)
    }
}

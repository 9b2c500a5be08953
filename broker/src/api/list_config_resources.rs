//! ListConfigResources: what has settings.
//!
//! Behavior
//! - Topics and nodes; nodes also as what has loggers. Groups and client metrics have no settings here.
//!
//! Versions: 0 client metrics only; 1 the types that are asked for.

use upsert_kafka_protocol::messages::list_config_resources::ConfigResource;
use upsert_kafka_protocol::messages::{ListConfigResourcesRequest, ListConfigResourcesResponse};
use upsert_kafka_protocol::{ErrorCode, Str};

use super::{Outcome, RequestContext, Serve};
use crate::state::State;
use crate::state::configs::ResourceType;

impl Serve for ListConfigResourcesRequest {
    fn serve(&self, state: &mut State, context: &RequestContext) -> Outcome<ListConfigResourcesResponse> {
        let wanted = match (context.version, &self.resource_types[..]) {
            (0, _) => &[ResourceType::CLIENT_METRICS.0][..],
            (_, []) => &ResourceType::ALL.map(|it| it.0)[..],
            (_, some) => some,
        };
        let mut config_resources = Vec::new();
        for resource_type in ResourceType::ALL.into_iter().filter(|it| wanted.contains(&it.0)) {
            let resource = |resource_name| ConfigResource {
                resource_name,
                resource_type: resource_type.0,
                ..Default::default()
            };
            match resource_type {
                ResourceType::TOPIC => {
                    config_resources.extend(state.topics.iter().map(|topic| resource(topic.name.clone())));
                }
                ResourceType::BROKER | ResourceType::BROKER_LOGGER => {
                    let nodes = state.nodes.iter().map(|node| Str::from(node.id.to_string()));
                    config_resources.extend(nodes.map(resource));
                }
                _ => {}
            }
        }
        if wanted.iter().any(|it| !ResourceType::ALL.contains(&ResourceType(*it))) {
            return self.refuse(context, ErrorCode::UNSUPPORTED_VERSION);
        }
        Outcome::Answer(ListConfigResourcesResponse { config_resources, ..Default::default() })
    }

    fn refuse(&self, _: &RequestContext, error_code: ErrorCode) -> Outcome<ListConfigResourcesResponse> {
        Outcome::Answer(ListConfigResourcesResponse { error_code, ..Default::default() })
    }
}

//! DescribeConfigs: the settings of topics, and the few of the broker.
//!
//! Behavior
//! - A topic tells all settings that Kafka's have, with their types; those given at creation say so. The
//!   broker tells what `BrokerConfig` means in Kafka's words. Other resources are `INVALID_REQUEST`.
//! - Synonyms name a setting that was given, not the broker's defaults behind it. No documentation.
//!
//! Versions: 3 types; 4 flexible.

use std::time::Duration;

use upsert_kafka_protocol::messages::describe_configs::{
    DescribeConfigsResource, DescribeConfigsResourceResult, DescribeConfigsResult, DescribeConfigsSynonym,
};
use upsert_kafka_protocol::messages::{DescribeConfigsRequest, DescribeConfigsResponse};
use upsert_kafka_protocol::{ErrorCode, Str};

use super::{Call, Outcome, Serve, once};
use crate::state::configs::{ConfigType, Configs, TOPIC_CONFIGS, TopicConfig};
use crate::state::{Refusal, State};

/// Where a value comes from: it was given to the topic.
pub(super) const DYNAMIC_TOPIC_CONFIG: i8 = 1;
/// It was given to the broker when it started.
const STATIC_BROKER_CONFIG: i8 = 4;
/// Nobody gave it.
pub(super) const DEFAULT_CONFIG: i8 = 5;

const TOPIC: i8 = 2;
const BROKER: i8 = 4;

impl Serve for DescribeConfigsRequest {
    fn serve(&self, state: &mut State, call: &Call) -> Outcome<DescribeConfigsResponse> {
        let one = |resource: &DescribeConfigsResource| match describe(resource, state, call.node) {
            Ok(mut configs) => {
                if !self.include_synonyms {
                    configs.iter_mut().for_each(|config| config.synonyms.clear());
                }
                DescribeConfigsResult { configs, ..named(resource) }
            }
            Err(refusal) => refused(resource, refusal),
        };
        let once = once(&self.resources, |resource| (resource.resource_type, &resource.resource_name));
        let results = once.map(one).collect();
        Outcome::Answer(DescribeConfigsResponse { results, ..Default::default() })
    }

    fn refuse(&self, _: &Call, code: ErrorCode) -> Outcome<DescribeConfigsResponse> {
        let one = |resource: &DescribeConfigsResource| refused(resource, Refusal::new(code, code.message()));
        let results = self.resources.iter().map(one).collect();
        Outcome::Answer(DescribeConfigsResponse { results, ..Default::default() })
    }
}

fn describe(
    resource: &DescribeConfigsResource,
    state: &State,
    node: i32,
) -> Result<Vec<DescribeConfigsResourceResult>, Refusal> {
    let name = &*resource.resource_name;
    let mut configs = match resource.resource_type {
        TOPIC => match state.topics.by_name(name) {
            Some(topic) => topic_configs(&topic.configs),
            None => {
                let code = ErrorCode::UNKNOWN_TOPIC_OR_PARTITION;
                return Err(Refusal::new(code, format!("topic {name} does not exist")));
            }
        },
        BROKER if name.is_empty() || *name == node.to_string() => broker_configs(state, node),
        other => {
            let message = format!("there is no resource of type {other} named '{name}' here");
            return Err(Refusal::new(ErrorCode::INVALID_REQUEST, message));
        }
    };
    if let Some(keys) = &resource.configuration_keys {
        configs.retain(|config| keys.contains(&config.name));
    }
    Ok(configs)
}

fn topic_configs(configs: &Configs) -> Vec<DescribeConfigsResourceResult> {
    let one = |config: &'static TopicConfig| {
        let (value, given) = configs.value(config);
        let source = if given { DYNAMIC_TOPIC_CONFIG } else { DEFAULT_CONFIG };
        row(config.name, value, config.kind, source)
    };
    TOPIC_CONFIGS.iter().map(one).collect()
}

fn broker_configs(state: &State, node: i32) -> Vec<DescribeConfigsResourceResult> {
    let config = &state.config;
    let text = |value: &dyn ToString| Str::from(value.to_string());
    let fixed = |name, kind, value| row(name, value, kind, STATIC_BROKER_CONFIG);
    let ms = |duration: Duration| text(&duration.as_millis());
    vec![
        fixed("auto.create.topics.enable", ConfigType::Boolean, text(&config.auto_create_topics)),
        fixed("default.replication.factor", ConfigType::Int, text(&state.nodes.iter().count())),
        fixed("group.initial.rebalance.delay.ms", ConfigType::Int, ms(config.group_initial_rebalance_delay)),
        fixed("group.max.session.timeout.ms", ConfigType::Int, ms(config.session_timeout_max)),
        fixed("group.min.session.timeout.ms", ConfigType::Int, ms(config.session_timeout_min)),
        fixed("node.id", ConfigType::Int, text(&node)),
        fixed("num.partitions", ConfigType::Int, text(&config.default_partitions)),
        fixed("offset.metadata.max.bytes", ConfigType::Int, text(&config.offset_metadata_bytes_max)),
        fixed("producer.id.expiration.ms", ConfigType::Int, ms(config.producer_id_expiration)),
        fixed("socket.request.max.bytes", ConfigType::Int, text(&config.frame_bytes_max)),
        fixed("transaction.max.timeout.ms", ConfigType::Int, text(&config.transaction_timeout_ms_max)),
        fixed("transactional.id.expiration.ms", ConfigType::Int, ms(config.transactional_id_expiration)),
    ]
}

fn row(name: &'static str, value: Str, kind: ConfigType, source: i8) -> DescribeConfigsResourceResult {
    let synonym = || DescribeConfigsSynonym {
        name: Str::from_static(name),
        value: Some(value.clone()),
        source,
        ..Default::default()
    };
    DescribeConfigsResourceResult {
        name: Str::from_static(name),
        synonyms: if source == DEFAULT_CONFIG { Vec::new() } else { vec![synonym()] },
        read_only: source == STATIC_BROKER_CONFIG,
        config_source: source,
        config_type: kind as i8,
        value: Some(value),
        ..Default::default()
    }
}

fn named(resource: &DescribeConfigsResource) -> DescribeConfigsResult {
    DescribeConfigsResult {
        resource_type: resource.resource_type,
        resource_name: resource.resource_name.clone(),
        ..Default::default()
    }
}

fn refused(resource: &DescribeConfigsResource, refusal: Refusal) -> DescribeConfigsResult {
    DescribeConfigsResult {
        error_code: refusal.code,
        error_message: Some(Str::from(refusal.message)),
        ..named(resource)
    }
}

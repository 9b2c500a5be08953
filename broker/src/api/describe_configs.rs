//! DescribeConfigs: the settings of topics, and the few of the broker.
//!
//! Behavior
//! - Of a topic: all configs that Kafka's topics have, with their types, and where each value comes from. Of a broker:
//!   the fields of `BrokerConfig` under Kafka's names, and the topic defaults that were set on the brokers; without a
//!   number, the latter alone. Other resources are `INVALID_REQUEST`.
//! - Synonyms name a setting that was given, not the broker's defaults behind it. No documentation.
//!
//! Versions: 3 types; 4 flexible.

use std::time::Duration;

use upsert_kafka_protocol::messages::describe_configs::{
    DescribeConfigsResource, DescribeConfigsResourceResult, DescribeConfigsResult, DescribeConfigsSynonym,
};
use upsert_kafka_protocol::messages::{DescribeConfigsRequest, DescribeConfigsResponse};
use upsert_kafka_protocol::{ErrorCode, Str};

use super::{Outcome, RequestContext, Serve, once};
use crate::config::AclOperation;
use crate::state::configs::{ConfigSource, ConfigType, Configs, ResourceType, TOPIC_CONFIGS, TopicConfig};
use crate::state::{Refusal, State, names};

impl Serve for DescribeConfigsRequest {
    fn serve(&self, state: &mut State, context: &RequestContext) -> Outcome<DescribeConfigsResponse> {
        let described = |resource: &DescribeConfigsResource| {
            let named = (resource.resource_type, &*resource.resource_name);
            state.check_configs(context, AclOperation::DescribeConfigs, named)?;
            describe(resource, state, context.node)
        };
        let one = |resource: &DescribeConfigsResource| match described(resource) {
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

    fn refuse(&self, _: &RequestContext, code: ErrorCode) -> Outcome<DescribeConfigsResponse> {
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
    let mut configs = match ResourceType(resource.resource_type) {
        ResourceType::TOPIC => match state.topics.by_name(name) {
            Some(topic) => topic_configs(&topic.configs),
            None => {
                names::check(name)?;
                let code = ErrorCode::UNKNOWN_TOPIC_OR_PARTITION;
                return Err(Refusal::new(code, format!("topic {name} does not exist")));
            }
        },
        ResourceType::BROKER if name.is_empty() => {
            let mut configs = topic_defaults(state);
            configs.retain(|config| config.config_source == ConfigSource::DefaultBroker as i8);
            configs
        }
        ResourceType::BROKER if *name == node.to_string() => {
            let mut configs = broker_configs(state, node);
            configs.extend(topic_defaults(state));
            configs.sort_by(|one, other| one.name.cmp(&other.name));
            configs
        }
        ResourceType(other) => {
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
        let (value, source) = configs.value(config);
        let mut row = row(config.name, value, config.kind, source);
        if source == ConfigSource::DefaultBroker {
            row.synonyms.iter_mut().for_each(|it| it.name = Str::from_static(config.broker_name));
        }
        row
    };
    TOPIC_CONFIGS.iter().map(one).collect()
}

/// The settings of topics as the brokers have them.
fn topic_defaults(state: &State) -> Vec<DescribeConfigsResourceResult> {
    let defaults = Configs::default().over(state.topics.defaults());
    let one = |config: &'static TopicConfig| {
        let (value, source) = defaults.value(config);
        row(config.broker_name, value, config.kind, source)
    };
    TOPIC_CONFIGS.iter().filter(|config| !config.broker_name.is_empty()).map(one).collect()
}

fn broker_configs(state: &State, node: i32) -> Vec<DescribeConfigsResourceResult> {
    let config = &state.config;
    let text = |value: &dyn ToString| Str::from(value.to_string());
    let fixed = |name, kind, value| row(name, value, kind, ConfigSource::StaticBroker);
    let ms = |duration: Duration| text(&duration.as_millis());
    vec![
        fixed("auto.create.topics.enable", ConfigType::Boolean, text(&config.auto_create_topics)),
        fixed("default.replication.factor", ConfigType::Int, text(&state.nodes.iter().count())),
        fixed(
            "group.consumer.assignment.interval.ms",
            ConfigType::Int,
            ms(config.consumer_assignment_interval),
        ),
        fixed(
            "group.consumer.heartbeat.interval.ms",
            ConfigType::Int,
            ms(config.consumer_heartbeat_interval),
        ),
        fixed("group.consumer.max.size", ConfigType::Int, text(&config.consumer_group_size_max)),
        fixed("group.consumer.session.timeout.ms", ConfigType::Int, ms(config.consumer_session_timeout)),
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

fn row(
    name: &'static str,
    value: Str,
    kind: ConfigType,
    source: ConfigSource,
) -> DescribeConfigsResourceResult {
    let synonym = || DescribeConfigsSynonym {
        name: Str::from_static(name),
        value: Some(value.clone()),
        source: source as i8,
        ..Default::default()
    };
    DescribeConfigsResourceResult {
        name: Str::from_static(name),
        synonyms: if source == ConfigSource::Default { Vec::new() } else { vec![synonym()] },
        read_only: source == ConfigSource::StaticBroker,
        config_source: source as i8,
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

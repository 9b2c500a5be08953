//! CreateTopics: creates topics, or checks whether they could be created.
//!
//! Behavior
//! - Names, partitions, replication, assignments and settings are checked as Kafka does; all configs are
//!   kept and shown, and those in `state/configs.rs` have an effect.
//! - Whatever replication is asked for, every node holds every partition. The first broker of an assignment
//!   leads.
//! - Complete at once: the timeout does not matter.
//! - More than `topics_max` topics or `partitions_max` partitions of all are `POLICY_VIOLATION`; so is a request for
//!   more than 10,000 partitions in all, as in Kafka.
//!
//! Versions: 5 flexible, the answer has partitions and configs; 7 topic ids.

use std::collections::BTreeMap;

use upsert_kafka_protocol::messages::create_topics::{
    CreatableTopic, CreatableTopicConfigs, CreatableTopicResult,
};
use upsert_kafka_protocol::messages::{CreateTopicsRequest, CreateTopicsResponse};
use upsert_kafka_protocol::{ErrorCode, Str, Uuid};

use super::{Outcome, RequestContext, Serve};
use crate::config::AclOperation;
use crate::state::configs::{Configs, TOPIC_CONFIGS};
use crate::state::nodes::Nodes;
use crate::state::{Refusal, State};

/// The most partitions that one request may ask for: Kafka's `MAX_PARTITIONS_PER_BATCH`.
pub(super) const PARTITIONS_MAX: usize = 10_000;

impl Serve for CreateTopicsRequest {
    fn serve(&self, state: &mut State, context: &RequestContext) -> Outcome<CreateTopicsResponse> {
        if wanted(self, state.config.default_partitions) > PARTITIONS_MAX {
            let words = "Excessively large number of partitions per request.";
            return refused_all(self, ErrorCode::POLICY_VIOLATION, words);
        }
        let mut times: BTreeMap<&str, usize> = BTreeMap::new();
        self.topics.iter().for_each(|topic| *times.entry(&topic.name).or_default() += 1);
        let mut one = |topic: &CreatableTopic| {
            let made = if times[&*topic.name] > 1 {
                Err(Refusal::new(ErrorCode::INVALID_REQUEST, "Duplicate topic name."))
            } else if !state.may_cluster(context, AclOperation::Create)
                && !state.may_topic(context, AclOperation::Create, &topic.name)
            {
                let code = ErrorCode::TOPIC_AUTHORIZATION_FAILED;
                Err(Refusal::new(code, code.message()))
            } else {
                create(topic, self.validate_only, state)
            };
            let shown = state.may_topic(context, AclOperation::DescribeConfigs, &topic.name);
            let made = made.map(|made| if shown { made } else { without_configs(made) });
            made.unwrap_or_else(|refusal| refused(topic, refusal))
        };
        let topics = self.topics.iter().map(&mut one).collect();
        Outcome::Answer(CreateTopicsResponse { topics, ..Default::default() })
    }

    fn refuse(&self, _: &RequestContext, code: ErrorCode) -> Outcome<CreateTopicsResponse> {
        refused_all(self, code, code.message())
    }
}

fn refused_all(
    request: &CreateTopicsRequest,
    code: ErrorCode,
    words: &'static str,
) -> Outcome<CreateTopicsResponse> {
    let one = |topic: &CreatableTopic| refused(topic, Refusal::new(code, words));
    let topics = request.topics.iter().map(one).collect();
    Outcome::Answer(CreateTopicsResponse { topics, ..Default::default() })
}

/// How many partitions all its topics would have; a topic without a good number counts as one.
fn wanted(request: &CreateTopicsRequest, default: i32) -> usize {
    let of = |topic: &CreatableTopic| {
        let told = if topic.num_partitions == -1 { default } else { topic.num_partitions };
        let assigned = topic.assignments.len();
        if assigned > 0 { assigned } else { usize::try_from(told).unwrap_or(1).max(1) }
    };
    request.topics.iter().map(of).fold(0, usize::saturating_add)
}

fn create(
    topic: &CreatableTopic,
    validate_only: bool,
    state: &mut State,
) -> Result<CreatableTopicResult, Refusal> {
    state.topics.check_new(&topic.name)?;
    let leaders = leaders(topic, state.config.default_partitions, &state.nodes)?;
    state.topics.check_room(1, leaders.len())?;
    let settings = topic.configs.iter().map(|config| (&*config.name, config.value.as_deref()));
    let configs = Configs::parse_over(state.topics.defaults(), settings)?;
    let told = TOPIC_CONFIGS.iter().map(|config| {
        let (value, source) = configs.value(config);
        CreatableTopicConfigs {
            name: Str::from_static(config.name),
            value: Some(value),
            config_source: source as i8,
            ..Default::default()
        }
    });
    let mut result = CreatableTopicResult {
        name: topic.name.clone(),
        num_partitions: count(leaders.len()),
        replication_factor: i16::try_from(state.nodes.iter().count()).unwrap_or(i16::MAX),
        configs: Some(told.collect()),
        ..Default::default()
    };
    if !validate_only {
        result.topic_id = state.topics.create(&topic.name, &leaders, configs).id;
    }
    Ok(result)
}

/// Who leads each of the topic's partitions.
fn leaders(topic: &CreatableTopic, default: i32, nodes: &Nodes) -> Result<Vec<Option<i32>>, Refusal> {
    if !topic.assignments.is_empty() {
        return assigned(topic, nodes);
    }
    check_replication(topic.replication_factor, nodes)?;
    let partitions = partitions(topic.num_partitions, default)?;
    Ok((0..partitions).map(|index| nodes.leader_of(index)).collect())
}

fn check_replication(wanted: i16, nodes: &Nodes) -> Result<(), Refusal> {
    let registered = nodes.live().count();
    let message = match usize::try_from(wanted) {
        _ if wanted == -1 => return Ok(()),
        Ok(1..) if usize::try_from(wanted).is_ok_and(|wanted| wanted <= registered) => return Ok(()),
        Ok(1..) => format!(
            "Unable to replicate the partition {wanted} time(s): The target replication factor of {wanted} cannot be reached because only {registered} broker(s) are registered."
        ),
        _ => "Replication factor must be larger than 0, or -1 to use the default value.".to_owned(),
    };
    Err(Refusal::new(ErrorCode::INVALID_REPLICATION_FACTOR, message))
}

/// How many partitions the topic gets.
fn partitions(wanted: i32, default: i32) -> Result<i32, Refusal> {
    let no = |code, message: String| Err(Refusal::new(code, message));
    match wanted {
        -1 => Ok(default),
        wanted if wanted <= 0 => {
            let message = "Number of partitions was set to an invalid non-positive value.".to_owned();
            no(ErrorCode::INVALID_PARTITIONS, message)
        }
        wanted => Ok(wanted),
    }
}

/// As [`leaders`], where the request says who holds each.
fn assigned(topic: &CreatableTopic, nodes: &Nodes) -> Result<Vec<Option<i32>>, Refusal> {
    let no = |code, message: &str| Err(Refusal::new(code, message));
    if topic.replication_factor != -1 || topic.num_partitions != -1 {
        let message = "A manual partition assignment was specified, but the number of partitions or the replication factor was not set to -1.";
        return no(ErrorCode::INVALID_REQUEST, message);
    }
    let mut parts: Vec<_> = topic.assignments.iter().collect();
    parts.sort_unstable_by_key(|part| part.partition_index);
    if (0..).zip(&parts).any(|(expected, part)| part.partition_index != expected) {
        let message = "partitions should be a consecutive 0-based integer sequence";
        return no(ErrorCode::INVALID_REPLICA_ASSIGNMENT, message);
    }
    parts.iter().map(|part| leader_among(&part.broker_ids, nodes)).collect()
}

/// Who leads a partition that these brokers shall hold: the first of them that lives.
pub(super) fn leader_among(ids: &[i32], nodes: &Nodes) -> Result<Option<i32>, Refusal> {
    let twice = ids.iter().enumerate().find(|(at, id)| ids[..*at].contains(id)).map(|(_, id)| id);
    let stranger = ids.iter().find(|id| nodes.by_id(**id).is_none());
    let complaint = match (stranger, twice) {
        _ if ids.is_empty() => "an empty replica list".to_owned(),
        (_, Some(id)) => format!("the broker {id} more than once"),
        (Some(id), _) => format!("broker {id}, but no such broker is registered"),
        (None, None) => String::new(),
    };
    if !complaint.is_empty() {
        let message = format!("The manual partition assignment includes {complaint}.");
        return Err(Refusal::new(ErrorCode::INVALID_REPLICA_ASSIGNMENT, message));
    }
    Ok(ids.iter().copied().find(|id| nodes.is_live(*id)))
}

/// What is told of a topic to who may not see its settings.
fn without_configs(made: CreatableTopicResult) -> CreatableTopicResult {
    CreatableTopicResult {
        topic_config_error_code: ErrorCode::TOPIC_AUTHORIZATION_FAILED,
        num_partitions: -1,
        replication_factor: -1,
        configs: Some(Vec::new()),
        ..made
    }
}

fn count(partitions: usize) -> i32 {
    i32::try_from(partitions).unwrap_or(i32::MAX)
}

fn refused(topic: &CreatableTopic, refusal: Refusal) -> CreatableTopicResult {
    CreatableTopicResult {
        name: topic.name.clone(),
        topic_id: Uuid::ZERO,
        error_code: refusal.code,
        error_message: Some(Str::from(refusal.message)),
        ..Default::default()
    }
}

//! Metadata, CreateTopics, DeleteTopics, DescribeConfigs.

use upsert_kafka_protocol::messages::create_topics::{CreatableReplicaAssignment, CreatableTopic};
use upsert_kafka_protocol::messages::delete_topics::DeleteTopicState;
use upsert_kafka_protocol::messages::describe_configs::{
    DescribeConfigsResource, DescribeConfigsResourceResult,
};
use upsert_kafka_protocol::messages::metadata::MetadataRequestTopic;

use super::*;

fn by_name(names: &[&str]) -> MetadataRequest {
    let topic = |name: &&str| MetadataRequestTopic { name: Some(Str::from(*name)), ..Default::default() };
    MetadataRequest { topics: Some(names.iter().map(topic).collect()), ..Default::default() }
}

fn names(answer: &MetadataResponse) -> Vec<&str> {
    answer.topics.iter().map(|topic| topic.name.as_deref().unwrap()).collect()
}

const MISSING: ErrorCode = ErrorCode::UNKNOWN_TOPIC_OR_PARTITION;

#[test]
fn metadata_tells_the_broker_and_who_leads() {
    let advertised_host = "example".to_owned();
    let config = BrokerConfig { seed: 1, advertised_host, advertised_port: 9092, ..Default::default() };
    let mut script = Script::with(config);
    let topic_id = script.create("t", 2, &[]).topic_id;
    for version in 0..=13 {
        let answer = script.ask(&by_name(&["t"]), version);
        let broker = &answer.brokers[0];
        assert_eq!((broker.node_id, &*broker.host, broker.port), (1, "example", 9092));
        let topic = &answer.topics[0];
        assert_eq!(topic.topic_id, if version >= 10 { topic_id } else { Uuid::ZERO });
        let leaders: Vec<_> =
            topic.partitions.iter().map(|part| (part.partition_index, part.leader_id)).collect();
        assert_eq!(leaders, [(0, 1), (1, 1)]);
    }
    let asked = vec![MetadataRequestTopic { topic_id, ..Default::default() }];
    let answer = script.ask(&MetadataRequest { topics: Some(asked), ..Default::default() }, 12);
    assert_eq!(names(&answer), ["t"]);
}

#[test]
fn all_topics_or_none() {
    let mut script = Script::new();
    script.create("b", 1, &[]);
    script.create("a", 1, &[]);
    let all = MetadataRequest { topics: None, ..Default::default() };
    assert_eq!(names(&script.ask(&all, 9)), ["a", "b"]);
    assert_eq!(names(&script.ask(&by_name(&[]), 0)), ["a", "b"]);
    assert_eq!(names(&script.ask(&by_name(&[]), 1)), [""; 0]);
}

#[test]
fn metadata_makes_a_topic_when_both_sides_want_it() {
    let cases =
        [(true, true, 9, true), (false, true, 9, false), (true, false, 9, false), (true, true, 3, true)];
    for (auto_create_topics, allow_auto_topic_creation, version, made) in cases {
        let config = BrokerConfig { auto_create_topics, default_partitions: 3, ..Default::default() };
        let mut script = Script::with(config);
        let request = MetadataRequest { allow_auto_topic_creation, ..by_name(&["new", "bad name"]) };
        let answer = script.ask(&request, version);
        let (new, bad) = (&answer.topics[0], &answer.topics[1]);
        assert_eq!(new.error_code, if made { ErrorCode::NONE } else { MISSING });
        assert_eq!(new.partitions.len(), if made { 3 } else { 0 });
        assert_eq!(bad.error_code, ErrorCode::INVALID_TOPIC_EXCEPTION);
    }
}

#[test]
fn topics_are_made_or_refused_one_by_one() {
    let assigned = |name, brokers: [i32; 2]| {
        let to = |(partition_index, broker)| CreatableReplicaAssignment {
            partition_index,
            broker_ids: vec![broker],
            ..Default::default()
        };
        let assignments = (0..).zip(brokers).map(to).collect();
        CreatableTopic { assignments, ..topic(name, -1, &[]) }
    };
    let (none, again) = (ErrorCode::NONE, ErrorCode::INVALID_REQUEST);
    let cases = [
        (topic("good", 2, &[]), none, 2),
        (topic("default", -1, &[]), none, 1),
        (topic("none", 0, &[]), ErrorCode::INVALID_PARTITIONS, -1),
        (topic("b d", 1, &[]), ErrorCode::INVALID_TOPIC_EXCEPTION, -1),
        (topic("twice", 1, &[]), again, -1),
        (topic("twice", 1, &[]), again, -1),
        (topic("odd", 1, &[("no.such.thing", "1")]), ErrorCode::INVALID_CONFIG, -1),
        (
            CreatableTopic { replication_factor: 3, ..topic("many", 2, &[]) },
            ErrorCode::INVALID_REPLICATION_FACTOR,
            -1,
        ),
        (assigned("here", [1, 1]), none, 2),
        (assigned("there", [1, 2]), ErrorCode::INVALID_REPLICA_ASSIGNMENT, -1),
    ];
    let topics = cases.iter().map(|(topic, ..)| topic.clone()).collect();
    let request = CreateTopicsRequest { topics, ..Default::default() };
    let mut script = Script::new();
    let answer = script.ask(&request, 7);
    for ((asked, code, partitions), told) in cases.iter().zip(&answer.topics) {
        assert_eq!((told.error_code, told.num_partitions), (*code, *partitions), "{}", asked.name);
    }
    assert_eq!(script.ask(&request, 2).topics[0].error_code, ErrorCode::TOPIC_ALREADY_EXISTS);
    assert_eq!(script.cluster.stats().topics, 3);
}

#[test]
fn a_topic_can_be_tried_without_being_made() {
    let mut script = Script::new();
    let topics = vec![topic("t", 4, &[("cleanup.policy", "compact")])];
    let request = CreateTopicsRequest { topics, validate_only: true, ..Default::default() };
    let told = script.ask(&request, 7).topics.remove(0);
    assert_eq!((told.error_code, told.num_partitions, told.topic_id), (ErrorCode::NONE, 4, Uuid::ZERO));
    let mut given = told.configs.unwrap();
    given.retain(|config| config.config_source == 1);
    let given: Vec<_> = given.iter().map(|config| (&*config.name, config.value.as_deref())).collect();
    assert_eq!(given, [("cleanup.policy", Some("compact"))]);
    assert_eq!(script.cluster.stats().topics, 0);
}

#[test]
fn topics_are_deleted_by_name_and_by_id() {
    let mut script = Script::new();
    script.create("a", 1, &[]);
    let topic_id = script.create("b", 1, &[]).topic_id;
    let codes = |answer: DeleteTopicsResponse| -> Vec<_> {
        answer.responses.iter().map(|topic| topic.error_code).collect()
    };
    let topic_names = ["a", "c"].map(Str::from_static).to_vec();
    let request = DeleteTopicsRequest { topic_names, ..Default::default() };
    assert_eq!(codes(script.ask(&request, 1)), [ErrorCode::NONE, MISSING]);
    let by_id = DeleteTopicState { topic_id, ..Default::default() };
    let request = DeleteTopicsRequest { topics: vec![by_id.clone(), by_id], ..Default::default() };
    assert_eq!(codes(script.ask(&request, 6)), [ErrorCode::NONE, ErrorCode::UNKNOWN_TOPIC_ID]);
    assert_eq!(script.cluster.stats().topics, 0);
}

#[test]
fn settings_are_described_with_where_they_come_from() {
    let mut script = Script::new();
    script.create("t", 1, &[("cleanup.policy", "compact")]);
    let resource = |resource_type, name, keys: &[&'static str]| DescribeConfigsResource {
        resource_type,
        resource_name: Str::from_static(name),
        configuration_keys: Some(keys.iter().map(|key| Str::from_static(key)).collect()),
        ..Default::default()
    };
    let resources = vec![
        resource(2, "t", &["cleanup.policy", "max.message.bytes", "nonsense"]),
        resource(2, "u", &[]),
        resource(4, "1", &["num.partitions"]),
        resource(8, "x", &[]),
    ];
    let request = DescribeConfigsRequest { resources, include_synonyms: true, ..Default::default() };
    let answer = script.ask(&request, 4);
    let codes: Vec<_> = answer.results.iter().map(|result| result.error_code).collect();
    assert_eq!(codes, [ErrorCode::NONE, MISSING, ErrorCode::NONE, ErrorCode::INVALID_REQUEST]);
    let told = |config: &DescribeConfigsResourceResult| {
        let value = config.value.as_deref().unwrap().to_owned();
        (config.name.to_string(), value, config.config_source, config.config_type)
    };
    let told: Vec<_> = answer.results[0].configs.iter().map(told).collect();
    let row = |name: &str, value: &str, source, kind| (name.to_owned(), value.to_owned(), source, kind);
    let expected = [row("cleanup.policy", "compact", 1, 7), row("max.message.bytes", "1048588", 5, 3)];
    assert_eq!(told, expected);
    assert_eq!(answer.results[2].configs[0].value.as_deref(), Some("1"));
}

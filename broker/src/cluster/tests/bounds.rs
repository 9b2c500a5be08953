//! What a request may cost: things are told once, and there are only so many of them.

use upsert_kafka_protocol::messages::describe_configs::DescribeConfigsResource;
use upsert_kafka_protocol::messages::describe_producers::TopicRequest;
use upsert_kafka_protocol::messages::fetch::{FetchPartition, FetchTopic};
use upsert_kafka_protocol::messages::metadata::MetadataRequestTopic;
use upsert_kafka_protocol::messages::offset_fetch::{OffsetFetchRequestGroup, OffsetFetchRequestTopics};

use super::*;

fn thrice<T: Clone>(one: T) -> Vec<T> {
    vec![one; 3]
}

#[test]
fn what_is_named_three_times_is_told_once() {
    let mut script = Script::new();
    script.create("t", 1, &[]);
    let (t, g) = (Str::from_static("t"), Str::from_static("g"));

    let topic = MetadataRequestTopic { name: Some(t.clone()), ..Default::default() };
    let request = MetadataRequest { topics: Some(thrice(topic)), ..Default::default() };
    assert_eq!(script.ask(&request, 9).topics.len(), 1);

    let resource = DescribeConfigsResource {
        resource_type: 2,
        resource_name: t.clone(),
        configuration_keys: None,
        ..Default::default()
    };
    let request = DescribeConfigsRequest { resources: thrice(resource), ..Default::default() };
    assert_eq!(script.ask(&request, 4).results.len(), 1);

    let request = DescribeGroupsRequest { groups: thrice(g.clone()), ..Default::default() };
    assert_eq!(script.ask(&request, 5).groups.len(), 1);

    let request = DescribeTransactionsRequest { transactional_ids: thrice(g.clone()), ..Default::default() };
    assert_eq!(script.ask(&request, 0).transaction_states.len(), 1);

    let topic = TopicRequest { name: t.clone(), partition_indexes: thrice(0), ..Default::default() };
    let request = DescribeProducersRequest { topics: thrice(topic), ..Default::default() };
    let answer = script.ask(&request, 0);
    assert_eq!(answer.topics.iter().map(|topic| topic.partitions.len()).sum::<usize>(), 1);

    let topic =
        OffsetFetchRequestTopics { name: t.clone(), partition_indexes: thrice(0), ..Default::default() };
    let group = OffsetFetchRequestGroup { group_id: g, topics: Some(thrice(topic)), ..Default::default() };
    let request = OffsetFetchRequest { groups: thrice(group), ..Default::default() };
    let answer = script.ask(&request, 8);
    assert_eq!(answer.groups.len(), 1);
    assert_eq!(answer.groups[0].topics.iter().map(|topic| topic.partitions.len()).sum::<usize>(), 1);

    let topic = FetchTopic { topic: t, partitions: thrice(FetchPartition::default()), ..Default::default() };
    let request = FetchRequest { topics: thrice(topic), ..Default::default() };
    let answer = script.ask(&request, 11);
    assert_eq!(answer.responses.iter().map(|topic| topic.partitions.len()).sum::<usize>(), 1);
}

#[test]
fn a_topic_twice_in_a_fetch_has_each_of_its_partitions() {
    let mut script = Script::new();
    script.create("t", 2, &[]);
    let topic = |partition| FetchTopic {
        topic: Str::from_static("t"),
        partitions: vec![FetchPartition { partition, ..Default::default() }],
        ..Default::default()
    };
    let request = FetchRequest { topics: vec![topic(0), topic(1)], ..Default::default() };
    let answer = script.ask(&request, 11);
    let told = answer.responses.iter().flat_map(|topic| topic.partitions.iter().map(|it| it.partition_index));
    assert_eq!(told.collect::<Vec<_>>(), [0, 1]);
}

#[test]
fn more_topics_or_partitions_than_there_may_be_violate_the_policy() {
    let config = BrokerConfig { topics_max: 3, partitions_max: 8, seed: 1, ..Default::default() };
    let mut script = Script::with(config);
    let mut create = |name, partitions| script.create(name, partitions, &[]).error_code;
    assert_eq!(create("a", 6), ErrorCode::NONE);
    assert_eq!(create("b", 3), ErrorCode::POLICY_VIOLATION);
    assert_eq!(create("b", 1), ErrorCode::NONE);
    assert_eq!(create("c", 1), ErrorCode::NONE);
    assert_eq!(create("d", 0), ErrorCode::INVALID_PARTITIONS);
    let topic = MetadataRequestTopic { name: Some(Str::from_static("d")), ..Default::default() };
    let request =
        MetadataRequest { topics: Some(vec![topic]), allow_auto_topic_creation: true, ..Default::default() };
    assert_eq!(script.ask(&request, 9).topics[0].error_code, ErrorCode::POLICY_VIOLATION);
    script.ask(&DeleteTopicsRequest { topic_names: vec![Str::from_static("a")], ..Default::default() }, 5);
    assert_eq!(script.create("d", 6, &[]).error_code, ErrorCode::NONE);
}

#[test]
fn a_request_for_more_than_ten_thousand_partitions_makes_none() {
    let mut script = Script::new();
    let topics = vec![topic("a", 6_000, &[]), topic("b", 4_001, &[])];
    let answer = script.ask(&CreateTopicsRequest { topics, ..Default::default() }, 7);
    assert!(answer.topics.iter().all(|topic| topic.error_code == ErrorCode::POLICY_VIOLATION));
    assert_eq!(script.cluster.stats().topics, 0);
    assert_eq!(script.create("a", 10_000, &[]).error_code, ErrorCode::NONE);
}

#[test]
fn a_fetch_does_not_wait_for_ever() {
    let mut script = Script::new();
    script.create("t", 1, &[]);
    let topic = FetchTopic {
        topic: Str::from_static("t"),
        partitions: vec![FetchPartition::default()],
        ..Default::default()
    };
    let request =
        FetchRequest { max_wait_ms: i32::MAX, min_bytes: 1, topics: vec![topic], ..Default::default() };
    let peer = script.send(&request, 11);
    script.pass(10 * 60 * 1000 - 1);
    assert_eq!(script.hear::<FetchRequest>(peer, 11), Heard::Nothing);
    script.pass(1);
    assert!(matches!(script.hear::<FetchRequest>(peer, 11), Heard::Answer(_)));
}

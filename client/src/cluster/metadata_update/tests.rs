//! What answers that lie are read into.

use std::time::{Duration, Instant};

use super::*;
use crate::peer::broker;

fn at() -> Address {
    "kafka:9092".parse().unwrap()
}

fn partition(partition_index: i32, leader_id: i32, leader_epoch: i32) -> MetadataResponsePartition {
    MetadataResponsePartition { partition_index, leader_id, leader_epoch, ..Default::default() }
}

fn topic(name: &'static str, partitions: Vec<MetadataResponsePartition>) -> MetadataResponseTopic {
    MetadataResponseTopic { name: Some(name.into()), partitions, ..Default::default() }
}

fn response(topics: Vec<MetadataResponseTopic>) -> MetadataResponse {
    MetadataResponse {
        brokers: (0..4).map(|node| broker(node, &at())).collect(),
        controller_id: 3,
        topics,
        ..Default::default()
    }
}

fn read(response: &MetadataResponse) -> Result<MetadataUpdate, Error> {
    MetadataUpdate::read(response, &["orders".into(), "payments".into()])
}

/// The leaders of `orders`, and what is odd.
fn leaders(partitions: Vec<MetadataResponsePartition>) -> (Vec<Option<i32>>, Option<String>) {
    let answer = read(&response(vec![topic("orders", partitions)])).unwrap();
    let topic = answer.topics[0].1.as_ref().unwrap();
    assert!(topic.partitions.iter().zip(0..).all(|(it, index)| it.index == index), "{topic:?}");
    (topic.partitions.iter().map(|it| it.leader).collect(), answer.inconsistency)
}

#[test]
fn an_honest_topic_is_not_odd() {
    let told = (0..3).rev().map(|index| partition(index, index, 7)).collect();
    assert_eq!(leaders(told), (vec![Some(0), Some(1), Some(2)], None));
    assert_eq!(leaders(vec![partition(0, -1, 7)]), (vec![None], None));
}

#[test]
fn gaps_have_no_leader_and_indexes_that_come_twice_or_are_negative_no_place() {
    let (found, odd) = leaders(vec![partition(3, 1, 1), partition(1, 2, 1)]);
    assert_eq!(found, [None, Some(2), None, Some(1)]);
    assert!(odd.unwrap().contains("topic orders: 2 partitions are told of, of which 2 lie in 0 to 3"));
    let (found, odd) = leaders(vec![partition(0, 1, 5), partition(0, 2, 6), partition(0, 3, 4)]);
    assert_eq!(found, [Some(2)], "the newest epoch");
    assert!(odd.unwrap().contains("3 partitions are told of, of which 1"));
    let (found, odd) = leaders(vec![partition(0, 1, 5), partition(-1, 2, 6), partition(i32::MIN, 2, 6)]);
    assert_eq!(found, [Some(1)]);
    assert!(odd.is_some());
}

#[test]
fn a_leader_who_is_no_broker_leads_nothing_and_a_topic_without_partitions_is_not_there() {
    let (found, odd) = leaders(vec![partition(0, 9, 1), partition(1, 1, 1)]);
    assert_eq!(found, [None, Some(1)]);
    assert!(odd.unwrap().contains("topic orders, partition 0: its leader 9 is not among the brokers"));
    for partitions in [Vec::new(), vec![partition(-7, 1, 1)]] {
        let answer = read(&response(vec![topic("orders", partitions)])).unwrap();
        assert_eq!(answer.topics[0].1, Err(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION));
    }
}

#[test]
fn a_topic_counts_once_if_it_was_asked_for_and_one_that_is_left_out_is_unknown() {
    let told = vec![
        topic("others", vec![partition(0, 1, 1)]),
        topic("orders", vec![partition(0, 1, 1)]),
        topic("orders", vec![partition(0, 2, 2)]),
        MetadataResponseTopic { name: None, ..Default::default() },
    ];
    let answer = read(&response(told)).unwrap();
    let names: Vec<&str> = answer.topics.iter().map(|(name, _)| &**name).collect();
    assert_eq!(names, ["orders", "payments"]);
    assert_eq!(answer.topics[0].1.as_ref().unwrap().partitions[0].leader, Some(1));
    assert_eq!(answer.topics[1].1, Err(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION));
}

#[test]
fn brokers_that_cannot_be_dialled_are_left_out_and_said() {
    let odd = |host: &'static str, port| MetadataResponseBroker {
        node_id: 1,
        host: host.into(),
        port,
        ..Default::default()
    };
    for (broker, why) in [
        (odd("kafka", 0), "port is 0"),
        (odd("kafka", -1), "port is -1"),
        (odd("kafka", 70_000), "port is 70000"),
        (odd("", 9092), "no host"),
    ] {
        let mut response = response(vec![topic("orders", vec![partition(0, 1, 1), partition(1, 2, 1)])]);
        response.brokers[1] = broker.clone();
        let answer = read(&response).unwrap();
        assert!(!answer.brokers.contains_key(&1));
        assert_eq!(answer.topics[0].1.as_ref().unwrap().partitions[0].leader, None);
        assert!(answer.inconsistency.as_ref().unwrap().contains(why), "{:?}", answer.inconsistency);
        response.brokers = vec![broker];
        let error = read(&response).unwrap_err();
        assert!(error.is_retriable() && error.to_string().contains(why), "{error}");
    }
    let error = read(&MetadataResponse::default()).unwrap_err();
    assert!(error.is_retriable() && error.to_string().contains("none of its cluster's brokers"), "{error}");
    let mut twice = response(Vec::new());
    twice.brokers.push(broker(2, &"elsewhere:1".parse().unwrap()));
    let answer = read(&twice).unwrap();
    assert_eq!(answer.brokers[&2].address.host, "elsewhere");
    assert!(answer.inconsistency.unwrap().contains("broker 2 is listed twice"));
}

#[test]
fn of_thousands_of_brokers_those_are_kept_that_lead_what_was_asked_for_and_a_few() {
    let mut response = response(vec![
        topic("orders", vec![partition(0, 4_711, 1), partition(1, 9_999, 1)]),
        topic("others", vec![partition(0, 5_000, 1)]),
    ]);
    response.controller_id = 7_000;
    response.brokers = (0..10_000).map(|node| broker(node, &at())).collect();
    let answer = read(&response).unwrap();
    assert_eq!(answer.brokers.len(), 3 + SPARE_BROKERS_MAX);
    assert!([4_711, 9_999, 7_000].iter().all(|node| answer.brokers.contains_key(node)));
    response.brokers.push(broker(10_000, &at()));
    let error = read(&response).unwrap_err();
    assert_eq!((error.kind(), error.is_retriable()), (ErrorKind::Protocol, false));
    assert!(error.to_string().contains("10001 brokers, where 10000 are the most"), "{error}");
}

/// A leader may have a reader turn to one of them (KIP-392).
#[test]
fn the_replicas_of_what_was_asked_for_are_kept_too() {
    let held = |replicas: &[i32]| MetadataResponsePartition {
        replica_nodes: replicas.to_vec(),
        ..partition(0, replicas[0], 1)
    };
    let mut response = response(vec![
        topic("orders", vec![held(&[4_711, 8_000, 12_000])]),
        topic("others", vec![held(&[5_000, 6_000])]),
    ]);
    response.brokers = (0..10_000).map(|node| broker(node, &at())).collect();
    let answer = read(&response).unwrap();
    assert_eq!(answer.brokers.len(), 2 + 1 + SPARE_BROKERS_MAX, "both, the controller and some");
    assert!(answer.brokers.contains_key(&8_000));
}

#[test]
fn more_partitions_than_any_topic_has_are_refused_with_a_sentence() {
    let most = TOPIC_PARTITIONS_MAX as i32;
    assert_eq!(leaders(vec![partition(most - 1, 1, 1)]).0.len(), TOPIC_PARTITIONS_MAX);
    for told in [vec![partition(most, 1, 1)], vec![partition(i32::MAX, 1, 1)]] {
        let error = read(&response(vec![topic("orders", told)])).unwrap_err();
        assert_eq!((error.kind(), error.topic()), (ErrorKind::Protocol, Some("orders")));
        assert!(error.to_string().contains("where 250000 are the most"), "{error}");
    }
    let twice = vec![partition(0, 1, 1); TOPIC_PARTITIONS_MAX + 1];
    assert!(read(&response(vec![topic("orders", twice)])).is_err());
    // Five topics, each as large as one may be.
    let names = ["a", "b", "c", "d", "e"];
    let told = names.map(|name| topic(name, vec![partition(most - 1, 1, 1)]));
    let asked = names.map(Str::from);
    let error = MetadataUpdate::read(&response(told.to_vec()), &asked).unwrap_err();
    assert!(error.to_string().contains("more than 1000000 partitions"), "{error}");
    assert!(MetadataUpdate::read(&response(told.to_vec()), &asked[..4]).is_ok());
}

/// A linear answer takes milliseconds; the search through all of them for each index took minutes.
#[test]
fn partitions_numbered_from_one_cost_no_more_than_others() {
    let told: Vec<_> = (1..=200_000).map(|index| partition(index, 1, 1)).collect();
    let response = response(vec![topic("orders", told)]);
    let began = Instant::now();
    let mut view = super::super::Metadata::default();
    for _ in 0..3 {
        view = view.renewed(read(&response).unwrap());
        let led = (0..=200_000).filter(|index| view.leader("orders", *index).is_some()).count();
        assert_eq!((led, view.leader("orders", 0), view.settles("orders")), (200_000, None, false));
    }
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
}

/// A topic of one partition with a high index, told again and again, is made room for once.
#[test]
fn a_topic_that_is_told_of_again_and_again_costs_one() {
    let told = vec![topic("orders", vec![partition(TOPIC_PARTITIONS_MAX as i32 - 1, 1, 1)]); 100_000];
    let response = response(told);
    let began = Instant::now();
    assert_eq!(read(&response).unwrap().topics.len(), 2);
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
}

//! ACLs, told as dialogues: what a principal may do, and how the answer says that it may not.

use super::*;
use crate::config::{Acl, AuthorizerConfig, ListenerConfig, SecurityProtocol};
use std::net::Ipv4Addr;
use upsert_kafka_protocol::messages::create_acls::AclCreation;
use upsert_kafka_protocol::messages::delete_acls::DeleteAclsFilter;
use upsert_kafka_protocol::messages::fetch::{FetchPartition, FetchTopic};
use upsert_kafka_protocol::messages::metadata::MetadataRequestTopic;

const ADMIN: PeerId = PeerId(1 << 40);
const ALICE: PeerId = PeerId(2 << 40);

/// A broker where admin may do everything and alice what the rules say; both showed certificates.
fn script(rules: &[&str]) -> Script {
    let listener = ListenerConfig::new(SecurityProtocol::Ssl, (Ipv4Addr::LOCALHOST, 0));
    let acls = rules.iter().flat_map(|rule| Acl::parse(rule).unwrap());
    let authorizer = AuthorizerConfig::default().with_super_user("User:CN=admin").with_acls(acls);
    let config = BrokerConfig { seed: 1, ..BrokerConfig::default() };
    let mut script = Script::with(config.with_listener(listener).with_authorizer(authorizer));
    for (peer, name) in [(ADMIN, "CN=admin"), (ALICE, "CN=alice")] {
        let (host, certificate) = ("10.0.0.1".to_owned(), Some(name.to_owned()));
        script.cluster.handle_opened(peer, 1, &Connection { host, certificate, listener: 0 });
    }
    for topic in ["orders", "payments"] {
        let request = CreateTopicsRequest { topics: vec![topic_of(topic)], ..Default::default() };
        assert_eq!(ask(&mut script, ADMIN, &request, 7).topics[0].error_code, ErrorCode::NONE);
    }
    script
}

fn topic_of(name: &str) -> CreatableTopic {
    topic(name, 1, &[])
}

fn ask<R: Request>(script: &mut Script, peer: PeerId, request: &R, version: i16) -> R::Response {
    let mut frame = header::request_frame(request, version, 77, None).unwrap().into_bytes();
    frame.advance(4);
    script.cluster.handle_frame(peer, script.node, &frame, script.now());
    match script.hear::<R>(peer, version) {
        Heard::Answer(answer) => answer,
        _ => panic!("no answer"),
    }
}

/// What Metadata tells alice: each topic with its error, and what she may do with it.
fn seen(script: &mut Script, names: Option<&[&str]>) -> Vec<(String, ErrorCode, i32)> {
    let named = |name: &&str| MetadataRequestTopic { name: Some(Str::from(*name)), ..Default::default() };
    let request = MetadataRequest {
        topics: names.map(|names| names.iter().map(named).collect()),
        allow_auto_topic_creation: true,
        include_topic_authorized_operations: true,
        ..Default::default()
    };
    let topics = ask(script, ALICE, &request, 12).topics;
    let one = |it: &metadata::MetadataResponseTopic| {
        (it.name.clone().unwrap().to_string(), it.error_code, it.topic_authorized_operations)
    };
    topics.iter().map(one).collect()
}

const READ: i32 = 1 << 3;
const WRITE: i32 = 1 << 4;
const DESCRIBE: i32 = 1 << 8;

#[test]
fn metadata_shows_what_may_be_described_and_hides_the_rest() {
    let mut it = script(&["allow User:CN=alice read,write topic orders"]);
    let orders = ("orders".to_owned(), ErrorCode::NONE, READ | WRITE | DESCRIBE);
    assert_eq!(seen(&mut it, None), std::slice::from_ref(&orders));
    let hidden = |name: &str| (name.to_owned(), ErrorCode::TOPIC_AUTHORIZATION_FAILED, i32::MIN);
    // Whether it exists is not told.
    let asked = seen(&mut it, Some(&["orders", "payments", "nothing"]));
    assert_eq!(asked, [orders, hidden("payments"), hidden("nothing")]);
    let mut creator = script(&["allow User:CN=alice create,describe topic new-*"]);
    assert_eq!(seen(&mut creator, Some(&["new-one"]))[0].1, ErrorCode::NONE);
    let mut looker = script(&["allow User:CN=alice describe topic new-*"]);
    assert_eq!(seen(&mut looker, Some(&["new-one"]))[0].1, ErrorCode::TOPIC_AUTHORIZATION_FAILED);
}

fn fetched(topic: &str) -> FetchRequest {
    let part = FetchPartition { partition_max_bytes: 1 << 20, ..Default::default() };
    let topic = FetchTopic { topic: Str::from(topic), partitions: vec![part], ..Default::default() };
    FetchRequest { topics: vec![topic], max_bytes: 1 << 20, ..Default::default() }
}

/// The error of alice's Produce and Fetch to a topic.
fn produced_and_fetched(script: &mut Script, topic: &str) -> (ErrorCode, ErrorCode) {
    let produced = ask(script, ALICE, &produce(topic, 0, batch(1, Stamp::NONE)), 9);
    let fetched = ask(script, ALICE, &fetched(topic), 11);
    (produced.responses[0].partition_responses[0].error_code, fetched.responses[0].partitions[0].error_code)
}

#[test]
fn records_are_written_and_read_by_those_who_may() {
    let denied = ErrorCode::TOPIC_AUTHORIZATION_FAILED;
    for (rules, expected) in [
        (&["allow User:CN=alice read topic orders"][..], (denied, ErrorCode::NONE)),
        (&["allow User:CN=alice write topic orders"], (ErrorCode::NONE, denied)),
        (&["allow User:* all topic o*", "deny User:CN=alice write topic *"], (denied, ErrorCode::NONE)),
        (&["allow User:CN=alice all topic orders from 10.0.0.2"], (denied, denied)),
        (&["allow User:CN=bob all topic orders"], (denied, denied)),
    ] {
        let mut it = script(rules);
        assert_eq!(produced_and_fetched(&mut it, "orders"), expected, "{rules:?}");
        let written = u64::from(expected.0.is_none());
        assert_eq!(it.cluster.stats().records, written, "what is refused is not written");
    }
}

#[test]
fn groups_transactions_and_the_cluster_are_asked_for_themselves() {
    let codes = |rules: &[&str]| {
        let mut it = script(rules);
        let group = Str::from_static("g");
        let heartbeat = HeartbeatRequest { group_id: group.clone(), ..Default::default() };
        let keys = vec![group.clone()];
        let find = FindCoordinatorRequest { coordinator_keys: keys, key_type: 0, ..Default::default() };
        let init = |id: Option<&'static str>| InitProducerIdRequest {
            transactional_id: id.map(Str::from_static),
            transaction_timeout_ms: 1000,
            producer_id: -1,
            producer_epoch: -1,
            ..Default::default()
        };
        [
            ask(&mut it, ALICE, &heartbeat, 4).error_code,
            ask(&mut it, ALICE, &find, 4).coordinators[0].error_code,
            ask(&mut it, ALICE, &init(Some("t")), 4).error_code,
            ask(&mut it, ALICE, &init(None), 4).error_code,
            ask(&mut it, ALICE, &DescribeQuorumRequest::default(), 2).error_code,
        ]
    };
    let [group, transaction, cluster] = [
        ErrorCode::GROUP_AUTHORIZATION_FAILED,
        ErrorCode::TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
        ErrorCode::CLUSTER_AUTHORIZATION_FAILED,
    ];
    assert_eq!(codes(&[]), [group, group, transaction, cluster, cluster]);
    let [none, unknown] = [ErrorCode::NONE, ErrorCode::UNKNOWN_MEMBER_ID];
    let all = [
        "allow User:CN=alice read group g",
        "allow User:CN=alice write transactional-id t",
        "allow User:CN=alice write topic some",
        "allow User:CN=alice describe cluster",
    ];
    assert_eq!(codes(&all), [unknown, none, none, none, none]);
    let idempotent = ["allow User:CN=alice idempotent-write cluster"];
    assert_eq!(codes(&idempotent), [group, group, transaction, none, cluster]);
}

#[test]
fn consumer_groups_are_of_those_who_may_read_them_and_know_their_topics() {
    let beat = |topics: &[&str], regex: Option<&str>| ConsumerGroupHeartbeatRequest {
        group_id: "g".into(),
        member_id: "a".into(),
        rebalance_timeout_ms: 1000,
        subscribed_topic_names: Some(topics.iter().copied().map(Str::from).collect()),
        subscribed_topic_regex: regex.map(Str::from),
        topic_partitions: Some(Vec::new()),
        ..Default::default()
    };
    let describe = ConsumerGroupDescribeRequest {
        group_ids: vec!["g".into()],
        include_authorized_operations: true,
        ..Default::default()
    };
    let group = ErrorCode::GROUP_AUTHORIZATION_FAILED;
    let mut it = script(&["allow User:CN=alice describe topic orders"]);
    assert_eq!(ask(&mut it, ALICE, &beat(&["orders"], None), 1).error_code, group);
    assert_eq!(ask(&mut it, ALICE, &describe, 1).groups[0].error_code, group);

    let mut it = script(&["allow User:CN=alice read group g", "allow User:CN=alice describe topic orders"]);
    let answer = ask(&mut it, ALICE, &beat(&["orders", "payments"], None), 1);
    assert_eq!(answer.error_code, ErrorCode::TOPIC_AUTHORIZATION_FAILED);
    assert_eq!(ask(&mut it, ALICE, &beat(&[], Some(".*")), 1).error_code, ErrorCode::NONE);
    let assigned = ask(&mut it, ALICE, &beat(&[], Some(".*")), 1).assignment.unwrap_or_default();
    let orders = it.cluster.state.topics.by_name("orders").unwrap().id;
    let topics: Vec<_> = assigned.topic_partitions.iter().map(|topic| topic.topic_id).collect();
    assert_eq!(topics, [orders], "a pattern finds what she may know");
    let described = ask(&mut it, ALICE, &describe, 1).groups.remove(0);
    assert_eq!((described.error_code, described.authorized_operations), (ErrorCode::NONE, READ | DESCRIBE));

    let answer = ask(&mut it, ADMIN, &beat(&["payments"], Some("")), 1);
    assert_eq!(answer.error_code, ErrorCode::NONE);
    let described = ask(&mut it, ALICE, &describe, 1).groups.remove(0);
    let (code, members) = (described.error_code, described.members.len());
    assert_eq!((code, members), (ErrorCode::TOPIC_AUTHORIZATION_FAILED, 0), "she may not know of payments");
}

#[test]
fn rules_are_created_described_and_deleted_by_who_may() {
    let mut it = script(&[]);
    let creation = AclCreation {
        resource_type: 2,
        resource_name: Str::from_static("orders"),
        resource_pattern_type: 3,
        principal: Str::from_static("User:CN=alice"),
        host: Str::from_static("*"),
        operation: 3,
        permission_type: 3,
        ..Default::default()
    };
    let nameless = AclCreation { resource_name: Str::default(), ..creation.clone() };
    let create = CreateAclsRequest { creations: vec![creation, nameless], ..Default::default() };
    let refused = ask(&mut it, ALICE, &create, 3).results;
    assert!(refused.iter().all(|it| it.error_code == ErrorCode::CLUSTER_AUTHORIZATION_FAILED));
    let created = ask(&mut it, ADMIN, &create, 3).results;
    assert_eq!(created[0].error_code, ErrorCode::NONE);
    let words = (created[1].error_code, created[1].error_message.as_deref());
    assert_eq!(words, (ErrorCode::INVALID_REQUEST, Some("Invalid empty resource name")));
    assert_eq!(produced_and_fetched(&mut it, "orders").1, ErrorCode::NONE, "it holds at once");
    // Any rule that applies to the topic.
    let describe = DescribeAclsRequest {
        resource_type_filter: 2,
        resource_name_filter: Some(Str::from_static("orders")),
        pattern_type_filter: 2,
        principal_filter: None,
        host_filter: None,
        operation: 1,
        permission_type: 1,
        ..Default::default()
    };
    let described = ask(&mut it, ADMIN, &describe, 3).resources;
    assert_eq!(
        (described.len(), &*described[0].resource_name, described[0].acls[0].operation),
        (1, "orders", 3)
    );
    let filter = DeleteAclsFilter {
        resource_type_filter: 1,
        resource_name_filter: None,
        pattern_type_filter: 1,
        principal_filter: None,
        host_filter: None,
        operation: 1,
        permission_type: 1,
        ..Default::default()
    };
    let delete = DeleteAclsRequest { filters: vec![filter], ..Default::default() };
    assert_eq!(ask(&mut it, ADMIN, &delete, 3).filter_results[0].matching_acls.len(), 1);
    assert_eq!(ask(&mut it, ADMIN, &describe, 3).resources.len(), 0);
    assert_eq!(produced_and_fetched(&mut it, "orders").1, ErrorCode::TOPIC_AUTHORIZATION_FAILED);
}

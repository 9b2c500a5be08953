//! What ACLs deny of topics.

use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::{Instant, sleep};
use upsert_kafka_protocol::messages::create_acls::AclCreation;
use upsert_kafka_protocol::messages::create_topics::CreatableTopic;
use upsert_kafka_protocol::messages::delete_records::{DeleteRecordsPartition, DeleteRecordsTopic};
use upsert_kafka_protocol::messages::describe_producers::TopicRequest;
use upsert_kafka_protocol::messages::describe_topic_partitions::TopicRequest as DescribedTopic;
use upsert_kafka_protocol::messages::fetch::{FetchPartition, FetchTopic};
use upsert_kafka_protocol::messages::list_offsets::{ListOffsetsPartition, ListOffsetsTopic};
use upsert_kafka_protocol::messages::metadata::MetadataRequestTopic;
use upsert_kafka_protocol::messages::offset_for_leader_epoch::{
    OffsetForLeaderPartition, OffsetForLeaderTopic,
};
use upsert_kafka_protocol::messages::produce::{PartitionProduceData, TopicProduceData};
use upsert_kafka_protocol::messages::*;
use upsert_kafka_protocol::{ErrorCode, Str};
use upsert_kafka_tests::kafka::Secured;

use super::frames::{Client, PATIENCE, batch};
use super::{Interview, compare};

pub(crate) const TOPICS: [&str; 5] = ["closed", "read", "write", "denied", "begins-with"];

pub(crate) fn rule(
    resource_type: i8,
    name: Str,
    principal: &str,
    operation: i8,
    permission_type: i8,
) -> AclCreation {
    AclCreation {
        resource_type,
        resource_name: name,
        resource_pattern_type: 3,
        principal: Str::from(format!("User:{principal}")),
        host: "*".into(),
        operation,
        permission_type,
        ..Default::default()
    }
}

/// Topics, and rules by which alice may do little.
async fn prepare(it: &Interview) {
    let mut admin = it.admin().await;
    let topic = |name: &&str| CreatableTopic {
        name: it.name(name),
        num_partitions: 1,
        replication_factor: 1,
        ..Default::default()
    };
    let request = CreateTopicsRequest {
        topics: TOPICS.iter().map(topic).collect(),
        timeout_ms: 10_000,
        ..Default::default()
    };
    let made = admin.ask(&request, 7).await;
    assert!(made.topics.iter().all(|it| it.error_code.is_none()), "{made:?}");
    let [topic, group, cluster, transaction] = [2, 3, 4, 5];
    let [all, read, write, describe] = [2, 3, 4, 8];
    let [deny, allow] = [2, 3];
    let mut creations = vec![
        rule(topic, it.name("closed"), "other", all, allow),
        rule(topic, it.name("read"), "alice", read, allow),
        rule(topic, it.name("write"), "alice", write, allow),
        rule(topic, it.name("denied"), "alice", all, allow),
        rule(topic, it.name("denied"), "*", write, deny),
        rule(topic, it.name("absent"), "other", all, allow),
        rule(group, it.name("closed"), "other", all, allow),
        rule(group, it.name("read"), "alice", read, allow),
        rule(transaction, it.name("closed"), "other", all, allow),
        rule(transaction, it.name("write"), "alice", write, allow),
        rule(cluster, "kafka-cluster".into(), "other", all, allow),
    ];
    let prefixed = rule(topic, "begins-".into(), "alice", describe, allow);
    creations.push(AclCreation { resource_pattern_type: 4, ..prefixed });
    let created = admin.ask(&CreateAclsRequest { creations, ..Default::default() }, 3).await;
    assert!(created.results.iter().all(|it| it.error_code.is_none()), "{created:?}");
    // A real broker hears of them after they are answered; the last is the last it hears of.
    let mut alice = it.alice().await;
    let named = MetadataRequestTopic { name: Some(it.name("closed")), ..Default::default() };
    let request = MetadataRequest { topics: Some(vec![named]), ..Default::default() };
    let begun = Instant::now();
    while alice.ask(&request, 12).await.topics[0].error_code != ErrorCode::TOPIC_AUTHORIZATION_FAILED {
        assert!(begun.elapsed() < PATIENCE, "the rules never hold");
        sleep(Duration::from_millis(20)).await;
    }
}

/// What is left behind would close the cluster to other runs.
async fn clean_up(it: &Interview) {
    let filter = delete_acls::DeleteAclsFilter {
        resource_type_filter: 1,
        resource_name_filter: None,
        pattern_type_filter: 1,
        principal_filter: None,
        host_filter: None,
        operation: 1,
        permission_type: 1,
        ..Default::default()
    };
    let request = DeleteAclsRequest { filters: vec![filter], ..Default::default() };
    let deleted = it.admin().await.ask(&request, 3).await;
    assert!(deleted.filter_results[0].matching_acls.len() >= 12, "{deleted:?}");
}

#[tokio::test]
async fn what_acls_deny_is_refused_as_kafka_refuses_it() {
    // Its rules close the cluster to others.
    let Some(kafka) = Secured::own() else { return };
    compare(&kafka, async |it| {
        prepare(it).await;
        let mut alice = it.alice().await;
        topics(it, &mut alice).await;
        super::groups::hold(it, &mut alice).await;
        super::transactions::hold(it, &mut alice).await;
        super::administration::hold(it, &mut alice).await;
        clean_up(it).await;
    })
    .await;
}

async fn topics(it: &mut Interview, alice: &mut Client<TcpStream>) {
    let named = |name: &str| MetadataRequestTopic { name: Some(it.name(name)), ..Default::default() };
    let asked = [&TOPICS[..], &["absent", "fresh"]].concat();
    let request = MetadataRequest {
        topics: Some(asked.iter().map(|name| named(name)).collect()),
        include_topic_authorized_operations: true,
        allow_auto_topic_creation: false,
        ..Default::default()
    };
    let mut seen = alice.ask(&request, 12).await.topics;
    seen.sort_by(|a, b| a.name.cmp(&b.name));
    let told: Vec<_> =
        seen.iter().map(|it| (it.name.clone(), it.error_code, it.topic_authorized_operations)).collect();
    it.note("metadata", told);
    let everything = alice.ask(&MetadataRequest { topics: None, ..Default::default() }, 12).await.topics;
    let run = it.run.clone();
    let mut mine: Vec<_> =
        everything.iter().filter_map(|it| it.name.clone()).filter(|it| it.ends_with(&run)).collect();
    mine.sort();
    it.note("all metadata", mine);
    let described = DescribeTopicPartitionsRequest {
        topics: asked
            .iter()
            .map(|name| DescribedTopic { name: it.name(name), ..Default::default() })
            .collect(),
        response_partition_limit: 100,
        ..Default::default()
    };
    let mut told = alice.ask(&described, 0).await.topics;
    told.sort_by(|a, b| a.name.cmp(&b.name));
    let told: Vec<_> =
        told.iter().map(|it| (it.name.clone(), it.error_code, it.topic_authorized_operations)).collect();
    it.note("described topics", told);
    for name in TOPICS.into_iter().chain(["absent"]) {
        records(it, alice, name).await;
    }
}

async fn records(it: &mut Interview, alice: &mut Client<TcpStream>, name: &str) {
    let topic = it.name(name);
    let part = PartitionProduceData { records: Some(batch(b"v")), ..Default::default() };
    let data = TopicProduceData { name: topic.clone(), partition_data: vec![part], ..Default::default() };
    let request = ProduceRequest { acks: -1, timeout_ms: 1000, topic_data: vec![data], ..Default::default() };
    let code = alice.ask(&request, 9).await.responses[0].partition_responses[0].error_code;
    it.note(&format!("produce {name}"), code);
    let part = FetchPartition { partition_max_bytes: 1000, ..Default::default() };
    let asked = FetchTopic { topic: topic.clone(), partitions: vec![part], ..Default::default() };
    let request = FetchRequest { max_bytes: 1000, topics: vec![asked], ..Default::default() };
    let code = alice.ask(&request, 11).await.responses[0].partitions[0].error_code;
    it.note(&format!("fetch {name}"), code);
    let part = ListOffsetsPartition { timestamp: -1, ..Default::default() };
    let asked = ListOffsetsTopic { name: topic.clone(), partitions: vec![part], ..Default::default() };
    let code = alice.ask(&ListOffsetsRequest { topics: vec![asked], ..Default::default() }, 7).await.topics
        [0]
    .partitions[0]
        .error_code;
    it.note(&format!("list offsets {name}"), code);
    let part = OffsetForLeaderPartition { current_leader_epoch: -1, ..Default::default() };
    let asked = OffsetForLeaderTopic { topic: topic.clone(), partitions: vec![part], ..Default::default() };
    let request = OffsetForLeaderEpochRequest { topics: vec![asked], ..Default::default() };
    let code = alice.ask(&request, 4).await.topics[0].partitions[0].error_code;
    it.note(&format!("epoch {name}"), code);
    let asked = DeleteRecordsTopic {
        name: topic.clone(),
        partitions: vec![DeleteRecordsPartition::default()],
        ..Default::default()
    };
    let request = DeleteRecordsRequest { topics: vec![asked], timeout_ms: 1000, ..Default::default() };
    let code = alice.ask(&request, 2).await.topics[0].partitions[0].error_code;
    it.note(&format!("delete records {name}"), code);
    let asked = TopicRequest { name: topic.clone(), partition_indexes: vec![0], ..Default::default() };
    let code =
        alice.ask(&DescribeProducersRequest { topics: vec![asked], ..Default::default() }, 0).await.topics[0]
            .partitions[0]
            .error_code;
    it.note(&format!("producers {name}"), code);
}

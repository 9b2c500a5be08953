//! The same logins and the same ACLs at this broker and at a real Kafka 4.4: every code is the same.
//!
//! `UPSERT_KAFKA_ORACLE=HOST:PORT` names a real one as `shared/proofs/kafka/kafka.sh` sets it up: PLAINTEXT at that port,
//! SASL_PLAINTEXT three above, alice with the password alice-secret, ANONYMOUS a super user, and what no ACL names open to
//! everyone. Without it these tests are skipped, and say so.

#![allow(clippy::unwrap_used, clippy::panic)] // a test that cannot go on has failed

use std::fmt::Debug;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep};
use upsert_kafka_broker::{
    AuthorizerConfig, Broker, BrokerConfig, ListenerConfig, OauthConfig, SaslConfig, SecurityProtocol,
};
use upsert_kafka_protocol::messages::add_partitions_to_txn::AddPartitionsToTxnTopic;
use upsert_kafka_protocol::messages::create_acls::AclCreation;
use upsert_kafka_protocol::messages::create_partitions::CreatePartitionsTopic;
use upsert_kafka_protocol::messages::create_topics::CreatableTopic;
use upsert_kafka_protocol::messages::delete_records::{DeleteRecordsPartition, DeleteRecordsTopic};
use upsert_kafka_protocol::messages::delete_topics::DeleteTopicState;
use upsert_kafka_protocol::messages::describe_configs::DescribeConfigsResource;
use upsert_kafka_protocol::messages::describe_producers::TopicRequest;
use upsert_kafka_protocol::messages::describe_topic_partitions::TopicRequest as DescribedTopic;
use upsert_kafka_protocol::messages::fetch::{FetchPartition, FetchTopic};
use upsert_kafka_protocol::messages::incremental_alter_configs::{AlterConfigsResource, AlterableConfig};
use upsert_kafka_protocol::messages::list_offsets::{ListOffsetsPartition, ListOffsetsTopic};
use upsert_kafka_protocol::messages::metadata::MetadataRequestTopic;
use upsert_kafka_protocol::messages::offset_commit::{
    OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use upsert_kafka_protocol::messages::offset_delete::{
    OffsetDeleteRequestPartition, OffsetDeleteRequestTopic,
};
use upsert_kafka_protocol::messages::offset_fetch::{OffsetFetchRequestGroup, OffsetFetchRequestTopics};
use upsert_kafka_protocol::messages::offset_for_leader_epoch::{
    OffsetForLeaderPartition, OffsetForLeaderTopic,
};
use upsert_kafka_protocol::messages::produce::{PartitionProduceData, TopicProduceData};
use upsert_kafka_protocol::messages::txn_offset_commit::{
    TxnOffsetCommitRequestPartition, TxnOffsetCommitRequestTopic,
};
use upsert_kafka_protocol::messages::*;
use upsert_kafka_protocol::{ErrorCode, Request, Str};

mod frames;

use frames::{Client, PATIENCE, batch};

/// A broker's two listeners, and what was heard there, in words that do not name what differs.
struct Dialogue {
    plaintext: SocketAddr,
    sasl: SocketAddr,
    /// Of a run: no two share topics or groups.
    run: String,
    heard: Vec<String>,
}

impl Dialogue {
    fn note(&mut self, what: &str, heard: impl Debug) {
        let heard = format!("{heard:?}").replace(&self.run, "");
        println!("{what}: {heard}");
        self.heard.push(format!("{what}: {heard}"));
    }

    fn name(&self, name: &str) -> Str {
        Str::from(format!("{name}{}", self.run))
    }

    async fn admin(&self) -> Client<TcpStream> {
        Client::at(self.plaintext).await
    }

    async fn stranger(&self) -> Client<TcpStream> {
        Client::at(self.sasl).await
    }

    async fn alice(&self) -> Client<TcpStream> {
        let mut alice = self.stranger().await;
        alice.ask(&handshake("PLAIN"), 1).await;
        let said = alice.ask(&plain("alice", "alice-secret"), 2).await;
        assert_eq!(said.error_code, ErrorCode::NONE);
        alice
    }
}

/// Holds the dialogue with both, and compares line by line.
async fn compare(hold: impl AsyncFn(&mut Dialogue)) {
    let Some(oracle) = std::env::var_os("UPSERT_KAFKA_ORACLE") else {
        eprintln!("SKIPPED: UPSERT_KAFKA_ORACLE names no real Kafka");
        return;
    };
    let plaintext: SocketAddr = oracle.to_str().unwrap().parse().unwrap();
    let sasl = SocketAddr::new(plaintext.ip(), plaintext.port() + 3);
    let listener = |protocol| ListenerConfig::new(protocol, ([127, 0, 0, 1], 0));
    let authorizer = AuthorizerConfig::default()
        .with_super_user("User:ANONYMOUS")
        .with_allow_everyone_if_no_acl_found(true);
    let config = BrokerConfig::default()
        .with_listener(listener(SecurityProtocol::Plaintext))
        .with_listener(listener(SecurityProtocol::SaslPlaintext))
        .with_sasl(
            SaslConfig::default().with_user("alice", "alice-secret").with_oauth(OauthConfig::default()),
        )
        .with_authorizer(authorizer);
    let broker = Broker::start(config).await.unwrap();
    let ours = (broker.address(), broker.addresses_of("SASL_PLAINTEXT")[0]);
    let mut heard = Vec::new();
    for (plaintext, sasl) in [(plaintext, sasl), ours] {
        let run = format!("-{}", std::time::UNIX_EPOCH.elapsed().unwrap().as_micros());
        let mut dialogue = Dialogue { plaintext, sasl, run, heard: Vec::new() };
        hold(&mut dialogue).await;
        heard.push(dialogue.heard);
    }
    let (theirs, ours) = (&heard[0], &heard[1]);
    let differ: Vec<_> = ours.iter().zip(theirs).filter(|(ours, theirs)| ours != theirs).collect();
    assert!(differ.is_empty(), "ours and Kafka's:\n{differ:#?}");
    assert_eq!(ours.len(), theirs.len());
    broker.stop().await;
}

fn handshake(mechanism: &'static str) -> SaslHandshakeRequest {
    SaslHandshakeRequest { mechanism: Str::from_static(mechanism), ..Default::default() }
}

fn plain(user: &str, password: &str) -> SaslAuthenticateRequest {
    token(format!("\0{user}\0{password}"))
}

fn token(token: impl Into<Bytes>) -> SaslAuthenticateRequest {
    SaslAuthenticateRequest { auth_bytes: token.into(), ..Default::default() }
}

/// What is answered; `None` when the connection closes instead.
async fn heard<R: Request>(client: &mut Client<TcpStream>, request: &R, version: i16) -> Option<R::Response> {
    client.send(request, version, 1).await;
    client.hear::<R>(version).await.map(|(_, answer)| answer)
}

#[tokio::test]
async fn logins_fail_as_they_do_at_kafka() {
    compare(async |it| {
        for (mechanism, said) in [
            ("PLAIN", plain("alice", "wrong")),
            ("PLAIN", plain("nobody", "alice-secret")),
            ("PLAIN", plain("", "x")),
            ("PLAIN", plain("alice", "")),
            ("PLAIN", token("alice")),
            ("PLAIN", token("bob\0alice\0alice-secret")),
            ("PLAIN", token("alice\0alice\0alice-secret")),
            ("SCRAM-SHA-256", token("n,,n=nobody,r=abc")),
            ("SCRAM-SHA-256", token("y,,n=alice,r=abc")),
            ("SCRAM-SHA-512", token("n,a=bob,n=alice,r=abc")),
            ("SCRAM-SHA-512", token("")),
            ("OAUTHBEARER", token("n,,\u{1}\u{1}")),
            ("OAUTHBEARER", token("n,,\u{1}auth=Bearer a.b.c\u{1}\u{1}")),
            ("OAUTHBEARER", token("n,,\u{1}auth=Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIiwiZXhwIjoxfQ.\u{1}\u{1}")),
            (
                "OAUTHBEARER",
                token("n,a=b,\u{1}auth=Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIiwiZXhwIjo5OTk5OTk5OTk5fQ.\u{1}\u{1}"),
            ),
        ] {
            let mut stranger = it.stranger().await;
            let begun = stranger.ask(&handshake(mechanism), 1).await;
            let begun_at = Instant::now();
            let answer = heard(&mut stranger, &said, 2).await;
            let told = answer.map(|it| (it.error_code, it.error_message, it.auth_bytes));
            let failed = told.as_ref().is_some_and(|it| !it.0.is_none());
            assert!(!failed || begun_at.elapsed() >= Duration::from_millis(100), "{told:?}");
            it.note(mechanism, (begun.error_code, &told));
            if !failed {
                let answer = heard(&mut stranger, &token(&b"\x01"[..]), 2).await;
                it.note("then", answer.map(|it| (it.error_code, it.error_message)));
            }
            let after = heard(&mut stranger, &MetadataRequest::default(), 12).await;
            it.note("after", after.is_some());
        }
        let mut stranger = it.stranger().await;
        let code = heard(&mut stranger, &handshake("NTLM"), 1).await.map(|it| it.error_code);
        it.note("strange mechanism", code);
        let mut stranger = it.stranger().await;
        it.note("metadata first", heard(&mut stranger, &MetadataRequest::default(), 12).await.is_some());
        let mut stranger = it.stranger().await;
        stranger.send(&ApiVersionsRequest::default(), 99, 1).await;
        let answer = stranger.hear::<ApiVersionsRequest>(0).await;
        it.note("strange versions", answer.map(|(_, it)| it.error_code));
        let asked = ApiVersionsRequest { client_software_name: "a".into(), client_software_version: "1".into(), ..Default::default() };
        it.note("versions", heard(&mut stranger, &asked, 3).await.map(|it| it.error_code));
        it.note("versions again", heard(&mut stranger, &asked, 3).await.is_some());
        let mut stranger = it.stranger().await;
        stranger.ask(&handshake("PLAIN"), 1).await;
        let everything = MetadataRequest { topics: None, ..Default::default() };
        let amid = heard(&mut stranger, &everything, 13).await.map(|it| it.error_code);
        it.note("metadata amid a login", amid);
        let mut alice = it.alice().await;
        it.note("handshake again", heard(&mut alice, &handshake("PLAIN"), 1).await.map(|it| it.error_code));
        it.note("token again", heard(&mut alice, &plain("a", "b"), 2).await.map(|it| (it.error_code, it.error_message)));
    })
    .await;
}

const TOPICS: [&str; 5] = ["closed", "read", "write", "denied", "begins-with"];

fn rule(resource_type: i8, name: Str, principal: &str, operation: i8, permission_type: i8) -> AclCreation {
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
async fn prepare(it: &Dialogue) {
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
async fn clean_up(it: &Dialogue) {
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
    compare(async |it| {
        prepare(it).await;
        let mut alice = it.alice().await;
        topics(it, &mut alice).await;
        groups(it, &mut alice).await;
        transactions(it, &mut alice).await;
        administration(it, &mut alice).await;
        clean_up(it).await;
    })
    .await;
}

async fn topics(it: &mut Dialogue, alice: &mut Client<TcpStream>) {
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
        let topic = it.name(name);
        let part = PartitionProduceData { records: Some(batch(b"v")), ..Default::default() };
        let data = TopicProduceData { name: topic.clone(), partition_data: vec![part], ..Default::default() };
        let request =
            ProduceRequest { acks: -1, timeout_ms: 1000, topic_data: vec![data], ..Default::default() };
        let code = alice.ask(&request, 9).await.responses[0].partition_responses[0].error_code;
        it.note(&format!("produce {name}"), code);
        let part = FetchPartition { partition_max_bytes: 1000, ..Default::default() };
        let asked = FetchTopic { topic: topic.clone(), partitions: vec![part], ..Default::default() };
        let request = FetchRequest { max_bytes: 1000, topics: vec![asked], ..Default::default() };
        let code = alice.ask(&request, 11).await.responses[0].partitions[0].error_code;
        it.note(&format!("fetch {name}"), code);
        let part = ListOffsetsPartition { timestamp: -1, ..Default::default() };
        let asked = ListOffsetsTopic { name: topic.clone(), partitions: vec![part], ..Default::default() };
        let code =
            alice.ask(&ListOffsetsRequest { topics: vec![asked], ..Default::default() }, 7).await.topics[0]
                .partitions[0]
                .error_code;
        it.note(&format!("list offsets {name}"), code);
        let part = OffsetForLeaderPartition { current_leader_epoch: -1, ..Default::default() };
        let asked =
            OffsetForLeaderTopic { topic: topic.clone(), partitions: vec![part], ..Default::default() };
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
        let code = alice
            .ask(&DescribeProducersRequest { topics: vec![asked], ..Default::default() }, 0)
            .await
            .topics[0]
            .partitions[0]
            .error_code;
        it.note(&format!("producers {name}"), code);
    }
}

async fn groups(it: &mut Dialogue, alice: &mut Client<TcpStream>) {
    for name in ["closed", "read"] {
        let group = it.name(name);
        let request = FindCoordinatorRequest { coordinator_keys: vec![group.clone()], ..Default::default() };
        let begun = Instant::now();
        let code = loop {
            let code = alice.ask(&request, 4).await.coordinators[0].error_code;
            if code != ErrorCode::COORDINATOR_NOT_AVAILABLE || begun.elapsed() > PATIENCE {
                break code;
            }
            sleep(Duration::from_millis(50)).await;
        };
        it.note(&format!("find {name}"), code);
        let request = HeartbeatRequest { group_id: group.clone(), ..Default::default() };
        let code = loop {
            let code = alice.ask(&request, 4).await.error_code;
            let early = matches!(code, ErrorCode::NOT_COORDINATOR | ErrorCode::COORDINATOR_LOAD_IN_PROGRESS);
            if !early || begun.elapsed() > PATIENCE {
                break code;
            }
            sleep(Duration::from_millis(50)).await;
        };
        it.note(&format!("heartbeat {name}"), code);
        let topics = ["read", "write", "closed", "begins-with"];
        let part = OffsetCommitRequestPartition { committed_offset: 1, ..Default::default() };
        let topic = |name: &&str| OffsetCommitRequestTopic {
            name: it.name(name),
            partitions: vec![part.clone()],
            ..Default::default()
        };
        let request = OffsetCommitRequest {
            group_id: group.clone(),
            generation_id_or_member_epoch: -1,
            topics: topics.iter().map(topic).collect(),
            ..Default::default()
        };
        let told = alice.ask(&request, 8).await.topics;
        let told: Vec<_> = told.iter().map(|it| (it.name.clone(), it.partitions[0].error_code)).collect();
        it.note(&format!("commit {name}"), sorted(told));
        let topic = |name: &&str| OffsetFetchRequestTopics {
            name: it.name(name),
            partition_indexes: vec![0],
            ..Default::default()
        };
        let asked = OffsetFetchRequestGroup {
            group_id: group.clone(),
            topics: Some(topics.iter().map(topic).collect()),
            ..Default::default()
        };
        let told = alice
            .ask(&OffsetFetchRequest { groups: vec![asked], ..Default::default() }, 8)
            .await
            .groups
            .remove(0);
        let parts: Vec<_> = told
            .topics
            .iter()
            .map(|it| (it.name.clone(), it.partitions[0].error_code, it.partitions[0].committed_offset))
            .collect();
        it.note(&format!("fetch offsets {name}"), (told.error_code, sorted(parts)));
        let request = DescribeGroupsRequest {
            groups: vec![group.clone()],
            include_authorized_operations: true,
            ..Default::default()
        };
        let told = alice.ask(&request, 5).await.groups.remove(0);
        it.note(&format!("describe group {name}"), (told.error_code, told.authorized_operations));
        let topic = |name: &&str| OffsetDeleteRequestTopic {
            name: it.name(name),
            partitions: vec![OffsetDeleteRequestPartition::default()],
            ..Default::default()
        };
        let request = OffsetDeleteRequest {
            group_id: group.clone(),
            topics: topics.iter().map(topic).collect(),
            ..Default::default()
        };
        it.note(&format!("delete offsets {name}"), alice.ask(&request, 0).await.error_code);
        let request = DeleteGroupsRequest { groups_names: vec![group], ..Default::default() };
        it.note(&format!("delete group {name}"), alice.ask(&request, 2).await.results[0].error_code);
    }
    let run = it.run.clone();
    let listed = alice.ask(&ListGroupsRequest::default(), 5).await;
    let mine: Vec<_> =
        listed.groups.iter().map(|it| it.group_id.clone()).filter(|it| it.ends_with(&run)).collect();
    it.note("groups", (listed.error_code, mine));
}

fn sorted<T: Ord>(mut all: Vec<T>) -> Vec<T> {
    all.sort();
    all
}

async fn transactions(it: &mut Dialogue, alice: &mut Client<TcpStream>) {
    for name in ["closed", "write"] {
        let id = it.name(name);
        let request =
            FindCoordinatorRequest { coordinator_keys: vec![id.clone()], key_type: 1, ..Default::default() };
        let init = InitProducerIdRequest {
            transactional_id: Some(id.clone()),
            transaction_timeout_ms: 10_000,
            producer_id: -1,
            producer_epoch: -1,
            ..Default::default()
        };
        let begun = Instant::now();
        let (found, made) = loop {
            let found = alice.ask(&request, 4).await.coordinators[0].error_code;
            let made = alice.ask(&init, 4).await;
            let early = [found, made.error_code].iter().any(|it| {
                matches!(
                    *it,
                    ErrorCode::COORDINATOR_NOT_AVAILABLE
                        | ErrorCode::NOT_COORDINATOR
                        | ErrorCode::COORDINATOR_LOAD_IN_PROGRESS
                )
            });
            if !early || begun.elapsed() > PATIENCE {
                break (found, made);
            }
            sleep(Duration::from_millis(50)).await;
        };
        it.note(&format!("transaction {name}"), (found, made.error_code));
        let (producer_id, producer_epoch) = (made.producer_id.max(0), made.producer_epoch.max(0));
        for topics in [&["closed", "write"][..], &["write"]] {
            let topic = |name: &&str| AddPartitionsToTxnTopic {
                name: it.name(name),
                partitions: vec![0],
                ..Default::default()
            };
            let request = AddPartitionsToTxnRequest {
                v3_and_below_transactional_id: id.clone(),
                v3_and_below_producer_id: producer_id,
                v3_and_below_producer_epoch: producer_epoch,
                v3_and_below_topics: topics.iter().map(topic).collect(),
                ..Default::default()
            };
            let told = alice.ask(&request, 3).await.results_by_topic_v3_and_below;
            let told: Vec<_> = told
                .iter()
                .map(|it| (it.name.clone(), it.results_by_partition[0].partition_error_code))
                .collect();
            it.note(&format!("add partitions {name}"), sorted(told));
        }
        for group in ["closed", "read"] {
            let group_id = it.name(group);
            let request = AddOffsetsToTxnRequest {
                transactional_id: id.clone(),
                producer_id,
                producer_epoch,
                group_id: group_id.clone(),
                ..Default::default()
            };
            it.note(&format!("add offsets {name} {group}"), alice.ask(&request, 3).await.error_code);
            let part = TxnOffsetCommitRequestPartition { committed_offset: 1, ..Default::default() };
            let topic = |name: &str| TxnOffsetCommitRequestTopic {
                name: it.name(name),
                partitions: vec![part.clone()],
                ..Default::default()
            };
            let request = TxnOffsetCommitRequest {
                transactional_id: id.clone(),
                group_id,
                producer_id,
                producer_epoch,
                generation_id_or_member_epoch: -1,
                topics: vec![topic("closed"), topic("read")],
                ..Default::default()
            };
            let told = alice.ask(&request, 3).await.topics;
            let told: Vec<_> = told.iter().map(|it| (it.name.clone(), it.partitions[0].error_code)).collect();
            it.note(&format!("commit in {name} {group}"), sorted(told));
        }
        let request =
            EndTxnRequest { transactional_id: id.clone(), producer_id, producer_epoch, ..Default::default() };
        it.note(&format!("end {name}"), alice.ask(&request, 3).await.error_code);
        let request = DescribeTransactionsRequest { transactional_ids: vec![id], ..Default::default() };
        it.note(
            &format!("describe transaction {name}"),
            alice.ask(&request, 0).await.transaction_states[0].error_code,
        );
    }
    let idempotent = InitProducerIdRequest {
        transactional_id: None,
        producer_id: -1,
        producer_epoch: -1,
        ..Default::default()
    };
    it.note("idempotent", alice.ask(&idempotent, 4).await.error_code);
    let run = it.run.clone();
    let listed = alice.ask(&ListTransactionsRequest { duration_filter: -1, ..Default::default() }, 1).await;
    let mine: Vec<_> = listed
        .transaction_states
        .iter()
        .map(|it| it.transactional_id.clone())
        .filter(|it| it.ends_with(&run))
        .collect();
    it.note("transactions", mine);
}

async fn administration(it: &mut Dialogue, alice: &mut Client<TcpStream>) {
    for name in ["closed", "begins-new", "read"] {
        let topic = CreatableTopic {
            name: it.name(name),
            num_partitions: 1,
            replication_factor: 1,
            ..Default::default()
        };
        let request = CreateTopicsRequest {
            topics: vec![topic],
            timeout_ms: 1000,
            validate_only: true,
            ..Default::default()
        };
        let told = alice.ask(&request, 7).await.topics.remove(0);
        it.note(
            &format!("create {name}"),
            (
                told.error_code,
                told.topic_config_error_code,
                told.num_partitions,
                told.replication_factor,
                told.configs.map(|it| it.len() > 1),
            ),
        );
        let topic =
            CreatePartitionsTopic { name: it.name(name), count: 2, assignments: None, ..Default::default() };
        let request = CreatePartitionsRequest {
            topics: vec![topic],
            timeout_ms: 1000,
            validate_only: true,
            ..Default::default()
        };
        it.note(&format!("grow {name}"), alice.ask(&request, 3).await.results[0].error_code);
        let resource = DescribeConfigsResource {
            resource_type: 2,
            resource_name: it.name(name),
            configuration_keys: None,
            ..Default::default()
        };
        let request = DescribeConfigsRequest { resources: vec![resource], ..Default::default() };
        it.note(&format!("configs {name}"), alice.ask(&request, 4).await.results[0].error_code);
        let config =
            AlterableConfig { name: "retention.ms".into(), value: Some("1".into()), ..Default::default() };
        let resource = AlterConfigsResource {
            resource_type: 2,
            resource_name: it.name(name),
            configs: vec![config],
            ..Default::default()
        };
        let request = IncrementalAlterConfigsRequest {
            resources: vec![resource],
            validate_only: true,
            ..Default::default()
        };
        it.note(&format!("alter configs {name}"), alice.ask(&request, 1).await.responses[0].error_code);
        let state = DeleteTopicState { name: Some(it.name(name)), ..Default::default() };
        let request = DeleteTopicsRequest { topics: vec![state], timeout_ms: 1000, ..Default::default() };
        let told = alice.ask(&request, 6).await.responses.remove(0);
        it.note(&format!("delete {name}"), (told.error_code, told.name));
    }
    let resource = DescribeConfigsResource {
        resource_type: 4,
        resource_name: "1".into(),
        configuration_keys: None,
        ..Default::default()
    };
    let request = DescribeConfigsRequest { resources: vec![resource], ..Default::default() };
    it.note("broker configs", alice.ask(&request, 4).await.results[0].error_code);
    let cluster = DescribeClusterRequest {
        include_cluster_authorized_operations: true,
        endpoint_type: 1,
        ..Default::default()
    };
    it.note("cluster", alice.ask(&cluster, 1).await.cluster_authorized_operations);
    let mut admin = it.admin().await;
    it.note("cluster of the admin", admin.ask(&cluster, 1).await.cluster_authorized_operations);
    let filter = DescribeAclsRequest {
        resource_type_filter: 1,
        resource_name_filter: None,
        pattern_type_filter: 1,
        principal_filter: None,
        host_filter: None,
        operation: 1,
        permission_type: 1,
        ..Default::default()
    };
    it.note("acls", alice.ask(&filter, 3).await.error_code);
    for (pattern_type_filter, name) in
        [(2, "closed"), (3, "closed"), (4, "begins-"), (2, "begins-with"), (1, "read")]
    {
        let resource_name_filter = Some(if name == "begins-" { name.into() } else { it.name(name) });
        let told = admin
            .ask(&DescribeAclsRequest { pattern_type_filter, resource_name_filter, ..filter.clone() }, 3)
            .await;
        let mut rules: Vec<_> = told
            .resources
            .iter()
            .flat_map(|it| {
                it.acls.iter().map(move |acl| {
                    (
                        it.resource_type,
                        it.pattern_type,
                        acl.principal.clone(),
                        acl.operation,
                        acl.permission_type,
                    )
                })
            })
            .collect();
        rules.sort();
        it.note(&format!("rules {pattern_type_filter} {name}"), rules);
    }
    let wrong = [rule(4, "elsewhere".into(), "alice", 3, 3), rule(2, Str::default(), "alice", 3, 3)];
    let told = admin.ask(&CreateAclsRequest { creations: wrong.to_vec(), ..Default::default() }, 3).await;
    let told: Vec<_> = told.results.into_iter().map(|it| (it.error_code, it.error_message)).collect();
    it.note("wrong rules", told);
    let denied = CreateAclsRequest { creations: wrong[..1].to_vec(), ..Default::default() };
    it.note("create acls", alice.ask(&denied, 3).await.results[0].error_code);
    it.note(
        "users",
        alice
            .ask(&DescribeUserScramCredentialsRequest { users: Some(Vec::new()), ..Default::default() }, 0)
            .await
            .error_code,
    );
    it.note("quorum", alice.ask(&DescribeQuorumRequest::default(), 2).await.error_code);
    it.note(
        "elect",
        alice
            .ask(&ElectLeadersRequest { topic_partitions: None, timeout_ms: 1000, ..Default::default() }, 2)
            .await
            .error_code,
    );
    it.note(
        "log dirs",
        alice.ask(&DescribeLogDirsRequest { topics: None, ..Default::default() }, 4).await.error_code,
    );
    it.note("quotas", alice.ask(&DescribeClientQuotasRequest::default(), 1).await.error_code);
    it.note(
        "reassignments",
        alice
            .ask(
                &ListPartitionReassignmentsRequest { topics: None, timeout_ms: 1000, ..Default::default() },
                0,
            )
            .await
            .error_code,
    );
}

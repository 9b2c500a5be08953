//! What administrators do to topics, settings and records, and what a cluster without security says to them.

use upsert_kafka_protocol::Uuid;
use upsert_kafka_protocol::messages::alter_partition_reassignments::{
    ReassignablePartition, ReassignableTopic,
};
use upsert_kafka_protocol::messages::create_acls::AclCreation;
use upsert_kafka_protocol::messages::create_partitions::{CreatePartitionsAssignment, CreatePartitionsTopic};
use upsert_kafka_protocol::messages::delete_acls::DeleteAclsFilter;
use upsert_kafka_protocol::messages::delete_records::{DeleteRecordsPartition, DeleteRecordsTopic};
use upsert_kafka_protocol::messages::describe_configs::DescribeConfigsResource;
use upsert_kafka_protocol::messages::describe_topic_partitions::{Cursor, TopicRequest};
use upsert_kafka_protocol::messages::elect_leaders::TopicPartitions;
use upsert_kafka_protocol::messages::fetch::{FetchPartition, FetchTopic};
use upsert_kafka_protocol::messages::list_offsets::{ListOffsetsPartition, ListOffsetsTopic};
use upsert_kafka_protocol::messages::produce::{PartitionProduceData, TopicProduceData};
use upsert_kafka_protocol::messages::{alter_configs, incremental_alter_configs};
use upsert_kafka_protocol::records::batches;

use super::*;

/// On a Kafka of its own, since settings of brokers are changed.
#[test]
fn administrators_are_answered_as_by_kafka() {
    let Some(kafka) = Kafka::own(1) else { return };
    compare(&kafka, partitions);
    compare(&kafka, settings);
    compare(&kafka, brokers);
    compare(&kafka, records);
    compare(&kafka, leaders);
    compare(&kafka, descriptions);
    compare(&kafka, security);
    compare(&kafka, users);
}

fn partitions(it: &mut Dialogue) {
    let name = it.topic.clone();
    let ask = |it: &mut Dialogue, what: &str, topics: &[Grown<'_>], validate_only| {
        let topic = |(name, count, assignments): &(&str, i32, Option<&[&[i32]]>)| CreatePartitionsTopic {
            name: Str::from(*name),
            count: *count,
            assignments: assignments.map(|all| {
                let one = |ids: &&[i32]| CreatePartitionsAssignment {
                    broker_ids: ids.to_vec(),
                    ..Default::default()
                };
                all.iter().map(one).collect()
            }),
            ..Default::default()
        };
        let topics = topics.iter().map(topic).collect();
        let request =
            CreatePartitionsRequest { topics, timeout_ms: 10_000, validate_only, ..Default::default() };
        let answer = it.ask(&request, 3);
        let mut codes: Vec<_> =
            answer.results.iter().map(|it| (it.error_code, it.error_message.clone())).collect();
        codes.sort_by_key(|(code, _)| code.0);
        let text = format!("{codes:?}").replace(&*it.topic, "TOPIC");
        it.note(what, text);
    };
    ask(it, "as many", &[(&name, 2, None)], false);
    ask(it, "fewer", &[(&name, 1, None)], false);
    ask(it, "negative", &[(&name, -1, None)], false);
    ask(it, "missing", &[("no-such-topic", 4, None)], false);
    ask(it, "twice", &[(&name, 4, None), (&name, 5, None)], false);
    ask(it, "tried", &[(&name, 3, None)], true);
    ask(it, "assigned to nobody", &[(&name, 3, Some(&[&[]]))], false);
    ask(it, "assigned to a stranger", &[(&name, 3, Some(&[&[9]]))], false);
    ask(it, "assigned twice", &[(&name, 3, Some(&[&[1, 1]]))], false);
    ask(it, "too few assignments", &[(&name, 4, Some(&[&[1]]))], false);
    ask(it, "assigned", &[(&name, 3, Some(&[&[1]]))], false);
    ask(it, "more", &[(&name, 5, None)], false);
    it.meet_topic();
    let topic = MetadataRequestTopic { name: Some(name), ..Default::default() };
    let request = MetadataRequest { topics: Some(vec![topic]), ..Default::default() };
    let mut count = || it.ask(&request, 12).topics[0].partitions.len();
    let begun = Instant::now();
    // A broker may hear of partitions a moment after who made them is answered.
    while count() < 5 && begun.elapsed() < PATIENCE {
        std::thread::sleep(PAUSE);
    }
    let count = count();
    it.note("partitions", count);
}

const SET: i8 = 0;
const DELETE: i8 = 1;
const APPEND: i8 = 2;
const SUBTRACT: i8 = 3;
const TOPIC: i8 = 2;
const BROKER: i8 = 4;

type Alteration<'a> = (&'a str, i8, Option<&'a str>);

impl Dialogue {
    /// Changes settings, and notes what is said and what they are then.
    fn alter(&mut self, what: &str, resource: (i8, &str), changes: &[Alteration], validate_only: bool) {
        let config =
            |(name, config_operation, value): &Alteration| incremental_alter_configs::AlterableConfig {
                name: Str::from(*name),
                config_operation: *config_operation,
                value: value.map(Str::from),
                ..Default::default()
            };
        let resource_of = incremental_alter_configs::AlterConfigsResource {
            resource_type: resource.0,
            resource_name: Str::from(resource.1),
            configs: changes.iter().map(config).collect(),
            ..Default::default()
        };
        let resources = vec![resource_of];
        let request = IncrementalAlterConfigsRequest { resources, validate_only, ..Default::default() };
        let answer = self.ask(&request, 1).responses.remove(0);
        self.note(what, answer.error_code);
        if answer.error_code.is_none() {
            // A real node hears of it after it is answered.
            std::thread::sleep(PAUSE * 10);
        }
        let names: Vec<_> = changes.iter().map(|(name, ..)| *name).collect();
        self.describe(what, resource, &names);
    }

    fn describe(&mut self, what: &str, (resource_type, name): (i8, &str), keys: &[&str]) {
        let resource = DescribeConfigsResource {
            resource_type,
            resource_name: Str::from(name),
            configuration_keys: Some(keys.iter().map(|key| Str::from(*key)).collect()),
            ..Default::default()
        };
        let request = DescribeConfigsRequest { resources: vec![resource], ..Default::default() };
        let answer = self.ask(&request, 4).results.remove(0);
        let mut told: Vec<_> = answer
            .configs
            .iter()
            .map(|it| (it.name.to_string(), it.value.clone(), it.config_source, it.config_type, it.read_only))
            .collect();
        told.sort();
        self.note(&format!("{what}: then"), (answer.error_code, told));
    }
}

fn settings(it: &mut Dialogue) {
    let name = it.topic.to_string();
    let topic = (TOPIC, &*name);
    it.alter(
        "set",
        topic,
        &[("retention.ms", SET, Some("1000")), ("segment.bytes", SET, Some("2000000"))],
        false,
    );
    it.alter("tried", topic, &[("retention.ms", SET, Some("2000"))], true);
    it.alter("deleted", topic, &[("retention.ms", DELETE, None)], false);
    it.alter("deleted again", topic, &[("retention.ms", DELETE, None)], false);
    it.alter("unknown", topic, &[("no.such.thing", SET, Some("1"))], false);
    it.alter("unknown deleted", topic, &[("no.such.thing", DELETE, None)], false);
    it.alter("one is wrong", topic, &[("retention.ms", SET, Some("5")), ("flush.ms", SET, Some("x"))], false);
    it.alter("null", topic, &[("retention.ms", SET, None)], false);
    it.alter("twice", topic, &[("retention.ms", SET, Some("5")), ("retention.ms", SET, Some("6"))], false);
    it.alter("appended", topic, &[("cleanup.policy", APPEND, Some("compact"))], false);
    it.alter("appended again", topic, &[("cleanup.policy", APPEND, Some("compact"))], false);
    it.alter("subtracted", topic, &[("cleanup.policy", SUBTRACT, Some("delete"))], false);
    it.alter("nothing left", topic, &[("cleanup.policy", SUBTRACT, Some("compact"))], false);
    it.alter("nonsense appended", topic, &[("cleanup.policy", APPEND, Some("keep"))], false);
    it.alter("twice the same", topic, &[("cleanup.policy", SET, Some("compact,compact"))], false);
    it.alter("no list", topic, &[("retention.ms", APPEND, Some("5"))], false);
    it.alter("out of range", topic, &[("min.cleanable.dirty.ratio", SET, Some("2"))], false);
    it.alter(
        "lags cross",
        topic,
        &[("min.compaction.lag.ms", SET, Some("9")), ("max.compaction.lag.ms", SET, Some("5"))],
        false,
    );
    it.alter("missing", (TOPIC, "no-such-topic"), &[("retention.ms", SET, Some("5"))], false);
    it.alter("no name", (TOPIC, ""), &[("retention.ms", SET, Some("5"))], false);
    it.alter("bad name", (TOPIC, "a b"), &[("retention.ms", SET, Some("5"))], false);
    it.alter("no type", (99, "x"), &[("retention.ms", SET, Some("5"))], false);
    let config = |(name, value): (&str, Option<&str>)| alter_configs::AlterableConfig {
        name: Str::from(name),
        value: value.map(Str::from),
        ..Default::default()
    };
    for (what, configs) in [
        ("replaced", vec![("retention.bytes", Some("7"))]),
        ("replaced by null", vec![("retention.bytes", None)]),
        ("replaced by nonsense", vec![("retention.bites", Some("7"))]),
    ] {
        let resource = alter_configs::AlterConfigsResource {
            resource_type: TOPIC,
            resource_name: Str::from(&*name),
            configs: configs.into_iter().map(config).collect(),
            ..Default::default()
        };
        let request = AlterConfigsRequest { resources: vec![resource], ..Default::default() };
        let code = it.ask(&request, 2).responses[0].error_code;
        it.note(what, code);
        std::thread::sleep(PAUSE * 10);
        it.describe(what, topic, &["retention.bytes", "segment.bytes", "cleanup.policy"]);
    }
    let again = |resource_type: i8, name: &str| incremental_alter_configs::AlterConfigsResource {
        resource_type,
        resource_name: Str::from(name),
        ..Default::default()
    };
    let resources = vec![again(TOPIC, &name), again(TOPIC, &name)];
    let request = IncrementalAlterConfigsRequest { resources, ..Default::default() };
    let mut codes: Vec<_> = it.ask(&request, 1).responses.iter().map(|it| it.error_code).collect();
    codes.dedup();
    it.note("a resource twice", codes);
}

fn brokers(it: &mut Dialogue) {
    let name = it.topic.to_string();
    it.alter("stranger", (BROKER, "9"), &[("log.retention.ms", SET, Some("5000"))], false);
    it.alter("no number", (BROKER, "x"), &[("log.retention.ms", SET, Some("5000"))], false);
    it.alter("not while it runs", (BROKER, "1"), &[("node.id", SET, Some("3"))], false);
    it.alter("wrong", (BROKER, ""), &[("log.retention.ms", SET, Some("x"))], false);
    it.alter("all", (BROKER, ""), &[("log.retention.ms", SET, Some("5000"))], false);
    it.describe("the topic's", (TOPIC, &name), &["retention.ms"]);
    it.alter("all again", (BROKER, ""), &[("log.retention.ms", DELETE, None)], false);
    it.describe("the topic's again", (TOPIC, &name), &["retention.ms"]);
}

impl Dialogue {
    fn delete_records(&mut self, what: &str, topic: &Str, index: i32, offset: i64) {
        let part = DeleteRecordsPartition { partition_index: index, offset, ..Default::default() };
        let topic = DeleteRecordsTopic { name: topic.clone(), partitions: vec![part], ..Default::default() };
        let request = DeleteRecordsRequest { topics: vec![topic], timeout_ms: 10_000, ..Default::default() };
        let code = |answer: &DeleteRecordsResponse| answer.topics[0].partitions[0].error_code;
        let answer = self.patiently(&request, 2, code);
        let part = &answer.topics[0].partitions[0];
        self.note(what, (part.error_code, part.low_watermark));
    }

    fn send(&mut self, index: i32, records: Bytes) {
        let part = PartitionProduceData { index, records: Some(records), ..Default::default() };
        let name = self.topic.clone();
        let topic = TopicProduceData { name, partition_data: vec![part], ..Default::default() };
        let request =
            ProduceRequest { acks: -1, timeout_ms: 10_000, topic_data: vec![topic], ..Default::default() };
        let code = |answer: &ProduceResponse| answer.responses[0].partition_responses[0].error_code;
        let answer = self.patiently(&request, 12, code);
        let part = &answer.responses[0].partition_responses[0];
        self.note("produced", (part.error_code, part.base_offset, part.log_start_offset));
    }

    /// What is read of a partition from an offset on, and where it begins.
    fn read(&mut self, what: &str, partition: i32, fetch_offset: i64) {
        let asked = MetadataRequestTopic { name: Some(self.topic.clone()), ..Default::default() };
        let request = MetadataRequest { topics: Some(vec![asked]), ..Default::default() };
        let topic_id = self.ask(&request, 12).topics[0].topic_id;
        let part =
            FetchPartition { partition, fetch_offset, partition_max_bytes: 1 << 20, ..Default::default() };
        let topic = FetchTopic { topic_id, partitions: vec![part], ..Default::default() };
        let request = FetchRequest { max_bytes: 1 << 20, topics: vec![topic], ..Default::default() };
        let data = self.ask(&request, 16).responses.remove(0).partitions.remove(0);
        let records = data.records.unwrap_or_default();
        let read: Vec<_> = batches(&records)
            .map_while(Result::ok)
            .map(|it| (it.base_offset(), it.last_offset(), it.count()))
            .collect();
        let bounds = (data.log_start_offset, data.high_watermark);
        self.note(&format!("read, {what}"), (data.error_code, bounds, read));
        for timestamp in [-2, -4, 0] {
            let part = ListOffsetsPartition { partition_index: partition, timestamp, ..Default::default() };
            let topic =
                ListOffsetsTopic { name: self.topic.clone(), partitions: vec![part], ..Default::default() };
            let request = ListOffsetsRequest { topics: vec![topic], ..Default::default() };
            let answer = self.ask(&request, 8).topics.remove(0).partitions.remove(0);
            self.note(&format!("offset of {timestamp}, {what}"), (answer.error_code, answer.offset));
        }
    }
}

fn records(it: &mut Dialogue) {
    let topic = it.topic.clone();
    it.delete_records("of an empty one", &topic, 0, 0);
    it.delete_records("all of an empty one", &topic, 0, -1);
    for count in [3, 2, 4] {
        it.send(0, batch(count, Stamp::NONE));
    }
    it.delete_records("beyond the end", &topic, 0, 10);
    it.delete_records("negative", &topic, 0, -2);
    it.delete_records("no partition", &topic, 7, 1);
    it.delete_records("no topic", &Str::from_static("no-such-topic"), 0, 1);
    it.delete_records("within a batch", &topic, 0, 4);
    it.read("before", 0, 0);
    it.read("at", 0, 4);
    it.delete_records("lower", &topic, 0, 2);
    it.delete_records("all", &topic, 0, -1);
    it.read("nothing left", 0, 9);
    it.read("before all", 0, 8);
    it.send(0, batch(2, Stamp::NONE));
    it.read("after", 0, 9);
    let compact = [("cleanup.policy", SET, Some("compact"))];
    it.alter("compacted", (TOPIC, &*topic), &compact, false);
    it.delete_records("of a compacted one", &topic, 0, 10);
}

fn leaders(it: &mut Dialogue) {
    let topic = it.topic.clone();
    let partitions = |topic: &Str, partitions: &[i32]| TopicPartitions {
        topic: topic.clone(),
        partitions: partitions.to_vec(),
        ..Default::default()
    };
    let missing = Str::from_static("no-such-topic");
    let asked = [
        ("preferred", 0, Some(vec![partitions(&topic, &[0, 7]), partitions(&missing, &[0])])),
        ("unclean", 1, Some(vec![partitions(&topic, &[1])])),
        ("all", 0, None),
    ];
    for (what, election_type, topic_partitions) in asked {
        let request = ElectLeadersRequest { election_type, topic_partitions, ..Default::default() };
        let answer = it.ask(&request, 2);
        let mut codes: Vec<_> = answer
            .replica_election_results
            .iter()
            .flat_map(|it| it.partition_result.iter().map(|part| (it.topic == missing, part)))
            .map(|(other, part)| (other, part.partition_id, part.error_code))
            .collect();
        codes.sort_by_key(|(other, id, _)| (*other, *id));
        it.note(&format!("elect, {what}"), (answer.error_code, codes));
    }
    let moves: [(&str, i32, Option<Vec<i32>>); 6] = [
        ("to where it is", 0, Some(vec![1])),
        ("to a stranger", 0, Some(vec![9])),
        ("to nobody", 0, Some(vec![])),
        ("twice there", 0, Some(vec![1, 1])),
        ("stopped", 0, None),
        ("no partition", 7, Some(vec![1])),
    ];
    for (what, partition_index, replicas) in moves {
        let part = ReassignablePartition { partition_index, replicas, ..Default::default() };
        let topic = ReassignableTopic { name: topic.clone(), partitions: vec![part], ..Default::default() };
        let request = AlterPartitionReassignmentsRequest { topics: vec![topic], ..Default::default() };
        let answer = it.ask(&request, 1);
        let code = answer.responses[0].partitions[0].error_code;
        it.note(&format!("move, {what}"), (answer.error_code, code));
    }
    let answer = it.ask(&ListPartitionReassignmentsRequest::default(), 0);
    it.note("moves", (answer.error_code, answer.topics.len()));
}

fn descriptions(it: &mut Dialogue) {
    pages(it);
    cluster(it);
}

fn pages(it: &mut Dialogue) {
    let pages = [
        ("all", 2000, None, vec![]),
        ("one", 1, None, vec![]),
        ("the next", 1, Some(1), vec![]),
        ("beyond", 10, Some(5), vec![]),
        ("a missing one", 1, None, vec!["no-such-topic"]),
        ("a bad one", 10, None, vec!["a b"]),
        ("two pages", 1, Some(1), vec!["no-such-topic"]),
        ("two missing ones", 10, Some(1), vec!["no-such-topic", "no-such-topic-either"]),
    ];
    for (what, response_partition_limit, cursor, others) in pages {
        let cursor = cursor.map(|partition_index| {
            Box::new(Cursor { topic_name: it.topic.clone(), partition_index, ..Default::default() })
        });
        let names = others.into_iter().map(Str::from).chain([it.topic.clone()]);
        let request = DescribeTopicPartitionsRequest {
            topics: names.map(|name| TopicRequest { name, ..Default::default() }).collect(),
            response_partition_limit,
            cursor,
            ..Default::default()
        };
        let answer = it.ask(&request, 0);
        let mut told = Vec::new();
        for topic in &answer.topics {
            let partitions: Vec<_> = topic
                .partitions
                .iter()
                .map(|it| (it.partition_index, it.error_code, it.leader_id, it.replica_nodes.clone()))
                .collect();
            told.push((topic.error_code, topic.topic_authorized_operations, partitions));
        }
        let next = answer.next_cursor.map(|it| it.partition_index);
        it.note(&format!("partitions, {what}"), (told, next));
    }
}

fn cluster(it: &mut Dialogue) {
    for (version, endpoint_type) in [(0, 1), (1, 2), (2, 1), (1, 7)] {
        let request = DescribeClusterRequest {
            include_cluster_authorized_operations: true,
            endpoint_type,
            ..Default::default()
        };
        let answer = it.ask(&request, version);
        let brokers: Vec<_> = answer.brokers.iter().map(|it| (it.broker_id, it.is_fenced)).collect();
        let heard = (answer.error_code, answer.controller_id, answer.cluster_authorized_operations, brokers);
        it.note(&format!("cluster {version} {endpoint_type}"), heard);
    }
    let topics = |name: &str, partition_index| {
        let part = describe_quorum::RequestPartitionData { partition_index, ..Default::default() };
        vec![describe_quorum::RequestTopicData {
            topic_name: Str::from(name),
            partitions: vec![part],
            ..Default::default()
        }]
    };
    let request = DescribeQuorumRequest { topics: topics("__cluster_metadata", 0), ..Default::default() };
    let answer = it.ask(&request, 2);
    let part = &answer.topics[0].partitions[0];
    let voters: Vec<_> = part.current_voters.iter().map(|it| it.replica_id).collect();
    let nodes: Vec<_> = answer.nodes.iter().map(|it| it.node_id).collect();
    it.note("quorum", (answer.error_code, part.error_code, part.leader_id, voters, nodes));
    for types in [vec![4], vec![8], vec![16], vec![GROUP], vec![3]] {
        let request = ListConfigResourcesRequest { resource_types: types.clone(), ..Default::default() };
        let answer = it.ask(&request, 1);
        // Others who ask the same Kafka give their groups settings.
        let named = answer.config_resources.iter().filter(|_| types != [GROUP]);
        let named: Vec<_> = named.map(|it| it.resource_name.to_string()).collect();
        it.note(&format!("resources {types:?}"), (answer.error_code, named));
    }
    let code = it.ask(&UnregisterBrokerRequest { broker_id: 9, ..Default::default() }, 0).error_code;
    it.note("unregister", code);
    // With a folder of its own the voter would be looked for, by a Kafka whose quorum is not fixed as ours is.
    for (what, cluster_id, directory) in
        [("of another cluster", Some("another"), 1), ("without a folder", None, 0)]
    {
        let voter_directory_id = Uuid([directory; 16]);
        let cluster_id = cluster_id.map(Str::from);
        let listener = add_raft_voter::Listener {
            name: "CONTROLLER".into(),
            host: "localhost".into(),
            port: 9,
            ..Default::default()
        };
        let add = AddRaftVoterRequest {
            cluster_id: cluster_id.clone(),
            timeout_ms: 1000,
            voter_id: 9,
            voter_directory_id,
            listeners: vec![listener],
            ..Default::default()
        };
        let code = it.ask(&add, 0).error_code;
        it.note(&format!("add a voter {what}"), code);
        let remove =
            RemoveRaftVoterRequest { cluster_id, voter_id: 9, voter_directory_id, ..Default::default() };
        let code = it.ask(&remove, 0).error_code;
        it.note(&format!("remove a voter {what}"), code);
    }
}

fn security(it: &mut Dialogue) {
    let any = DescribeAclsRequest {
        resource_type_filter: 1,
        pattern_type_filter: 1,
        operation: 1,
        permission_type: 1,
        ..Default::default()
    };
    let answer = it.ask(&any, 3);
    it.note("acls", (answer.error_code, answer.resources.len()));
    let creation = AclCreation {
        resource_type: 2,
        resource_name: it.topic.clone(),
        principal: "User:alice".into(),
        host: "*".into(),
        operation: 3,
        permission_type: 3,
        ..Default::default()
    };
    let request = CreateAclsRequest { creations: vec![creation.clone(), creation], ..Default::default() };
    let codes: Vec<_> = it.ask(&request, 3).results.iter().map(|it| it.error_code).collect();
    it.note("create acls", codes);
    let filter = DeleteAclsFilter {
        resource_type_filter: 1,
        pattern_type_filter: 1,
        operation: 1,
        permission_type: 1,
        ..Default::default()
    };
    let request = DeleteAclsRequest { filters: vec![filter], ..Default::default() };
    let answer = it.ask(&request, 3);
    let codes: Vec<_> =
        answer.filter_results.iter().map(|it| (it.error_code, it.matching_acls.len())).collect();
    it.note("delete acls", codes);
}

fn users(it: &mut Dialogue) {
    let code = it.ask(&DescribeDelegationTokenRequest::default(), 3).error_code;
    it.note("tokens", code);
    let code = it.ask(&CreateDelegationTokenRequest::default(), 3).error_code;
    it.note("create token", code);
    let code = it.ask(&RenewDelegationTokenRequest::default(), 2).error_code;
    it.note("renew token", code);
    let code = it.ask(&ExpireDelegationTokenRequest::default(), 2).error_code;
    it.note("expire token", code);
    let quotas = DescribeClientQuotasRequest::default();
    let answer = it.ask(&quotas, 1);
    it.note("quotas", (answer.error_code, answer.entries.map(|it| it.len())));
    for (entity_type, match_type, name) in
        [("user", 2, None), ("tenant", 2, None), ("user", 0, None), ("", 2, None)]
    {
        let component = describe_client_quotas::ComponentData {
            entity_type: Str::from(entity_type),
            match_type,
            r#match: name,
            ..Default::default()
        };
        let request = DescribeClientQuotasRequest { components: vec![component], ..Default::default() };
        let answer = it.ask(&request, 1);
        let heard = (answer.error_code, answer.entries.map(|it| it.len()));
        it.note(&format!("quotas {entity_type} {match_type}"), heard);
    }
    let user = |name: &str| describe_user_scram_credentials::UserName {
        name: Str::from(name),
        ..Default::default()
    };
    for users in [None, Some(vec![user("a"), user("b"), user("b")])] {
        let answer = it.ask(&DescribeUserScramCredentialsRequest { users, ..Default::default() }, 0);
        let mut codes: Vec<_> =
            answer.results.iter().map(|it| (it.user.to_string(), it.error_code.0)).collect();
        codes.sort();
        it.note("credentials", (answer.error_code, codes));
    }
    let code =
        it.ask(&SaslHandshakeRequest { mechanism: "PLAIN".into(), ..Default::default() }, 1).error_code;
    it.note("sasl", code);
    let code = it.ask(&SaslAuthenticateRequest::default(), 2).error_code;
    it.note("authenticate", code);
}

/// A topic, how many partitions it shall have, and on which brokers the new ones.
type Grown<'a> = (&'a str, i32, Option<&'a [&'a [i32]]>);

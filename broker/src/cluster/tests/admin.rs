//! What administrators do, where one node says less than several, or a dialogue with Kafka cannot tell.

use upsert_kafka_protocol::messages::alter_partition_reassignments::{
    ReassignablePartition, ReassignableTopic,
};
use upsert_kafka_protocol::messages::create_partitions::CreatePartitionsTopic;
use upsert_kafka_protocol::messages::describe_configs::DescribeConfigsResource;
use upsert_kafka_protocol::messages::elect_leaders::TopicPartitions;
use upsert_kafka_protocol::messages::incremental_alter_configs::{AlterConfigsResource, AlterableConfig};
use upsert_kafka_protocol::messages::update_features::FeatureUpdateKey;
use upsert_kafka_protocol::messages::write_txn_markers::{WritableTxnMarker, WritableTxnMarkerTopic};

use super::*;

fn nodes(nodes: i32) -> Script {
    Script::with(BrokerConfig { seed: 1, nodes, ..BrokerConfig::default() })
}

impl Script {
    fn alter(&mut self, (resource_type, name): (i8, &str), config: &str, value: &str) -> ErrorCode {
        let config =
            AlterableConfig { name: Str::from(config), value: Some(Str::from(value)), ..Default::default() };
        let resource = AlterConfigsResource {
            resource_type,
            resource_name: Str::from(name),
            configs: vec![config],
            ..Default::default()
        };
        let request = IncrementalAlterConfigsRequest { resources: vec![resource], ..Default::default() };
        self.ask(&request, 1).responses[0].error_code
    }

    fn config(&mut self, (resource_type, name): (i8, &str), key: &str) -> (Option<Str>, i8) {
        let resource = DescribeConfigsResource {
            resource_type,
            resource_name: Str::from(name),
            configuration_keys: Some(vec![Str::from(key)]),
            ..Default::default()
        };
        let request = DescribeConfigsRequest { resources: vec![resource], ..Default::default() };
        let config = self.ask(&request, 4).results.remove(0).configs.remove(0);
        (config.value, config.config_source)
    }
}

#[test]
fn new_partitions_are_led_in_turn_and_written_to() {
    let mut script = nodes(3);
    script.create("t", 2, &[]);
    let topic = CreatePartitionsTopic { name: "t".into(), count: 5, assignments: None, ..Default::default() };
    let request = CreatePartitionsRequest { topics: vec![topic], ..Default::default() };
    assert_eq!(script.ask(&request, 3).results[0].error_code, ErrorCode::NONE);
    let leaders: Vec<_> = (0..6).map(|index| script.cluster.leader("t", index).map(|it| it.0)).collect();
    assert_eq!(leaders, [Some(1), Some(2), Some(3), Some(1), Some(2), None]);
    assert_eq!(script.produce("t", 3, batch(1, Stamp::NONE)).error_code, ErrorCode::NONE);
}

#[test]
fn a_setting_has_its_effect_at_once() {
    let mut script = Script::new();
    script.create("t", 1, &[]);
    assert_eq!(script.alter((2, "t"), "max.message.bytes", "10"), ErrorCode::NONE);
    assert_eq!(script.produce("t", 0, batch(1, Stamp::NONE)).error_code, ErrorCode::MESSAGE_TOO_LARGE);
    assert_eq!(script.config((2, "t"), "max.message.bytes"), (Some("10".into()), 1));
}

#[test]
fn what_brokers_are_given_is_the_default_of_topics_old_and_new() {
    let mut script = nodes(2);
    script.create("old", 1, &[]);
    script.create("own", 1, &[("max.message.bytes", "2000")]);
    assert_eq!(script.alter((4, ""), "message.max.bytes", "10"), ErrorCode::NONE);
    script.create("new", 1, &[]);
    for topic in ["old", "new"] {
        assert_eq!(script.config((2, topic), "max.message.bytes"), (Some("10".into()), 3));
        let code = script.produce(topic, 0, batch(1, Stamp::NONE)).error_code;
        assert_eq!(code, ErrorCode::MESSAGE_TOO_LARGE);
    }
    assert_eq!(script.produce("own", 0, batch(1, Stamp::NONE)).error_code, ErrorCode::NONE);
    for broker in ["1", ""] {
        assert_eq!(script.config((4, broker), "message.max.bytes"), (Some("10".into()), 3));
    }
    assert_eq!(script.alter((4, "2"), "message.max.bytes", "10"), ErrorCode::INVALID_REQUEST, "sent to 1");
}

#[test]
fn a_node_that_comes_back_leads_again_when_it_is_elected() {
    let mut script = nodes(3);
    script.create("t", 3, &[]);
    script.cluster.stop_node(2, script.now());
    script.cluster.start_node(2, script.now());
    let leader = |script: &Script| script.cluster.leader("t", 1).unwrap();
    let (other, epoch) = leader(&script);
    assert_ne!(other, 2);
    let all = ElectLeadersRequest { topic_partitions: None, ..Default::default() };
    let results = script.ask(&all, 2).replica_election_results;
    let done: Vec<_> =
        results[0].partition_result.iter().map(|it| (it.partition_id, it.error_code)).collect();
    assert_eq!(done, [(1, ErrorCode::NONE)], "the others need none");
    assert_eq!(leader(&script), (2, epoch + 1));
    script.cluster.stop_node(2, script.now());
    let one = TopicPartitions { topic: "t".into(), partitions: vec![1], ..Default::default() };
    let request = ElectLeadersRequest { topic_partitions: Some(vec![one]), ..Default::default() };
    let code = script.ask(&request, 2).replica_election_results[0].partition_result[0].error_code;
    assert_eq!(code, ErrorCode::PREFERRED_LEADER_NOT_AVAILABLE);
}

#[test]
fn the_first_of_the_replicas_is_the_one_to_lead() {
    let mut script = nodes(3);
    script.create("t", 1, &[]);
    let replicas = |script: &mut Script| {
        let answer = script.ask(&MetadataRequest { topics: None, ..Default::default() }, 9);
        answer.topics[0].partitions[0].replica_nodes.clone()
    };
    assert_eq!(replicas(&mut script), [1, 2, 3]);
    let reassign = |script: &mut Script, replicas: &[i32]| {
        let part = ReassignablePartition { replicas: Some(replicas.to_vec()), ..Default::default() };
        let topic = ReassignableTopic { name: "t".into(), partitions: vec![part], ..Default::default() };
        let request = AlterPartitionReassignmentsRequest { topics: vec![topic], ..Default::default() };
        script.ask(&request, 0).responses[0].partitions[0].error_code
    };
    assert_eq!(reassign(&mut script, &[3, 1]), ErrorCode::INVALID_REPLICA_ASSIGNMENT);
    assert_eq!(reassign(&mut script, &[3, 1, 2]), ErrorCode::NONE);
    assert_eq!(replicas(&mut script), [3, 1, 2]);
    script.ask(&ElectLeadersRequest { topic_partitions: None, ..Default::default() }, 2);
    assert_eq!(script.cluster.leader("t", 0).unwrap().0, 3);
}

#[test]
fn a_stopped_node_is_fenced() {
    let mut script = nodes(2);
    script.cluster.stop_node(2, script.now());
    let mut brokers = |include_fenced_brokers| -> Vec<_> {
        let request = DescribeClusterRequest { include_fenced_brokers, ..Default::default() };
        script.ask(&request, 2).brokers.iter().map(|it| (it.broker_id, it.is_fenced)).collect()
    };
    assert_eq!(brokers(false), [(1, false)]);
    assert_eq!(brokers(true), [(1, false), (2, true)]);
}

#[test]
fn transactions_go_by_the_level_that_the_feature_was_given() {
    let mut script = Script::new();
    let update = |script: &mut Script, feature: &str, level, upgrade_type, validate_only| {
        let update = FeatureUpdateKey {
            feature: Str::from(feature),
            max_version_level: level,
            upgrade_type,
            ..Default::default()
        };
        let request =
            UpdateFeaturesRequest { feature_updates: vec![update], validate_only, ..Default::default() };
        script.ask(&request, 2).error_code
    };
    let told = |script: &mut Script| {
        let features = script.ask(&ApiVersionsRequest::default(), 4).finalized_features;
        features.iter().find(|it| it.name == "transaction.version").map(|it| it.max_version_level)
    };
    let refused = ErrorCode::INVALID_UPDATE_VERSION;
    assert_eq!(update(&mut script, "transaction.version", 1, 1, false), refused, "lower, without saying so");
    assert_eq!(update(&mut script, "transaction.version", 3, 1, false), refused);
    assert_eq!(update(&mut script, "share.version", 1, 1, false), refused);
    assert_eq!(update(&mut script, "transaction.version", 1, 2, true), ErrorCode::NONE);
    assert_eq!(told(&mut script), Some(2), "it was only tried");
    assert_eq!(update(&mut script, "transaction.version", 0, 3, false), ErrorCode::NONE);
    assert_eq!(told(&mut script), None);
}

#[test]
fn a_transaction_that_hangs_is_ended_by_its_marker() {
    let mut script = Script::new();
    script.create("t", 1, &[]);
    let init = InitProducerIdRequest {
        transactional_id: Some("x".into()),
        transaction_timeout_ms: 60_000,
        producer_id: -1,
        producer_epoch: -1,
        ..Default::default()
    };
    let InitProducerIdResponse { producer_id, producer_epoch, .. } = script.ask(&init, 5);
    let stamp = Stamp { producer_id, producer_epoch, base_sequence: 0, transactional: true };
    let request = ProduceRequest { transactional_id: Some("x".into()), ..produce("t", 0, batch(1, stamp)) };
    script.ask(&request, 12);
    let mut end = |producer_epoch, partition| {
        let topic = WritableTxnMarkerTopic {
            name: "t".into(),
            partition_indexes: vec![partition],
            ..Default::default()
        };
        let marker =
            WritableTxnMarker { producer_id, producer_epoch, topics: vec![topic], ..Default::default() };
        let request = WriteTxnMarkersRequest { markers: vec![marker], ..Default::default() };
        script.ask(&request, 1).markers[0].topics[0].partitions[0].error_code
    };
    assert_eq!(end(producer_epoch - 1, 0), ErrorCode::INVALID_PRODUCER_EPOCH);
    assert_eq!(end(producer_epoch, 1), ErrorCode::UNKNOWN_TOPIC_OR_PARTITION);
    assert_eq!(end(producer_epoch, 0), ErrorCode::NONE);
    let lists = ListTransactionsRequest::default();
    assert_eq!(script.ask(&lists, 0).transaction_states[0].transaction_state, "Ongoing");
    assert_eq!(script.cluster.log("t", 0).len(), 2);
}

#[test]
fn consumer_groups_that_are_switched_off_are_offered_and_refused() {
    let mut script = Script::new();
    let named = |script: &mut Script| -> Vec<String> {
        let features = script.ask(&ApiVersionsRequest::default(), 4).finalized_features;
        features.iter().map(|it| it.name.to_string()).collect()
    };
    assert_eq!(named(&mut script), ["group.version", "transaction.version"]);
    let down = FeatureUpdateKey { feature: "group.version".into(), upgrade_type: 2, ..Default::default() };
    let updates = UpdateFeaturesRequest { feature_updates: vec![down], ..Default::default() };
    assert_eq!(script.ask(&updates, 2).error_code, ErrorCode::NONE);
    let heartbeat = ConsumerGroupHeartbeatRequest { group_id: "g".into(), ..Default::default() };
    assert_eq!(script.ask(&heartbeat, 1).error_code, ErrorCode::UNSUPPORTED_VERSION);
    let describe = ConsumerGroupDescribeRequest { group_ids: vec!["g".into()], ..Default::default() };
    let groups = script.ask(&describe, 1).groups;
    assert_eq!((&*groups[0].group_id, groups[0].error_code), ("g", ErrorCode::UNSUPPORTED_VERSION));
    assert_eq!(named(&mut script), ["transaction.version"], "what is switched off is not told");
}

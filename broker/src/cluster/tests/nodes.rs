//! Several nodes: who leads, who coordinates, what the others say.

use upsert_kafka_protocol::messages::fetch::{FetchPartition, FetchTopic};
use upsert_kafka_protocol::messages::list_offsets::{ListOffsetsPartition, ListOffsetsTopic};
use upsert_kafka_protocol::messages::offset_for_leader_epoch::{
    OffsetForLeaderPartition, OffsetForLeaderTopic,
};

use super::*;

const ELSEWHERE: ErrorCode = ErrorCode::NOT_LEADER_OR_FOLLOWER;

/// Three nodes with ports from 9001 on, and a topic of three partitions.
fn three() -> Script {
    let config = BrokerConfig { nodes: 3, advertised_port: 9001, seed: 1, ..BrokerConfig::default() };
    let mut script = Script::with(config);
    script.create("t", 3, &[]);
    script
}

fn metadata(script: &mut Script) -> MetadataResponse {
    script.ask(&MetadataRequest { topics: None, ..Default::default() }, 12)
}

/// Leader and epoch of each partition.
fn leaders(script: &mut Script) -> Vec<(i32, i32)> {
    let topic = metadata(script).topics.remove(0);
    topic.partitions.iter().map(|part| (part.leader_id, part.leader_epoch)).collect()
}

fn fetch(script: &Script, current_leader_epoch: i32) -> FetchRequest {
    let topic_id = script.cluster.state.topics.by_name("t").unwrap().id;
    let part = FetchPartition { current_leader_epoch, partition_max_bytes: 1 << 20, ..Default::default() };
    let topic = FetchTopic { topic_id, partitions: vec![part], ..Default::default() };
    FetchRequest { max_wait_ms: 100, min_bytes: 1, topics: vec![topic], ..Default::default() }
}

#[test]
fn metadata_tells_the_live_nodes_and_their_ports() {
    let mut script = three();
    let nodes = |script: &mut Script| -> Vec<_> {
        metadata(script).brokers.iter().map(|node| (node.node_id, node.port)).collect()
    };
    assert_eq!(nodes(&mut script), [(1, 9001), (2, 9002), (3, 9003)]);
    assert_eq!(leaders(&mut script), [(1, 0), (2, 0), (3, 0)]);
    script.cluster.advertise(3, "elsewhere", 7);
    script.cluster.stop_node(2, script.now());
    assert_eq!(nodes(&mut script), [(1, 9001), (3, 7)]);
    assert_eq!(leaders(&mut script), [(1, 0), (3, 1), (3, 0)]);
    let part = metadata(&mut script).topics.remove(0).partitions.remove(0);
    assert_eq!(part.replica_nodes, [1, 2, 3]);
    assert_eq!((part.isr_nodes, part.offline_replicas), (vec![1, 3], vec![2]));
    script.cluster.start_node(2, script.now());
    assert_eq!(leaders(&mut script), [(1, 0), (3, 1), (3, 0)], "who leads stays");
}

#[test]
fn another_node_says_who_leads() {
    let mut script = three();
    assert_eq!(script.cluster.move_leader("t", 0, 3, script.now()), Some(1));
    for version in 3..=12 {
        let mut answer = script.ask(&produce("t", 0, batch(1, Stamp::NONE)), version);
        let part = answer.responses.remove(0).partition_responses.remove(0);
        assert_eq!(part.error_code, ELSEWHERE);
        let hint = (part.current_leader.leader_id, part.current_leader.leader_epoch);
        let nodes: Vec<_> = answer.node_endpoints.iter().map(|node| (node.node_id, node.port)).collect();
        let told = if version >= 10 { ((3, 1), vec![(3, 9003)]) } else { ((-1, -1), vec![]) };
        assert_eq!((hint, nodes), told, "{version}");
    }
    for version in 13..=18 {
        let mut answer = script.ask(&fetch(&script, -1), version);
        let part = answer.responses.remove(0).partitions.remove(0);
        assert_eq!(part.error_code, ELSEWHERE);
        let hint = (part.current_leader.leader_id, part.current_leader.leader_epoch);
        let nodes: Vec<_> = answer.node_endpoints.iter().map(|node| (node.node_id, node.port)).collect();
        let told = if version >= 16 { ((3, 1), vec![(3, 9003)]) } else { ((-1, -1), vec![]) };
        assert_eq!((hint, nodes), told, "{version}");
    }
    let part = ListOffsetsPartition { timestamp: -1, ..Default::default() };
    let topic = ListOffsetsTopic { name: "t".into(), partitions: vec![part], ..Default::default() };
    let request = ListOffsetsRequest { topics: vec![topic], ..Default::default() };
    assert_eq!(script.ask(&request, 8).topics[0].partitions[0].error_code, ELSEWHERE);
    script.node = 3;
    assert_eq!(script.produce("t", 0, batch(1, Stamp::NONE)).error_code, ErrorCode::NONE);
    assert_eq!(script.ask(&request, 8).topics[0].partitions[0].offset, 1);
}

#[test]
fn an_epoch_that_is_over_or_unknown_is_told_before_who_leads() {
    let mut script = three();
    script.cluster.move_leader("t", 0, 2, script.now());
    for (epoch, code) in
        [(0, ErrorCode::FENCED_LEADER_EPOCH), (2, ErrorCode::UNKNOWN_LEADER_EPOCH), (1, ELSEWHERE)]
    {
        let request = fetch(&script, epoch);
        assert_eq!(script.ask(&request, 16).responses[0].partitions[0].error_code, code);
    }
    let fenced = script.ask(&fetch(&script, 0), 16);
    assert_eq!(fenced.responses[0].partitions[0].current_leader.leader_id, 2);
}

#[test]
fn a_fetch_that_waits_hears_that_the_leader_moved() {
    let mut script = three();
    let peer = script.send(&fetch(&script, -1), 16);
    assert_eq!(script.hear::<FetchRequest>(peer, 16), Heard::Nothing);
    script.cluster.move_leader("t", 0, 2, script.now());
    let Heard::Answer(answer) = script.hear::<FetchRequest>(peer, 16) else { panic!("no answer") };
    assert_eq!(answer.responses[0].partitions[0].error_code, ELSEWHERE);
}

#[test]
fn a_stopped_node_closes_what_waits_and_whoever_comes() {
    let mut script = three();
    let waiting = script.send(&fetch(&script, -1), 16);
    let delay = Action::Delay(Duration::from_millis(30));
    script.cluster.arm(Fault::new(ApiKey::PRODUCE, delay));
    let delayed = script.send(&produce("t", 1, batch(1, Stamp::NONE)), 9);
    script.cluster.stop_node(1, script.now());
    assert_eq!(script.hear::<FetchRequest>(waiting, 16), Heard::Closed);
    assert_eq!(script.hear::<ProduceRequest>(delayed, 9), Heard::Closed);
    let peer = script.send(&produce("t", 0, batch(1, Stamp::NONE)), 9);
    assert_eq!(script.hear::<ProduceRequest>(peer, 9), Heard::Closed);
    script.cluster.start_node(1, script.now());
    assert_eq!(script.produce("t", 0, batch(1, Stamp::NONE)).error_code, ELSEWHERE);
}

#[test]
fn a_partition_without_a_live_node_waits_for_one() {
    let mut script = Script::new();
    script.create("t", 1, &[]);
    assert_eq!(script.produce("t", 0, batch(3, Stamp::NONE)).base_offset, 0);
    script.cluster.stop_node(1, script.now());
    assert_eq!(script.cluster.leader("t", 0), None);
    script.cluster.start_node(1, script.now());
    assert_eq!(script.cluster.leader("t", 0), Some((1, 2)));
    assert_eq!(script.produce("t", 0, batch(1, Stamp::NONE)).base_offset, 3, "nothing is lost");
}

#[test]
fn a_group_has_one_coordinator_and_the_others_say_so() {
    let mut script = three();
    let request = FindCoordinatorRequest { key: "g".into(), ..Default::default() };
    let found = script.ask(&request, 3).node_id;
    assert_eq!(script.cluster.coordinator("g"), Some(found));
    let commit =
        OffsetCommitRequest { group_id: "g".into(), topics: vec![Default::default()], ..Default::default() };
    let fetch = OffsetFetchRequest { group_id: "g".into(), topics: None, ..Default::default() };
    for node in 1..=3 {
        script.node = node;
        let here = node == found;
        assert_eq!(script.ask(&request, 3).node_id, found);
        assert_eq!(script.ask(&fetch, 7).error_code == ErrorCode::NOT_COORDINATOR, !here);
        let mut committed = commit.clone();
        committed.topics[0].partitions.push(Default::default());
        let code = script.ask(&committed, 8).topics[0].partitions[0].error_code;
        assert_eq!(code == ErrorCode::NOT_COORDINATOR, !here);
    }
    script.node = if found == 1 { 2 } else { 1 };
    script.cluster.stop_node(found, script.now());
    let next = script.ask(&request, 3).node_id;
    assert_ne!(next, found);
    script.cluster.start_node(found, script.now());
    assert_eq!(script.ask(&request, 3).node_id, found);
}

#[test]
fn an_expired_producer_begins_where_it_likes() {
    let mut script = Script::new();
    script.create("t", 1, &[]);
    script.produce("t", 0, batch(1, sequenced(7, 0)));
    let gap = |script: &mut Script| script.produce("t", 0, batch(1, sequenced(7, 5))).error_code;
    assert_eq!(gap(&mut script), ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER);
    script.cluster.expire_producer(7);
    assert_eq!(gap(&mut script), ErrorCode::NONE);
}

#[test]
fn a_log_is_read_batch_by_batch() {
    let mut script = Script::new();
    script.create("t", 1, &[]);
    for count in [2, 3, 1] {
        script.produce("t", 0, batch(count, Stamp::NONE));
    }
    let log = script.cluster.log("t", 0);
    let told: Vec<_> = log.iter().map(|(base, _)| *base).collect();
    assert_eq!(told, [0, 2, 5]);
    for (base, bytes) in log {
        let batch = batches(&bytes).next().unwrap().unwrap();
        batch.check().unwrap();
        assert_eq!((batch.base_offset(), batch.bytes().len()), (base, bytes.len()));
    }
    assert!(script.cluster.log("t", 1).is_empty());
}

#[test]
fn a_reader_asks_where_an_epoch_ended() {
    let mut script = three();
    script.produce("t", 0, batch(2, Stamp::NONE));
    script.cluster.move_leader("t", 0, 1, script.now());
    script.produce("t", 0, batch(1, Stamp::NONE));
    let ask = |script: &mut Script, current_leader_epoch, leader_epoch| {
        let part = OffsetForLeaderPartition { current_leader_epoch, leader_epoch, ..Default::default() };
        let topic = OffsetForLeaderTopic { topic: "t".into(), partitions: vec![part], ..Default::default() };
        let request = OffsetForLeaderEpochRequest { topics: vec![topic], ..Default::default() };
        let part = script.ask(&request, 4).topics.remove(0).partitions.remove(0);
        (part.error_code, part.leader_epoch, part.end_offset)
    };
    assert_eq!(ask(&mut script, 1, 0), (ErrorCode::NONE, 0, 2));
    assert_eq!(ask(&mut script, 1, 1), (ErrorCode::NONE, 1, 3));
    assert_eq!(ask(&mut script, 1, 2), (ErrorCode::NONE, -1, -1));
    assert_eq!(ask(&mut script, 0, 0).0, ErrorCode::FENCED_LEADER_EPOCH);
    script.node = 2;
    assert_eq!(ask(&mut script, 1, 0).0, ELSEWHERE);
}

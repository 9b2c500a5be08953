//! Racks, and consumers that are sent to a node of their own (KIP-392).

use upsert_kafka_protocol::messages::fetch::{FetchPartition, FetchTopic};

use super::*;
use crate::config::ReplicaSelector;

/// The version that names topics.
const NAMED: i16 = 12;

/// Four nodes in the racks a, b, b and none; partition 0 of `t`, led by the first, has a record.
fn four(replica_selector: ReplicaSelector) -> Script {
    let racks = ["a", "b", "b"].map(str::to_owned).to_vec();
    let config = BrokerConfig { nodes: 4, racks, replica_selector, seed: 1, ..BrokerConfig::default() };
    let mut script = Script::with(config);
    script.create("t", 1, &[]);
    script.produce("t", 0, batch(1, Stamp::NONE));
    script
}

fn fetch(rack: &'static str, fetch_offset: i64) -> FetchRequest {
    let part = FetchPartition { fetch_offset, partition_max_bytes: 1 << 20, ..Default::default() };
    let topic = FetchTopic { topic: "t".into(), partitions: vec![part], ..Default::default() };
    let rack_id = Str::from_static(rack);
    FetchRequest { max_wait_ms: 100, min_bytes: 1, rack_id, topics: vec![topic], ..Default::default() }
}

/// The error, the node to turn to, whether there are records, and the high watermark.
fn told(answer: &FetchResponse) -> (ErrorCode, i32, bool, i64) {
    let part = &answer.responses[0].partitions[0];
    let has_records = part.records.as_ref().is_some_and(|records| !records.is_empty());
    (part.error_code, part.preferred_read_replica, has_records, part.high_watermark)
}

#[test]
fn racks_are_told_with_the_nodes() {
    let mut script = four(ReplicaSelector::Leader);
    let answer = script.ask(&MetadataRequest { topics: None, ..Default::default() }, 12);
    let racks: Vec<_> = answer.brokers.iter().map(|it| it.rack.as_deref()).collect();
    assert_eq!(racks, [Some("a"), Some("b"), Some("b"), None]);
    let answer = script.ask(&DescribeClusterRequest::default(), 2);
    let racks: Vec<_> = answer.brokers.iter().map(|it| it.rack.as_deref()).collect();
    assert_eq!(racks, [Some("a"), Some("b"), Some("b"), None]);
}

#[test]
fn a_consumer_of_another_rack_is_sent_to_a_node_there_at_once_and_without_records() {
    let mut script = four(ReplicaSelector::RackAware);
    let sent_on = (ErrorCode::NONE, 2, false, 1);
    assert_eq!(told(&script.ask(&fetch("b", 0), NAMED)), sent_on);
    assert_eq!(told(&script.ask(&fetch("b", 1), NAMED)), sent_on, "though there is nothing to read");
    assert_eq!(told(&script.ask(&fetch("b", 99), NAMED)), sent_on, "the leader looks at no offset");
    let served = (ErrorCode::NONE, -1, true, 1);
    for rack in ["a", "c", ""] {
        assert_eq!(told(&script.ask(&fetch(rack, 0), NAMED)), served, "rack {rack}");
    }
    script.cluster.stop_node(2, script.now());
    assert_eq!(told(&script.ask(&fetch("b", 0), NAMED)).1, 3, "another that lives");
    script.cluster.stop_node(3, script.now());
    assert_eq!(told(&script.ask(&fetch("b", 0), NAMED)), served, "none is left there");
}

#[test]
fn a_follower_serves_consumers_as_the_leader_does() {
    let mut script = four(ReplicaSelector::RackAware);
    script.node = 2;
    assert_eq!(told(&script.ask(&fetch("b", 0), NAMED)), (ErrorCode::NONE, -1, true, 1));
    assert_eq!(told(&script.ask(&fetch("b", 99), NAMED)).0, ErrorCode::OFFSET_OUT_OF_RANGE);
    let peer = script.send(&fetch("b", 1), NAMED);
    assert_eq!(script.hear::<FetchRequest>(peer, NAMED), Heard::Nothing);
    script.node = 1;
    script.produce("t", 0, batch(1, Stamp::NONE));
    let Heard::Answer(answer) = script.hear::<FetchRequest>(peer, NAMED) else { panic!("no answer") };
    assert_eq!(told(&answer), (ErrorCode::NONE, -1, true, 2), "what is appended reaches who waits there");
    script.node = 2;
    let old = script.ask(&fetch("b", 0), 10);
    assert_eq!(told(&old).0, ErrorCode::NOT_LEADER_OR_FOLLOWER, "before version 11 nobody knows followers");
}

#[test]
fn within_a_session_the_leader_sends_on_again() {
    let mut script = four(ReplicaSelector::RackAware);
    let begun = script.ask(&FetchRequest { session_epoch: 0, ..fetch("b", 1) }, NAMED);
    assert_ne!(begun.session_id, 0);
    let next =
        FetchRequest { session_id: begun.session_id, session_epoch: 1, topics: vec![], ..fetch("b", 1) };
    assert_eq!(told(&script.ask(&next, NAMED)), (ErrorCode::NONE, 2, false, 1));
}

#[test]
fn without_a_selector_racks_change_nothing() {
    let mut script = four(ReplicaSelector::Leader);
    assert_eq!(told(&script.ask(&fetch("b", 0), NAMED)), (ErrorCode::NONE, -1, true, 1));
    script.node = 2;
    assert_eq!(told(&script.ask(&fetch("b", 0), NAMED)).0, ErrorCode::NOT_LEADER_OR_FOLLOWER);
}

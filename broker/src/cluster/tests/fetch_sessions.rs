//! Fetch sessions, as Kafka's `FetchSession` keeps them (KIP-227).

use upsert_kafka_protocol::messages::fetch::{FetchPartition, FetchTopic, ForgottenTopic};

use super::*;

/// The version that names topics.
const NAMED: i16 = 12;

/// A request of a session that names these partitions of `t`, each with its offset.
fn fetch(session_id: i32, session_epoch: i32, parts: &[(i32, i64)]) -> FetchRequest {
    let part = |&(partition, fetch_offset): &(i32, i64)| FetchPartition {
        partition,
        fetch_offset,
        partition_max_bytes: 1 << 20,
        ..Default::default()
    };
    let topic =
        FetchTopic { topic: "t".into(), partitions: parts.iter().map(part).collect(), ..Default::default() };
    let topics = if parts.is_empty() { vec![] } else { vec![topic] };
    FetchRequest { max_wait_ms: 0, min_bytes: 1, session_id, session_epoch, topics, ..Default::default() }
}

/// The partitions of an answer, each with its high watermark and whether it has records.
fn told(answer: &FetchResponse) -> Vec<(i32, i64, bool)> {
    let partitions = answer.responses.iter().flat_map(|topic| &topic.partitions);
    let has_records = |records: &Option<Bytes>| records.as_ref().is_some_and(|bytes| !bytes.is_empty());
    partitions.map(|it| (it.partition_index, it.high_watermark, has_records(&it.records))).collect()
}

/// A topic of two partitions, the first with one record, and a session that reads both.
fn begun(config: BrokerConfig) -> (Script, i32) {
    let mut script = Script::with(BrokerConfig { seed: 1, ..config });
    script.create("t", 2, &[]);
    script.produce("t", 0, batch(1, Stamp::NONE));
    let answer = script.ask(&fetch(0, 0, &[(0, 0), (1, 0)]), NAMED);
    assert_eq!(told(&answer), [(0, 1, true), (1, 0, false)], "a full fetch is answered in full");
    assert_ne!(answer.session_id, 0);
    (script, answer.session_id)
}

#[test]
fn an_answer_of_a_session_holds_what_is_new() {
    let (mut script, id) = begun(BrokerConfig::default());
    let answer = script.ask(&fetch(id, 1, &[(0, 1)]), NAMED);
    assert_eq!((answer.error_code, answer.session_id, told(&answer)), (ErrorCode::NONE, id, vec![]));
    script.produce("t", 1, batch(2, Stamp::NONE));
    let answer = script.ask(&fetch(id, 2, &[]), NAMED);
    assert_eq!(told(&answer), [(1, 2, true)], "the session remembers where it is read");
    script.produce("t", 0, batch(1, Stamp::NONE));
    let answer = script.ask(&fetch(id, 3, &[]), NAMED);
    assert_eq!(told(&answer), [(0, 2, true), (1, 2, true)], "what gave records is served last");
}

#[test]
fn a_forgotten_partition_is_read_no_more() {
    let (mut script, id) = begun(BrokerConfig::default());
    let forgotten = ForgottenTopic { topic: "t".into(), partitions: vec![0], ..Default::default() };
    let request = FetchRequest { forgotten_topics_data: vec![forgotten], ..fetch(id, 1, &[]) };
    assert_eq!(told(&script.ask(&request, NAMED)), []);
    script.produce("t", 0, batch(1, Stamp::NONE));
    script.produce("t", 1, batch(1, Stamp::NONE));
    assert_eq!(told(&script.ask(&fetch(id, 2, &[]), NAMED)), [(1, 1, true)]);
}

#[test]
fn a_request_out_of_turn_or_of_no_session_is_refused() {
    let (mut script, id) = begun(BrokerConfig::default());
    let mut error = |request: &FetchRequest, version| script.ask(request, version).error_code;
    assert_eq!(error(&fetch(id, 2, &[]), NAMED), ErrorCode::INVALID_FETCH_SESSION_EPOCH);
    assert_eq!(error(&fetch(id + 1, 1, &[]), NAMED), ErrorCode::FETCH_SESSION_ID_NOT_FOUND);
    assert_eq!(error(&fetch(id, 1, &[]), NAMED + 1), ErrorCode::FETCH_SESSION_TOPIC_ID_ERROR);
    assert_eq!(error(&fetch(id, 1, &[]), NAMED), ErrorCode::NONE, "what was refused changed nothing");
    assert_eq!(error(&fetch(id, 1, &[]), NAMED), ErrorCode::INVALID_FETCH_SESSION_EPOCH);
    assert_eq!(error(&fetch(id, -1, &[]), NAMED), ErrorCode::NONE, "the last request ends it");
    assert_eq!(error(&fetch(id, 2, &[]), NAMED), ErrorCode::FETCH_SESSION_ID_NOT_FOUND);
}

#[test]
fn a_request_that_waited_changes_its_session_once() {
    let (mut script, id) = begun(BrokerConfig::default());
    let peer = script.send(&FetchRequest { max_wait_ms: 100, ..fetch(id, 1, &[(0, 1)]) }, NAMED);
    assert_eq!(script.hear::<FetchRequest>(peer, NAMED), Heard::Nothing);
    script.pass(100);
    let Heard::Answer(answer) = script.hear::<FetchRequest>(peer, NAMED) else { panic!("no answer") };
    assert_eq!((answer.error_code, told(&answer)), (ErrorCode::NONE, vec![]));
    assert_eq!(script.ask(&fetch(id, 2, &[]), NAMED).error_code, ErrorCode::NONE);
}

#[test]
fn an_error_is_told_in_every_answer_while_it_lasts() {
    let (mut script, id) = begun(BrokerConfig::default());
    for epoch in 1..=2 {
        let named: &[_] = if epoch == 1 { &[(0, 9)] } else { &[] };
        let answer = script.ask(&fetch(id, epoch, named), NAMED);
        let data = &answer.responses[0].partitions[0];
        assert_eq!((data.partition_index, data.error_code), (0, ErrorCode::OFFSET_OUT_OF_RANGE));
    }
    assert_eq!(told(&script.ask(&fetch(id, 3, &[(0, 1)]), NAMED)), [(0, 1, false)]);
}

#[test]
fn a_full_cache_keeps_what_is_used_and_says_that_there_is_no_session() {
    let (mut script, first) =
        begun(BrokerConfig::default().with_max_incremental_fetch_session_cache_slots(1usize));
    let whole = fetch(0, 0, &[(0, 1), (1, 0)]);
    assert_eq!(script.ask(&whole, NAMED).session_id, 0, "the slot is taken");
    script.pass(119_000);
    assert_eq!(script.ask(&fetch(first, 1, &[]), NAMED).error_code, ErrorCode::NONE);
    script.pass(2_000);
    assert_eq!(script.ask(&whole, NAMED).session_id, 0, "it was used two seconds ago, and is no smaller");
    script.pass(120_001);
    assert_ne!(script.ask(&whole, NAMED).session_id, 0);
    let lost = script.ask(&fetch(first, 2, &[]), NAMED).error_code;
    assert_eq!(lost, ErrorCode::FETCH_SESSION_ID_NOT_FOUND);
}

#[test]
fn a_larger_session_takes_the_slot_of_a_smaller_one_that_is_old_enough() {
    let (mut script, first) =
        begun(BrokerConfig::default().with_max_incremental_fetch_session_cache_slots(1usize));
    script.create("t3", 1, &[]);
    let mut larger = fetch(0, 0, &[(0, 1), (1, 0)]);
    let part = FetchPartition { partition_max_bytes: 1, ..Default::default() };
    larger.topics.push(FetchTopic { topic: "t3".into(), partitions: vec![part], ..Default::default() });
    script.pass(119_000);
    script.ask(&fetch(first, 1, &[]), NAMED);
    assert_eq!(script.ask(&larger, NAMED).session_id, 0, "it may be evicted after 120 seconds");
    script.pass(1_001);
    assert_ne!(script.ask(&larger, NAMED).session_id, 0);
}

#[test]
fn a_node_that_starts_again_knows_no_session() {
    let (mut script, id) = begun(BrokerConfig::default());
    script.cluster.stop_node(1, script.now());
    script.cluster.start_node(1, script.now());
    let error = script.ask(&fetch(id, 1, &[]), NAMED).error_code;
    assert_eq!(error, ErrorCode::FETCH_SESSION_ID_NOT_FOUND);
}

//! Produce and Fetch: appends, waits, limits, repetitions.

use upsert_kafka_protocol::messages::fetch::{FetchPartition, FetchTopic, PartitionData};

use super::*;

fn fetch(topic: &str, parts: &[(i32, i64)]) -> FetchRequest {
    let part = |&(partition, fetch_offset): &(i32, i64)| FetchPartition {
        partition,
        fetch_offset,
        partition_max_bytes: 1 << 20,
        ..Default::default()
    };
    let partitions = parts.iter().map(part).collect();
    let topics = vec![FetchTopic { topic: Str::from(topic), partitions, ..Default::default() }];
    FetchRequest { max_wait_ms: 100, min_bytes: 1, topics, ..Default::default() }
}

fn base_offsets(data: &PartitionData) -> Vec<i64> {
    batches(data.records.as_ref().unwrap()).map(|batch| batch.unwrap().base_offset()).collect()
}

fn only(mut answer: FetchResponse) -> PartitionData {
    answer.responses.remove(0).partitions.remove(0)
}

fn heard(script: &mut Script, peer: PeerId) -> Option<PartitionData> {
    match script.hear::<FetchRequest>(peer, 12) {
        Heard::Answer(answer) => Some(only(answer)),
        Heard::Nothing => None,
        other => panic!("{other:?}"),
    }
}

fn idempotent() -> InitProducerIdRequest {
    InitProducerIdRequest { transactional_id: None, ..Default::default() }
}

/// Produces while a Fetch waits; its answer is left to be heard.
fn append(script: &mut Script, index: i32) {
    let peer = script.send(&produce("t", index, batch(1, Stamp::NONE)), 9);
    assert!(matches!(script.hear::<ProduceRequest>(peer, 9), Heard::Answer(_)));
}

#[test]
fn what_is_produced_is_fetched() {
    let mut script = Script::new();
    script.create("t", 2, &[]);
    let first = script.produce("t", 1, batch(3, Stamp::NONE));
    let told = (first.error_code, first.base_offset, first.log_append_time_ms, first.log_start_offset);
    assert_eq!(told, (ErrorCode::NONE, 0, -1, 0));
    assert_eq!(script.produce("t", 1, batch(2, Stamp::NONE)).base_offset, 3);
    let data = only(script.ask(&fetch("t", &[(1, 1)]), 12));
    assert_eq!((data.high_watermark, data.last_stable_offset, data.log_start_offset), (5, 5, 0));
    assert_eq!(base_offsets(&data), [0, 3]);
}

#[test]
fn every_version_of_produce_and_fetch_carries_records() {
    let mut script = Script::new();
    let topic_id = script.create("t", 1, &[]).topic_id;
    for version in 3..=13 {
        let mut request = produce("t", 0, batch(1, Stamp::NONE));
        if version >= 13 {
            request.topic_data[0].name = Str::default();
            request.topic_data[0].topic_id = topic_id;
        }
        let answer = script.ask(&request, version);
        let part = &answer.responses[0].partition_responses[0];
        assert_eq!((part.error_code, part.base_offset), (ErrorCode::NONE, i64::from(version) - 3));
    }
    for version in 4..=18 {
        let mut request = fetch("t", &[(0, 9)]);
        if version >= 13 {
            request.topics[0].topic = Str::default();
            request.topics[0].topic_id = topic_id;
        }
        assert_eq!(base_offsets(&only(script.ask(&request, version))), [9, 10], "{version}");
    }
}

#[test]
fn a_fetch_waits_until_something_is_appended() {
    let mut script = Script::new();
    script.create("t", 2, &[]);
    let peer = script.send(&fetch("t", &[(0, 0)]), 12);
    assert_eq!(heard(&mut script, peer), None);
    script.pass(50);
    append(&mut script, 1);
    assert_eq!(heard(&mut script, peer), None, "another partition");
    append(&mut script, 0);
    assert_eq!(base_offsets(&heard(&mut script, peer).unwrap()), [0]);
    assert_eq!(script.cluster.deadline(), None);
}

#[test]
fn a_fetch_ends_when_its_time_is_over() {
    let mut script = Script::new();
    script.create("t", 1, &[]);
    let peer = script.send(&fetch("t", &[(0, 0)]), 12);
    script.pass(99);
    assert_eq!(heard(&mut script, peer), None);
    script.pass(1);
    let data = heard(&mut script, peer).unwrap();
    assert_eq!((data.error_code, base_offsets(&data)), (ErrorCode::NONE, vec![]));
}

#[test]
fn a_fetch_waits_for_as_many_bytes_as_it_wants() {
    let mut script = Script::new();
    script.create("t", 1, &[]);
    let size = i32::try_from(batch(1, Stamp::NONE).len()).unwrap();
    let request = FetchRequest { min_bytes: 2 * size, ..fetch("t", &[(0, 0)]) };
    let peer = script.send(&request, 12);
    append(&mut script, 0);
    assert_eq!(heard(&mut script, peer), None);
    append(&mut script, 0);
    assert_eq!(base_offsets(&heard(&mut script, peer).unwrap()), [0, 1]);
}

#[test]
fn a_peer_that_is_gone_leaves_nothing_behind() {
    let mut script = Script::new();
    script.create("t", 1, &[]);
    let peer = script.send(&fetch("t", &[(0, 0)]), 12);
    script.cluster.handle_gone(peer);
    assert_eq!(script.cluster.deadline(), None);
    append(&mut script, 0);
    assert!(script.cluster.poll_answer().is_none());
}

#[test]
fn a_batch_larger_than_every_limit_is_given_once() {
    let mut script = Script::new();
    script.create("t", 2, &[]);
    (0..2).for_each(|index| append(&mut script, index));
    let mut request = FetchRequest { max_bytes: 1, ..fetch("t", &[(0, 0), (1, 0)]) };
    request.topics[0].partitions[0].partition_max_bytes = 1;
    let answer = script.ask(&request, 12);
    let parts: Vec<_> = answer.responses[0].partitions.iter().map(base_offsets).collect();
    assert_eq!(parts, [vec![0], vec![]]);
}

#[test]
fn an_error_ends_the_wait_for_the_others() {
    let mut script = Script::new();
    let topic_id = script.create("t", 1, &[]).topic_id;
    let mut codes = |request: &FetchRequest, version| -> Vec<_> {
        let answer = script.ask(request, version);
        answer.responses.iter().flat_map(|topic| &topic.partitions).map(|part| part.error_code).collect()
    };
    let (none, range) = (ErrorCode::NONE, ErrorCode::OFFSET_OUT_OF_RANGE);
    let unknown = ErrorCode::UNKNOWN_TOPIC_OR_PARTITION;
    assert_eq!(codes(&fetch("t", &[(0, 0), (1, 0)]), 12), [none, unknown]);
    assert_eq!(codes(&fetch("t", &[(0, 1)]), 12), [range]);
    assert_eq!(codes(&fetch("t", &[(0, -1)]), 12), [range]);
    assert_eq!(codes(&fetch("u", &[(0, 0)]), 12), [unknown]);
    let mut by_id = fetch("", &[(0, 0)]);
    by_id.topics[0].topic_id = Uuid([9; 16]);
    assert_eq!(codes(&by_id, 13), [ErrorCode::UNKNOWN_TOPIC_ID]);
    by_id.topics[0].topic_id = topic_id;
    by_id.topics[0].partitions[0].current_leader_epoch = 4;
    assert_eq!(codes(&by_id, 13), [ErrorCode::UNKNOWN_LEADER_EPOCH]);
}

#[test]
fn a_reader_beyond_the_end_is_told_where_the_log_ends() {
    let mut script = Script::new();
    script.create("t", 1, &[]);
    script.produce("t", 0, batch(2, Stamp::NONE));
    let mut request = fetch("t", &[(0, 7)]);
    request.topics[0].partitions[0].last_fetched_epoch = 0;
    let data = only(script.ask(&request, 12));
    let (told, end) = (data.diverging_epoch, (0, 2));
    assert_eq!((data.error_code, (told.epoch, told.end_offset)), (ErrorCode::NONE, end));
}

#[test]
fn a_repetition_answers_its_first_offset_and_is_written_once() {
    let mut script = Script::new();
    script.create("t", 1, &[]);
    let id = script.ask(&idempotent(), 5).producer_id;
    assert_eq!(script.produce("t", 0, batch(3, sequenced(id, 0))).base_offset, 0);
    assert_eq!(script.produce("t", 0, batch(2, sequenced(id, 3))).base_offset, 3);
    let again = script.produce("t", 0, batch(3, sequenced(id, 0)));
    assert_eq!((again.error_code, again.base_offset), (ErrorCode::NONE, 0));
    let gap = script.produce("t", 0, batch(1, sequenced(id, 9)));
    assert_eq!((gap.error_code, gap.base_offset), (ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER, -1));
    assert_eq!(script.cluster.stats().records, 5);
}

#[test]
fn producer_ids_differ() {
    let mut script = Script::new();
    let mut id = || script.ask(&idempotent(), 5).producer_id;
    assert_eq!([id(), id(), id()], [0, 1, 2]);
    let half = InitProducerIdRequest { producer_id: 1, ..idempotent() };
    assert_eq!(script.ask(&half, 5).error_code, ErrorCode::INVALID_REQUEST);
}

#[test]
fn a_compacted_topic_says_which_record_has_no_key() {
    let mut script = Script::new();
    script.create("t", 1, &[("cleanup.policy", "compact")]);
    let mut writer = BatchWriter::new(BytesMut::new(), 1 << 20);
    writer.append(UNIX_MS, Some(b"k"), None, &[]).unwrap();
    writer.append(UNIX_MS, None, Some(b"v"), &[]).unwrap();
    let refused = script.produce("t", 0, writer.seal(Stamp::NONE, Codec::NONE));
    assert_eq!(refused.error_code, ErrorCode::INVALID_RECORD);
    let blamed: Vec<_> = refused.record_errors.iter().map(|error| error.batch_index).collect();
    assert_eq!(blamed, [1]);
    assert_eq!(script.produce("t", 0, batch(1, Stamp::NONE)).base_offset, 0);
}

#[test]
fn without_acks_there_is_no_answer_and_an_error_closes() {
    let mut script = Script::new();
    script.create("t", 1, &[]);
    let unasked = |index| ProduceRequest { acks: 0, ..produce("t", index, batch(1, Stamp::NONE)) };
    let peer = script.send(&unasked(0), 9);
    assert_eq!(script.hear::<ProduceRequest>(peer, 9), Heard::Silence);
    let peer = script.send(&unasked(1), 9);
    assert_eq!(script.hear::<ProduceRequest>(peer, 9), Heard::Closed);
    let odd = ProduceRequest { acks: 2, ..unasked(0) };
    let code = script.ask(&odd, 9).responses[0].partition_responses[0].error_code;
    assert_eq!(code, ErrorCode::INVALID_REQUIRED_ACKS);
}

#[test]
fn deleting_a_topic_ends_the_wait() {
    let mut script = Script::new();
    script.create("t", 1, &[]);
    let peer = script.send(&fetch("t", &[(0, 0)]), 12);
    let topic_names = vec![Str::from_static("t")];
    let deleter = script.send(&DeleteTopicsRequest { topic_names, ..Default::default() }, 5);
    assert!(matches!(script.hear::<DeleteTopicsRequest>(deleter, 5), Heard::Answer(_)));
    let data = heard(&mut script, peer).unwrap();
    assert_eq!(data.error_code, ErrorCode::UNKNOWN_TOPIC_OR_PARTITION);
}

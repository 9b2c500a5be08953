//! Work that is done elsewhere: nobody waits for it but who asked.

use upsert_kafka_protocol::messages::list_offsets::{ListOffsetsPartition, ListOffsetsTopic};
use upsert_kafka_protocol::records::Compression;

use super::*;

fn packed(size: usize) -> Bytes {
    let mut writer = BatchWriter::new(BytesMut::new(), 32 << 20);
    writer.append(UNIX_MS, Some(b"key"), Some(&vec![0; size]), &[]).unwrap();
    writer.seal(Stamp::NONE, Codec { compression: Compression::Zstd, level: None })
}

fn elsewhere() -> Script {
    let mut script = Script::new();
    script.cluster = Cluster::new(BrokerConfig { seed: 1, ..Default::default() }).with_work_elsewhere();
    script.create("t", 1, &[]);
    script
}

/// The work of the connection, done.
fn done(script: &mut Script, peer: PeerId) -> Work {
    let (whom, mut work) = script.cluster.poll_work().expect("work");
    assert_eq!(whom, peer);
    while !work.run_turn() {}
    work
}

fn code(heard: Heard<ProduceResponse>) -> ErrorCode {
    match heard {
        Heard::Answer(answer) => answer.responses[0].partition_responses[0].error_code,
        other => panic!("{other:?}"),
    }
}

#[test]
fn others_are_answered_while_a_batch_is_looked_into() {
    let mut script = elsewhere();
    let peer = script.send(&produce("t", 0, packed(8 << 20)), 9);
    assert_eq!(script.hear::<ProduceRequest>(peer, 9), Heard::Nothing);
    assert_eq!(script.produce("t", 0, batch(1, Stamp::NONE)).base_offset, 0);
    let work = done(&mut script, peer);
    script.cluster.handle_work(peer, work, script.now());
    assert_eq!(code(script.hear::<ProduceRequest>(peer, 9)), ErrorCode::NONE);
    assert_eq!(script.cluster.stats().records, 2);
}

#[test]
fn a_batch_is_kept_though_its_client_has_gone_meanwhile() {
    let mut script = elsewhere();
    let peer = script.send(&produce("t", 0, packed(10)), 9);
    script.cluster.handle_gone(peer);
    let work = done(&mut script, peer);
    script.cluster.handle_work(peer, work, script.now());
    assert_eq!(script.cluster.stats().records, 1);
}

#[test]
fn a_topic_that_is_deleted_meanwhile_is_not_found() {
    let mut script = elsewhere();
    let peer = script.send(&produce("t", 0, packed(10)), 9);
    let work = done(&mut script, peer);
    let request = DeleteTopicsRequest { topic_names: vec![Str::from_static("t")], ..Default::default() };
    script.ask(&request, 5);
    script.cluster.handle_work(peer, work, script.now());
    assert_eq!(code(script.hear::<ProduceRequest>(peer, 9)), ErrorCode::UNKNOWN_TOPIC_OR_PARTITION);
}

#[test]
fn work_that_was_lost_is_an_error_and_not_silence() {
    let mut script = elsewhere();
    let peer = script.send(&produce("t", 0, packed(10)), 9);
    script.cluster.poll_work().expect("work");
    script.cluster.handle_work(peer, Work::default(), script.now());
    assert_eq!(code(script.hear::<ProduceRequest>(peer, 9)), ErrorCode::NOT_LEADER_OR_FOLLOWER);
}

#[test]
fn a_batch_that_decompresses_to_too_much_is_too_large() {
    let config = BrokerConfig { decompressed_batch_bytes_max: 1 << 20, seed: 1, ..Default::default() };
    let mut script = Script::with(config);
    script.create("t", 1, &[]);
    assert_eq!(script.produce("t", 0, packed(900_000)).error_code, ErrorCode::NONE);
    let refused = script.produce("t", 0, packed(1 << 20));
    assert_eq!(refused.error_code, ErrorCode::MESSAGE_TOO_LARGE);
    assert!(refused.error_message.is_some_and(|words| words.contains("decompresses to more")));
}

#[test]
fn a_time_is_looked_for_elsewhere_and_each_partition_once() {
    let mut script = elsewhere();
    let peer = script.send(&produce("t", 0, packed(10)), 9);
    let work = done(&mut script, peer);
    script.cluster.handle_work(peer, work, script.now());
    script.hear::<ProduceRequest>(peer, 9);
    let part = |timestamp| ListOffsetsPartition { timestamp, ..Default::default() };
    let topic = ListOffsetsTopic {
        name: Str::from_static("t"),
        partitions: vec![part(UNIX_MS), part(-1), part(UNIX_MS)],
        ..Default::default()
    };
    let request = ListOffsetsRequest { topics: vec![topic], ..Default::default() };
    let peer = script.send(&request, 7);
    let work = done(&mut script, peer);
    script.cluster.handle_work(peer, work, script.now());
    let Heard::Answer(answer) = script.hear::<ListOffsetsRequest>(peer, 7) else { panic!("no answer") };
    let parts: Vec<_> = answer.topics[0].partitions.iter().map(|it| (it.offset, it.timestamp)).collect();
    assert_eq!(parts, [(0, UNIX_MS)]);
}

//! What a message asks of memory: alone in its binary, since it counts every allocation.

use std::alloc::System;

use bytes::{Bytes, BytesMut};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, Stats, StatsAlloc};
use upsert_kafka_protocol::Message;
use upsert_kafka_protocol::messages::fetch::{FetchableTopicResponse, PartitionData};
use upsert_kafka_protocol::messages::produce::{PartitionProduceData, TopicProduceData};
use upsert_kafka_protocol::messages::{FetchResponse, MetadataResponse, ProduceRequest};
use upsert_kafka_protocol::records::{BatchWriter, Codec, Stamp, batches};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

#[test]
fn records_are_neither_copied_nor_counted() {
    a_fetch_allocates_for_arrays_and_not_for_what_is_in_them();
    a_produce_lends_its_records();
    a_frame_that_lies_reserves_little();
}

/// 1 MB in 50 partitions: one topic, one array of partitions, and nothing for some 10,000 records.
fn a_fetch_allocates_for_arrays_and_not_for_what_is_in_them() {
    let records = batch();
    let partitions = (0..PARTITIONS).map(|partition_index| PartitionData {
        partition_index,
        records: Some(records.clone()),
        ..Default::default()
    });
    let topic = FetchableTopicResponse {
        topic: "orders".into(),
        partitions: partitions.collect(),
        ..Default::default()
    };
    let response = FetchResponse { responses: vec![topic], ..Default::default() };
    let body = response.encode(12).expect("a version with its fields").into_bytes();
    assert!(body.len() > 1_000_000, "{} bytes", body.len());

    let read = FetchResponse::decode(&body, 12).expect("our own bytes");
    let asked = least(|| drop(FetchResponse::decode(&body, 12)));
    // The arrays, and the body's bytes become shared once.
    assert!(asked.allocations <= 4, "{} allocations", asked.allocations);
    let struct_bytes = size_of::<PartitionData>() * PARTITIONS as usize;
    assert!(asked.bytes_allocated < struct_bytes + 1024, "{} bytes", asked.bytes_allocated);

    let asked = least(|| {
        assert_eq!(read.responses[0].partitions.iter().map(seen).sum::<usize>(), 50 * RECORDS);
    });
    assert_eq!(asked.allocations, 0, "iterating allocates");
}

fn seen(partition: &PartitionData) -> usize {
    let blob = partition.records.as_ref().expect("records");
    let bodies = batches(blob).map(|batch| batch.expect("a batch").body(LIMIT).expect("a body"));
    bodies.map(|body| body.iter().filter(Result::is_ok).count()).sum()
}

/// What is allocated is the frame's small bytes and the list of pieces; the pieces are the caller's own.
fn a_produce_lends_its_records() {
    let records = batch();
    let partitions = (0..PARTITIONS).map(|index| PartitionProduceData {
        index,
        records: Some(records.clone()),
        ..Default::default()
    });
    let topic = TopicProduceData {
        name: "orders".into(),
        partition_data: partitions.collect(),
        ..Default::default()
    };
    let request = ProduceRequest { acks: -1, topic_data: vec![topic], ..Default::default() };
    let segments = request.encode(9).expect("a version with its fields");
    let asked = least(|| drop(request.encode(9)));
    assert_eq!(segments.parts(), 2 * PARTITIONS as usize + 1);
    let bytes = asked.bytes_allocated.saturating_add_signed(asked.bytes_reallocated);
    assert!(bytes < 16 * 1024, "{bytes} bytes for a payload of {}", records.len() * 50);
}

/// A million brokers in a few bytes; and as many as there are bytes, though each takes twelve.
fn a_frame_that_lies_reserves_little() {
    let mut body = vec![0; 100_000];
    body[..7].copy_from_slice(&[0, 0, 0, 0, 0xc0, 0x84, 0x3d]);
    let (error, asked) = refused(&body, 12);
    assert_eq!(error, "brokers: more elements than bytes at byte 7");
    assert!(asked < 1024, "{asked} bytes");

    body[..4].copy_from_slice(&90_000i32.to_be_bytes());
    let (error, asked) = refused(&body, 1);
    assert!(error.starts_with("brokers.") && error.contains("the frame ends early"), "{error}");
    assert!(asked < 32 * body.len(), "{asked} bytes");
}

/// Why, and how many bytes it asked for.
fn refused(body: &[u8], version: i16) -> (String, usize) {
    let body = Bytes::copy_from_slice(body);
    let error = MetadataResponse::decode(&body, version).expect_err("a frame that lies");
    let asked = least(|| drop(MetadataResponse::decode(&body, version)));
    (error.to_string(), asked.bytes_allocated.saturating_add_signed(asked.bytes_reallocated))
}

/// What work allocates: the least of some runs, since the test harness allocates too, on a thread of its own.
fn least(work: impl Fn()) -> Stats {
    let runs = (0..10).map(|_| {
        let region = Region::new(ALLOCATOR);
        work();
        region.change()
    });
    runs.min_by_key(|it| it.allocations).expect("a run")
}

fn batch() -> Bytes {
    let mut writer = BatchWriter::new(BytesMut::new(), 1 << 20);
    for at in 0..RECORDS as i64 {
        writer.append(at, Some(b"order"), Some(&[b'x'; 88]), &[]).expect("room");
    }
    writer.seal(Stamp::NONE, Codec::NONE)
}

const PARTITIONS: i32 = 50;
const RECORDS: usize = 200;
const LIMIT: usize = 1 << 20;

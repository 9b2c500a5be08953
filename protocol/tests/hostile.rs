//! What any damaged message may ask of memory: alone in its binary, since it counts every allocation.

#![allow(clippy::panic)] // a broken bound should say where

mod golden;

use std::alloc::System;

use bytes::Bytes;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use upsert_kafka_protocol::messages::MetadataResponse;
use upsert_kafka_protocol::messages::metadata::{
    MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};
use upsert_kafka_protocol::schema::Schema;
use upsert_kafka_protocol::{Message, Tags};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Reading and writing again together ask for at most so much per byte that is there, and so much besides: a tag
/// that nobody knows takes two bytes in the frame and forty in memory, a struct of nothing but tags one and some
/// hundred; a vector doubles as it grows. The rest is what arrays reserve before their first element is read.
const PER_BYTE: usize = 400;
const BESIDES: usize = 256 * 1024;

/// Every full message of every version, with claims of great length wherever one could stand.
#[test]
fn what_a_message_asks_of_memory_is_bounded_by_its_bytes() {
    let (mut tried, mut most) = (0, (0.0, String::new()));
    for file in ["messages.jsonl.gz", "older.jsonl.gz", "data.jsonl.gz", "headers.jsonl.gz"] {
        for vector in golden::lines(file).into_iter().filter(|it| it["kind"] == "full") {
            let (schema, version) = (schema(&vector), vector["version"].as_i64().expect("a version") as i16);
            let body = golden::hex(&vector);
            let step = body.len() / POSITIONS_MAX + 1;
            for (at, claim) in
                (0..body.len()).step_by(step).flat_map(|at| CLAIMS.iter().map(move |it| (at, it)))
            {
                let mut damaged = body.to_vec();
                let end = damaged.len().min(at + claim.len());
                damaged[at..end].copy_from_slice(&claim[..end - at]);
                let damaged = Bytes::from(damaged);
                let region = Region::new(ALLOCATOR);
                drop(schema.again(&damaged, version));
                let asked = region.change();
                let asked = asked.bytes_allocated.saturating_add_signed(asked.bytes_reallocated.max(0));
                let name = || format!("{} {version}, byte {at} = {claim:x?}", schema.name());
                assert!(asked <= PER_BYTE * body.len() + BESIDES, "{}: {asked} of {}", name(), body.len());
                let ratio = asked as f64 / body.len() as f64;
                if ratio > most.0 {
                    most = (ratio, name());
                }
                tried += 1;
            }
        }
    }
    println!("{tried} damaged messages; the most per byte: {most:?}");
    assert!(tried > 100_000);
    a_bound_on_memory_holds_whatever_the_frame_is_full_of();
}

/// Whoever reads a peer's long frame says how much memory it may become: then that is refused, and not asked for.
fn a_bound_on_memory_holds_whatever_the_frame_is_full_of() {
    let partition = MetadataResponsePartition::default();
    let held = MetadataResponsePartition {
        replica_nodes: vec![1],
        isr_nodes: vec![1],
        offline_replicas: vec![1],
        ..Default::default()
    };
    let topic = |partitions| MetadataResponseTopic { partitions, ..Default::default() };
    let tags = Tags((100..100 + MANY_TAGS).map(|tag| (tag, Bytes::new())).collect());
    for (what, response) in [
        ("brokers", MetadataResponse { brokers: vec![Default::default(); MANY], ..Default::default() }),
        ("topics", MetadataResponse { topics: vec![topic(Vec::new()); MANY], ..Default::default() }),
        ("partitions", MetadataResponse { topics: vec![topic(vec![partition; MANY])], ..Default::default() }),
        ("replicas", MetadataResponse { topics: vec![topic(vec![held; MANY])], ..Default::default() }),
        (
            "tags",
            MetadataResponse {
                brokers: vec![
                    MetadataResponseBroker { tags, ..Default::default() };
                    MANY / MANY_TAGS as usize
                ],
                ..Default::default()
            },
        ),
    ] {
        let body = response.encode(13).expect("it fits").into_bytes();
        assert!(MetadataResponse::decode(&body, 13).expect(what) == response, "{what}");
        let region = Region::new(ALLOCATOR);
        let refused = MetadataResponse::decode_within(&body, 13, MEMORY_MAX).expect_err(what).to_string();
        let asked = region.change();
        let asked = asked.bytes_allocated.saturating_add_signed(asked.bytes_reallocated.max(0));
        assert!(refused.contains("more than the reader has memory for"), "{what}: {refused}");
        assert!(asked < 3 * MEMORY_MAX, "{what}: {asked} bytes asked for");
    }
}

/// Of everything that a frame can be full of.
const MANY: usize = 40_000;
const MANY_TAGS: u32 = 1_000;
const MEMORY_MAX: usize = 1 << 20;

fn schema(vector: &serde_json::Value) -> &'static Schema {
    let (key, name) =
        (vector["key"].as_i64().expect("a key") as i16, vector["api"].as_str().expect("a name"));
    let schema = match vector["direction"].as_str() {
        Some("request") => Schema::request(key),
        Some("response") => Schema::response(key),
        _ => Schema::named(name),
    };
    schema.unwrap_or_else(|| panic!("{name}: not of this build"))
}

const POSITIONS_MAX: usize = 40;
const CLAIMS: &[&[u8]] = &[
    &[0x7f, 0xff, 0xff, 0xff],
    &[0, 0x0f, 0x42, 0x40],
    &[0xc0, 0x84, 0x3d],
    &[0xff, 0xff, 0xff, 0xff, 0x0f],
    &[0x7f],
    &[0, 0, 0, 200],
];

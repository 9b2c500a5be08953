//! A row on its way through a task takes no memory from the allocator, once buffers have grown. Alone in its binary:
//! the allocator counts whatever any thread takes.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::alloc::System;

use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use upsert_kafka_sink::internals::{Codecs, Fed, Message, Transform};
use upsert_kafka_sink::plan::{PlanOptions, plan};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// The seed's shapes (strings, and doubles in quotes), with casts.
const JOB: &str = "
    CREATE TABLE src (id STRING, amount DOUBLE, note STRING, n INT) WITH ('connector' = 'kafka', 'topic' = 'in',
        'properties.bootstrap.servers' = 'a:1', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json');
    CREATE TABLE o (id STRING, amount DOUBLE, note VARCHAR(9), n BIGINT, PRIMARY KEY (id) NOT ENFORCED) WITH (
        'connector' = 'upsert-kafka', 'topic' = 'out', 'properties.bootstrap.servers' = 'a:1',
        'key.format' = 'json', 'value.format' = 'json');
    INSERT INTO o SELECT * FROM src";

const ROWS: usize = 1_000;

#[tokio::test]
async fn a_row_that_is_read_cast_and_written_allocates_nothing() {
    let plan = plan(JOB, &PlanOptions::default()).unwrap();
    let pipeline = &plan.pipelines()[0];
    let codecs = Codecs::open(pipeline).await.unwrap();
    let mut transform = Transform::new(pipeline, &codecs);
    let values: Vec<String> = (0..ROWS)
        .map(|at| format!(r#"{{"id":"{at:08}", "amount":"{at}.50", "note":"a \"quoted\" one", "n":{at}}}"#))
        .collect();
    let mut pass = || {
        let mut bytes = 0;
        for value in &values {
            let message = Message { value: Some(value.as_bytes()), ..Message::new("in", 0, 0) };
            assert!(matches!(transform.feed(&message), Ok(Fed::Complete)));
            bytes += transform.changes()[0].iter().map(|it| it.value.map_or(0, <[u8]>::len)).sum::<usize>();
        }
        bytes
    };
    let warm = pass();
    let region = Region::new(ALLOCATOR);
    let again = pass();
    let change = region.change();
    assert_eq!((change.allocations, change.reallocations), (0, 0), "in {ROWS} rows");
    assert!(warm == again && warm > ROWS * 40, "{warm} bytes, {again} bytes");
}

//! What a producer asks of memory: alone in its binary, since it counts every allocation.

use std::alloc::System;

use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use upsert_kafka_client::{Client, Config, ErrorKind, Producer, Record, Role, Topic};

#[allow(dead_code)]
#[path = "../benches/produce/null_broker.rs"]
mod null_broker;
#[path = "../benches/produce/stream.rs"]
mod stream;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// One test, for they would count each other's bytes.
#[test]
fn the_producer_keeps_to_its_memory() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let address = null_broker::start(0, None);
    runtime.block_on(async {
        for compression in ["none", "lz4"] {
            nothing_is_allocated_per_record(&address, compression).await;
        }
        for batch_size in [16 << 10, 1 << 20] {
            a_broker_that_stands_still_costs_buffer_memory_and_little_more(&address, batch_size).await;
        }
        many_partitions_with_few_records_stay_small(&address).await;
    });
}

/// A batch is some allocations, a record none; and a buffer, compressed or not, is used again.
async fn nothing_is_allocated_per_record(address: &str, compression: &str) {
    let settings = [("batch.size", "65536"), ("compression.type", compression)];
    let (producer, topic) = open(address, &settings, "p6").await;
    let send = async |count: u64| {
        for number in 0..count {
            let key = number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes();
            drop(producer.send(Record::new(&topic).key(&key).value(&[7; 100])).await.expect("taken"));
        }
        producer.flush().await.expect("written");
    };
    send(WARM_UP).await;
    let before = ALLOCATOR.stats();
    send(RECORDS).await;
    let after = ALLOCATOR.stats();
    let allocations = (after.allocations - before.allocations) as f64 / RECORDS as f64;
    assert!(allocations < 0.05, "{compression}: {allocations} allocations a record");
    let bytes = (after.bytes_allocated - before.bytes_allocated) as f64 / RECORDS as f64;
    assert!(bytes < BYTES_PER_RECORD, "{compression}: {bytes} bytes asked for a record");
}

async fn a_broker_that_stands_still_costs_buffer_memory_and_little_more(address: &str, batch_size: usize) {
    let batch_size = batch_size.to_string();
    let memory = BUFFER_MEMORY.to_string();
    let settings = [("batch.size", &*batch_size), ("buffer.memory", &memory), ("max.block.ms", "50")];
    let (producer, topic) = open(address, &settings, "s6").await;
    let (before, mut peak) = (held(), 0);
    for number in 0u64.. {
        let key = number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes();
        let sent = producer.send(Record::new(&topic).key(&key).value(&[7; 100])).await;
        peak = peak.max(held() - before);
        if let Err(error) = sent {
            assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
            assert!(error.to_string().contains("buffer.memory"), "{error}");
            break;
        }
    }
    assert!(peak > BUFFER_MEMORY / 2, "batches of {batch_size}: only {peak} bytes were used");
    assert!(peak < BUFFER_MEMORY + OVERHEAD, "batches of {batch_size}: {peak} bytes");
}

async fn many_partitions_with_few_records_stay_small(address: &str) {
    let before = held();
    let (producer, topic) = open(address, &[("linger.ms", "60000")], "p10000").await;
    for _ in 0..5 {
        for partition in 0..10_000 {
            let record = Record::new(&topic).partition(partition).value(&[7; 100]);
            drop(producer.send(record).await.expect("taken"));
        }
    }
    let held = held() - before;
    assert!(held < MANY_PARTITIONS, "{held} bytes for 10,000 partitions");
    producer.flush().await.expect("written");
}

async fn open(address: &str, settings: &[(&str, &str)], topic: &str) -> (Producer, Topic) {
    let pairs = settings.iter().copied().chain([("bootstrap.servers", address)]);
    let (config, _) = Config::from_properties(pairs, Role::Producer).expect("a config");
    let producer = Client::open(config).await.expect("a broker").producer();
    let topic = producer.topic(topic).await.expect("a topic");
    (producer, topic)
}

fn held() -> usize {
    let stats = ALLOCATOR.stats();
    stats.bytes_allocated.saturating_sub(stats.bytes_deallocated)
}

/// The null broker asks for a core; here it may run anywhere.
fn pin(_: usize) {}

const WARM_UP: u64 = 100_000;
const RECORDS: u64 = 300_000;
/// Without the buffers' reuse each record would cost its own 118; what is left is mostly lz4's table, a batch.
const BYTES_PER_RECORD: f64 = 100.0;
const BUFFER_MEMORY: usize = 16 << 20;
/// Beside `buffer.memory`: what leads each batch, the connections, what a partition is known by.
const OVERHEAD: usize = 1 << 20;
/// A partition begins with 512 bytes and has taken 1 KiB when its fifth record is in.
const MANY_PARTITIONS: usize = 20 << 20;

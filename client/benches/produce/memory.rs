//! What the producer holds when its broker stands still, and when its partitions are many.

use upsert_kafka_client::{Producer, Record};

use super::args::Args;
use super::{ALLOCATOR, run};

pub(crate) fn section(_: &Args, address: &str, json: &mut Vec<String>) {
    println!("\n{:<44} {:>12} {:>12}", "bytes", "peak", "allowed");
    for batch_size in [16 << 10, 1 << 20] {
        let peak = stopped(address, batch_size);
        let name = format!("the broker stands still, {} KiB batches", batch_size >> 10);
        println!("{name:<44} {peak:>12} {:>12}", "34 MiB");
        json.push(
            serde_json::json!({"section": "memory", "batch_size": batch_size, "stopped_peak_bytes": peak})
                .to_string(),
        );
    }
    let peak = many_partitions(address);
    println!("{:<44} {peak:>12} {:>12}", "10,000 partitions, 5 records of 100 B each", "20 MiB");
    json.push(serde_json::json!({"section": "memory", "many_partitions_peak_bytes": peak}).to_string());
}

/// Sends until nothing goes in any more. Deliveries are dropped: they are the caller's.
fn stopped(address: &str, batch_size: usize) -> usize {
    let settings = vec![("batch.size", batch_size.to_string()), ("max.block.ms", "500".to_owned())];
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let producer = run::open(address, &settings).await;
        let topic = producer.topic("s6").await.expect("a topic");
        let before = held();
        let mut peak = before;
        for number in 0u64.. {
            let key = number.to_be_bytes();
            let sent = producer.send(Record::new(&topic).key(&key).value(&[7; 100])).await;
            peak = peak.max(held());
            if sent.is_err() {
                break;
            }
        }
        peak - before
    })
}

fn many_partitions(address: &str) -> usize {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let producer = run::open(address, &vec![("linger.ms", "1000".to_owned())]).await;
        let before = held();
        let topic = producer.topic("p10000").await.expect("a topic");
        let mut peak = held();
        for _ in 0..5 {
            for partition in 0..10_000 {
                send_to(&producer, Record::new(&topic).partition(partition)).await;
                peak = peak.max(held());
            }
        }
        producer.flush().await.expect("written");
        peak - before
    })
}

async fn send_to(producer: &Producer, record: Record<'_>) {
    drop(producer.send(record.value(&[7; 100])).await.expect("taken"));
}

/// Bytes that this process holds just now. What a reallocation adds is among what was allocated.
fn held() -> usize {
    let stats = ALLOCATOR.stats();
    stats.bytes_allocated - stats.bytes_deallocated
}

//! Microseconds to encode and to decode whole messages, and megabytes a second.
//!
//! `cargo bench -p upsert-kafka-protocol --bench messages [-- part of a message's name]`

use std::hint::black_box;
use std::time::{Duration, Instant};

use upsert_kafka_protocol::Message;

#[path = "messages/samples.rs"]
mod samples;

fn main() {
    println!("{:<48} {:>9} {:>12} {:>12}", "microseconds a message", "bytes", "encode", "decode");
    line("Metadata response 12, 1,000 topics x 10", 12, &samples::metadata());
    line("Produce request 9, 10 partitions x 16 KB", 9, &samples::produce());
    line("Fetch response 12, 50 partitions x 20 KB", 12, &samples::fetch());
    line("ApiVersions response 3, 60 keys", 3, &samples::api_versions());
}

fn line<M: Message>(name: &str, version: i16, message: &M) {
    if std::env::args().skip(1).any(|it| !it.starts_with('-') && !name.contains(&it)) {
        return;
    }
    let body = message.encode(version).expect("a message of this version").into_bytes();
    let read = M::decode(&body, version).expect("the bytes just written");
    assert!(read == *message, "{name}: reads as another message");
    let encode = best(|| drop(black_box(read.encode(version))));
    let decode = best(|| drop(black_box(M::decode(black_box(&body), version))));
    println!("{name:<48} {:>9} {encode:>12.3} {decode:>12.3}", body.len());
}

/// Microseconds a call, the best of many passes: the machine is shared.
fn best(mut work: impl FnMut()) -> f64 {
    let once = time(1, &mut work).max(Duration::from_nanos(20));
    let calls = (PASS.as_nanos() / once.as_nanos()).clamp(1, 10_000) as u32;
    let pass = (0..PASSES).map(|_| time(calls, &mut work)).min().unwrap_or_default();
    pass.as_secs_f64() * 1e6 / f64::from(calls)
}

fn time(calls: u32, work: &mut impl FnMut()) -> Duration {
    let start = Instant::now();
    (0..calls).for_each(|_| work());
    start.elapsed()
}

const PASS: Duration = Duration::from_millis(1);
const PASSES: usize = 1000;

//! From `send` to its answer at a thousand records a second, beside a bare request to the same broker.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{MissedTickBehavior, interval};
use upsert_kafka_client::{Producer, Record, Topic};
use upsert_kafka_protocol::messages::ProduceRequest;
use upsert_kafka_protocol::messages::produce::{PartitionProduceData, TopicProduceData};
use upsert_kafka_protocol::records::{BatchWriter, Codec, Stamp};
use upsert_kafka_protocol::{Str, header};

use super::args::Args;
use super::run;

pub(crate) fn section(args: &Args, address: &str, json: &mut Vec<String>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let (mut bare, mut sent) = runtime.block_on(turns(address, args));
    let [bare, sent] = [&mut bare, &mut sent].map(|them| {
        them.sort();
        [50, 99].map(|percent| them[them.len() * percent / 100].as_nanos() as f64 / 1e3)
    });
    let what = "1,000 records/s, linger 0, 100 B";
    println!("\n{what:<44} {:>8} {:>8}", "p50 µs", "p99 µs");
    println!("{:<44} {:>8.1} {:>8.1}", "a bare Produce and its answer", bare[0], bare[1]);
    println!("{:<44} {:>8.1} {:>8.1}", "send to acknowledgement", sent[0], sent[1]);
    println!("{:<44} {:>8.2} {:>8.2}", "times the bare one", sent[0] / bare[0], sent[1] / bare[1]);
    json.push(
        serde_json::json!({
            "section": "latency", "bare_p50_us": bare[0], "bare_p99_us": bare[1],
            "send_p50_us": sent[0], "send_p99_us": sent[1],
        })
        .to_string(),
    );
}

/// A tenth of a second of each in turns.
async fn turns(address: &str, args: &Args) -> (Vec<Duration>, Vec<Duration>) {
    let producer = run::open(address, &vec![("linger.ms", "0".to_owned())]).await;
    let topic = producer.topic("p1").await.expect("a topic");
    let mut socket = TcpStream::connect(address).await.expect("a broker");
    socket.set_nodelay(true).expect("a socket");
    let (mut bare, mut sent) = (Vec::new(), Vec::new());
    for _ in 0..10 * args.runs {
        paced(&mut bare, async || round_trip(&mut socket).await).await;
        paced(&mut sent, async || acknowledged(&producer, &topic).await).await;
    }
    (bare, sent)
}

async fn paced(times: &mut Vec<Duration>, mut work: impl AsyncFnMut()) {
    let mut ticks = interval(Duration::from_millis(1));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for nth in 0..100 {
        ticks.tick().await;
        let before = Instant::now();
        work().await;
        // The first ones find caches that the other side filled.
        if nth >= 5 {
            times.push(before.elapsed());
        }
    }
}

async fn acknowledged(producer: &Producer, topic: &Topic) {
    let delivery = producer.send(Record::new(topic).value(&[7; 100])).await.expect("taken");
    delivery.await.expect("written");
}

/// The same request, made and read by hand.
async fn round_trip(socket: &mut TcpStream) {
    let mut writer = BatchWriter::new(Default::default(), 512);
    writer.append(0, None, Some(&[7; 100]), &[]).expect("it fits");
    let records = Some(writer.seal(Stamp::NONE, Codec::NONE));
    let request = ProduceRequest {
        acks: -1,
        timeout_ms: 30_000,
        topic_data: vec![TopicProduceData {
            name: Str::from("p1"),
            partition_data: vec![PartitionProduceData { index: 0, records, ..Default::default() }],
            ..Default::default()
        }],
        ..Default::default()
    };
    let frame = header::request_frame(&request, 9, 1, None).expect("a request").into_bytes();
    socket.write_all(&frame).await.expect("written");
    let length = socket.read_u32().await.expect("an answer");
    let mut answer = vec![0; length as usize];
    socket.read_exact(&mut answer).await.expect("an answer");
}

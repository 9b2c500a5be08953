//! Records of 1 KB there and back, over each protocol in turns.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use cpu_time::ThreadTime;
use upsert_kafka_client::{Assignment, Client, NewTopic, Position, Record};

use crate::args::Args;
use crate::cluster::{Cluster, Way};
use crate::median;

const VALUE_BYTES: usize = 1000;
/// Deliveries that are not awaited yet.
const FLYING_MAX: usize = 20_000;
const WAYS: [Way; 3] = [Way::Plaintext, Way::Tls, Way::SaslTls("SCRAM-SHA-512")];

/// What one round took.
#[derive(Clone, Copy)]
struct Turn {
    produced: Duration,
    producer_cpu: Duration,
    consumed: Duration,
    consumer_cpu: Duration,
}

pub(crate) async fn run(args: &Args, cluster: &Cluster) {
    let mut turns: [Vec<Turn>; WAYS.len()] = Default::default();
    for round in 0..=args.rounds {
        for (at, way) in WAYS.iter().enumerate() {
            let turn = turn(args, cluster, *way, &format!("stream-{round}-{at}")).await;
            // The first warms up.
            if round > 0 {
                turns[at].push(turn);
            }
        }
    }
    println!(
        "{:<28} {:>10} {:>8} {:>9} {:>14} {:>8} {:>9}",
        "1 KB records", "MB/s", "of open", "CPU ns", "records/s", "of open", "CPU ns"
    );
    for (way, turns_of_way) in WAYS.iter().zip(&turns) {
        let (records, open) = (args.records as f64, &turns[0]);
        let best = |field: fn(&Turn) -> Duration| {
            turns_of_way.iter().map(|it| field(it).as_secs_f64()).fold(f64::MAX, f64::min)
        };
        let of_open = |field: fn(&Turn) -> Duration| {
            let ratios = open
                .iter()
                .zip(turns_of_way)
                .map(|(open, it)| field(open).as_secs_f64() / field(it).as_secs_f64());
            median(ratios.collect()) * 100.0
        };
        println!(
            "{:<28} {:>10.0} {:>7.0}% {:>9.0} {:>14.0} {:>7.0}% {:>9.0}",
            way.to_string(),
            records * VALUE_BYTES as f64 / 1e6 / best(|it| it.produced),
            of_open(|it| it.produced),
            best(|it| it.producer_cpu) * 1e9 / records,
            records / best(|it| it.consumed),
            of_open(|it| it.consumed),
            best(|it| it.consumer_cpu) * 1e9 / records,
        );
    }
}

/// Produces to a broker that runs already: nanoseconds per record of the best round, as JSON.
pub(crate) async fn produce_to(args: &Args, address: &str) {
    let client = Cluster::client_at(address, std::env::var("CA").ok()).await;
    let mut best = [f64::MAX; 2];
    for round in 0..=args.rounds {
        let topic = format!("ours-{round}");
        let created = client.admin().create_topics(&[NewTopic::new(&topic).partitions(1)]).await;
        assert!(created.expect("an answer").iter().all(Result::is_ok));
        let (began, cpu) = (Instant::now(), ThreadTime::now());
        produce(&client, &topic, args.records).await;
        // The first warms up.
        for (best, took) in best.iter_mut().zip([began.elapsed(), cpu.elapsed()]) {
            let ns = took.as_nanos() as f64 / args.records as f64;
            *best = if round > 0 { best.min(ns) } else { *best };
        }
    }
    println!("{{\"client\":\"ours\",\"wall_ns\":{:.1},\"cpu_ns\":{:.1}}}", best[0], best[1]);
}

async fn turn(args: &Args, cluster: &Cluster, way: Way, topic: &str) -> Turn {
    let client = cluster.client(way).await;
    let created =
        client.admin().create_topics(&[NewTopic::new(topic).partitions(1)]).await.expect("an answer");
    assert!(created.iter().all(Result::is_ok));
    let (began, cpu) = (Instant::now(), ThreadTime::now());
    produce(&client, topic, args.records).await;
    let (produced, producer_cpu) = (began.elapsed(), cpu.elapsed());
    let (began, cpu) = (Instant::now(), ThreadTime::now());
    consume(&client, topic, args.records).await;
    let (consumed, consumer_cpu) = (began.elapsed(), cpu.elapsed());
    // The broker keeps all in memory.
    client.admin().delete_topics(&[topic]).await.expect("an answer");
    Turn { produced, producer_cpu, consumed, consumer_cpu }
}

async fn produce(client: &Client, topic: &str, records: usize) {
    let producer = client.producer();
    let topic = producer.topic(topic).await.expect("the topic");
    let mut value = vec![b'v'; VALUE_BYTES];
    let mut flying = VecDeque::new();
    for at in 0..records {
        value[..8].copy_from_slice(&(at as u64).to_be_bytes());
        flying.push_back(producer.send(Record::new(&topic).value(&value)).await.expect("room"));
        if flying.len() > FLYING_MAX {
            flying.pop_front().expect("it holds some").await.expect("an acknowledgement");
        }
    }
    for delivery in flying {
        delivery.await.expect("an acknowledgement");
    }
}

async fn consume(client: &Client, topic: &str, records: usize) {
    let mut consumer = client.consumer();
    consumer.assign(vec![Assignment::new(topic, 0, Position::Earliest)]);
    let mut seen = 0;
    while seen < records {
        let fetched = consumer.poll().await.expect("records");
        seen += fetched.records().count();
    }
}

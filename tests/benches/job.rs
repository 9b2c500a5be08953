//! A job's speed and memory: the transform alone, then end to end on the embedded broker.
//!
//! `cargo bench -p upsert-kafka-tests --bench job [-- ROWS]`

use std::alloc::System;
use std::time::{Duration, Instant};

use cpu_time::{ProcessTime, ThreadTime};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use upsert_kafka_broker::{Broker, BrokerConfig};
use upsert_kafka_client::{Client, Config, NewTopic, Record, Role};
use upsert_kafka_sink::plan::{self, Plan, PlanOptions};
use upsert_kafka_sink::transform::Transform;
use upsert_kafka_sink::{Job, JobOptions};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const JOB: &str = include_str!("../../examples/orders.sql");
const PARTITIONS: i32 = 6;

fn main() {
    let rows = std::env::args().skip(1).find_map(|arg| arg.parse().ok()).unwrap_or(2_000_000);
    transform_alone();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("a runtime").block_on(end_to_end(rows));
}

/// The seed's order, 249 bytes, with changing numbers.
fn order(at: usize) -> String {
    let (id, cents) = (202_103_251_202_020_000 + at as u64 % 1_000_000, at % 100);
    format!(
        "{{\"order_id\":\"{id}\", \"order_channel\":\"miniAppShop\", \"order_time\":\"2021-03-25 12:02:02\", \
         \"pay_amount\":\"{}.{cents:02}\", \"real_pay\":\"60.00\", \"pay_time\":\"2021-03-25 12:03:00\", \
         \"user_id\":\"{:04}\", \"user_name\":\"Bob\", \"area_id\":\"330110\"}}",
        at % 1000,
        at % 10_000
    )
}

fn planned(bootstrap: &str) -> Plan {
    let set = |option: &str, value: &str| plan::Override {
        table: "orders".into(),
        option: option.into(),
        value: value.into(),
    };
    let options = PlanOptions {
        bootstrap: Some(bootstrap.to_owned()),
        set: vec![set("scan.startup.mode", "earliest-offset"), set("scan.bounded.mode", "latest-offset")],
        ..PlanOptions::default()
    };
    plan::plan(JOB, &options).expect("the seed's job")
}

/// Decode, upsert and encode on one core, warm, best of several rounds.
fn transform_alone() {
    if let Some(core) = core_affinity::get_core_ids().and_then(|cores| cores.last().copied()) {
        core_affinity::set_for_current(core);
    }
    let messages: Vec<String> = (0..10_000).map(order).collect();
    let bytes: usize = messages.iter().map(String::len).sum();
    let pipeline = planned("x:1").pipelines.remove(0);
    let mut transform = Transform::new(pipeline);
    let mut round = || {
        let mut out = 0;
        for message in &messages {
            let changes = transform.feed(message.as_bytes()).expect("a good order");
            out += changes.iter().map(|it| it.key.len() + it.value.map_or(0, <[u8]>::len)).sum::<usize>();
        }
        out
    };
    round();
    let region = Region::new(ALLOCATOR);
    let mut best = Duration::MAX;
    for _ in 0..ROUNDS {
        let began = ThreadTime::now();
        std::hint::black_box(round());
        best = best.min(began.elapsed());
    }
    let change = region.change();
    let rows = messages.len() * ROUNDS;
    let ns = best.as_nanos() as f64 / messages.len() as f64;
    println!(
        "transform  {} bytes a row in, {} rounds of {} rows",
        bytes / messages.len(),
        ROUNDS,
        messages.len()
    );
    println!("transform  {ns:.0} CPU ns a row, {:.2} M rows/s on one core", 1000.0 / ns);
    println!("transform  {} allocations in {rows} warm rows", change.allocations + change.reallocations);
    if let Some(cores) = core_affinity::get_core_ids() {
        cores.into_iter().for_each(|core| _ = core_affinity::set_for_current(core));
    }
}

/// Produce, then the job from its opening to its last commit; broker and job share the process.
async fn end_to_end(rows: usize) {
    let broker = Broker::start(BrokerConfig::default()).await.expect("a broker");
    let bootstrap = broker.address().to_string();
    let (config, _) =
        Config::from_properties([("bootstrap.servers", &*bootstrap)], Role::Any).expect("a config");
    let client = Client::open(config).await.expect("a client");
    let plan = planned(&bootstrap);
    let source_topic = plan.pipelines[0].source.topics[0].clone();
    let topics = [NewTopic { partitions: Some(PARTITIONS), ..NewTopic::new(&source_topic) }];
    let made = client.admin().create_topics(&topics).await.expect("an answer");
    assert!(made.iter().all(Result::is_ok));
    produce(&client, &source_topic, rows).await;

    let stored = broker.bytes_stored().await;
    let resident = resident_bytes();
    let (began, cpu) = (Instant::now(), ProcessTime::now());
    let new = upsert_kafka_sink::NewTopics { partitions: Some(PARTITIONS), replication_factor: None };
    let options = JobOptions { create_topics: Some(new), ..JobOptions::default() };
    let job = Job::open(plan, options).await.expect("a job");
    let progress = job.progress();
    let first_row = tokio::spawn(async move {
        while progress.counts().rows_out == 0 {
            tokio::task::yield_now().await;
        }
        began.elapsed()
    });
    let opened = began.elapsed();
    first_row.abort();
    let summary = job.run().await.expect("a good run");
    let (elapsed, cpu) = (began.elapsed(), cpu.elapsed());
    assert_eq!(summary.counts.rows_out, rows as u64);
    let grown = broker.bytes_stored().await - stored;
    println!(
        "job        {rows} rows, {PARTITIONS} partitions: {:.2} M rows/s, {:.2} CPU s per M rows (broker included)",
        rows as f64 / elapsed.as_secs_f64() / 1e6,
        cpu.as_secs_f64() / (rows as f64 / 1e6)
    );
    println!("job        opened after {:.1} ms", opened.as_secs_f64() * 1e3);
    let own = resident_bytes().saturating_sub(resident + grown);
    println!(
        "job        resident memory besides what the broker stores: {:.1} MB more than before",
        own as f64 / 1e6
    );
    broker.stop().await;
}

async fn produce(client: &Client, topic: &str, rows: usize) {
    let producer = client.producer();
    let topic = producer.topic(topic).await.expect("the topic");
    for at in 0..rows {
        let value = order(at);
        let _flushed_below = producer.send(Record::new(&topic).value(value.as_bytes())).await.expect("room");
    }
    producer.flush().await.expect("all written");
}

/// `VmRSS` of this process; 0 where there is no /proc.
fn resident_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|rest| rest.trim().trim_end_matches(" kB").parse::<u64>().ok()).unwrap_or(0) * 1024
}

const ROUNDS: usize = 31;

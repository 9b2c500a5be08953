//! A job's speed and memory: the transform alone, then end to end on the embedded broker.
//!
//! `cargo bench -p upsert-kafka-tests --bench job [-- ROWS]`

use std::alloc::System;
use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use cpu_time::ThreadTime;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use upsert_kafka_client::{Assignment, Client, Config, NewTopic, Position, Record, Role};
use upsert_kafka_sink::internals::{Codecs, Fed, Message, Transform};
use upsert_kafka_sink::plan::{self, Plan, PlanOptions};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const JOB: &str = include_str!("../../examples/orders.sql");
const PARTITIONS: i32 = 6;

fn main() {
    let rows = std::env::args().skip(1).find_map(|arg| arg.parse().ok()).unwrap_or(2_000_000);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.expect("a runtime");
    runtime.block_on(transform_alone());
    runtime.block_on(end_to_end(rows));
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
    let options = PlanOptions::new()
        .with_bootstrap(bootstrap)
        .with_option("orders", "scan.startup.mode", "earliest-offset")
        .with_option("orders", "scan.bounded.mode", "latest-offset");
    plan::plan(JOB, &options).expect("the seed's job")
}

/// Decode, upsert and encode on one core, warm, best of several rounds.
async fn transform_alone() {
    if let Some(core) = core_affinity::get_core_ids().and_then(|cores| cores.last().copied()) {
        core_affinity::set_for_current(core);
    }
    let messages: Vec<String> = (0..10_000).map(order).collect();
    let bytes: usize = messages.iter().map(String::len).sum();
    let plan = planned("x:1");
    let pipeline = &plan.pipelines()[0];
    let codecs = Codecs::open(pipeline).await.expect("formats that ask nobody");
    let mut transform = Transform::new(pipeline, &codecs);
    let mut round = || {
        let mut out = 0;
        for message in &messages {
            let message = Message { value: Some(message.as_bytes()), ..Message::new("orders", 0, 0) };
            assert!(matches!(transform.feed(&message), Ok(Fed::Complete)), "a good order");
            let changes = &transform.changes()[0];
            out += changes
                .iter()
                .map(|it| it.key.map_or(0, <[u8]>::len) + it.value.map_or(0, <[u8]>::len))
                .sum::<usize>();
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

/// Broker and job are children: so that the figures are each one's alone.
async fn end_to_end(rows: usize) {
    let (broker, bootstrap) = Child::broker();
    let (config, _) =
        Config::from_properties([("bootstrap.servers", &*bootstrap)], Role::Any).expect("a config");
    let client = Client::open(config).await.expect("a client");
    let plan = planned(&bootstrap);
    let (source, insert) = plan.inserts().next().expect("the seed's INSERT");
    let (source, sink) = (&source.topics()[0], insert.topic().expect("the seed's sink"));
    let topics = [
        NewTopic::new(source).partitions(PARTITIONS),
        NewTopic::new(sink).partitions(PARTITIONS).config("cleanup.policy", "compact"),
    ];
    let made = client.admin().create_topics(&topics).await.expect("an answer");
    assert!(made.iter().all(Result::is_ok));
    produce(&client, source, rows).await;

    let mut consumer = client.consumer();
    consumer.assign((0..PARTITIONS).map(|partition| earliest(sink, partition)).collect());
    let broker_cpu = broker.cpu();
    let began = Instant::now();
    let first_row = tokio::spawn(async move { consumer.poll().await.map(|_| began.elapsed()) });
    let job = Child::start(&bootstrap);
    let usage = tokio::task::spawn_blocking(move || job.watch()).await.expect("the job is watched");
    let (elapsed, broker_cpu) = (began.elapsed(), broker.cpu() - broker_cpu);
    let first_row = first_row.await.expect("a task").expect("a row");
    assert!(usage.said.contains(&format!("{rows} rows in, {rows} rows out")), "{}", usage.said);

    let millions = rows as f64 / 1e6;
    println!(
        "job        {rows} rows, {PARTITIONS} partitions: {:.2} M rows/s from start to exit, broker on the same cores",
        millions / elapsed.as_secs_f64()
    );
    println!(
        "job        {:.2} CPU s per M rows; the broker {:.2} more",
        usage.cpu.as_secs_f64() / millions,
        broker_cpu.as_secs_f64() / millions
    );
    println!("job        first row {:.0} ms after the process was started", first_row.as_secs_f64() * 1e3);
    println!("job        peak resident memory {:.1} MB", usage.peak_bytes as f64 / 1e6);
}

fn earliest(topic: &str, partition: i32) -> Assignment {
    Assignment::new(topic, partition, Position::Earliest)
}

/// The binary at work; killed when it goes.
struct Child(std::process::Child);

/// What the child took, as /proc told last before it ended.
struct Usage {
    said: String,
    cpu: Duration,
    peak_bytes: u64,
}

impl Child {
    /// The embedded broker on a free port, and its address.
    fn broker() -> (Self, String) {
        let child =
            Command::new(BINARY).args(["broker", "--listen", "127.0.0.1:0"]).stdout(Stdio::piped()).spawn();
        let mut broker = Self(child.expect("the binary starts"));
        let mut line = String::new();
        let out = broker.0.stdout.as_mut().expect("its output");
        BufReader::new(out).read_line(&mut line).expect("a line");
        let address =
            line.trim_start_matches("listening on ").split(';').next().unwrap_or_default().to_owned();
        (broker, address)
    }

    /// The seed's job, to the end of its source.
    fn start(bootstrap: &str) -> Self {
        let job = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/orders.sql");
        let child = Command::new(BINARY)
            .args(["run", job, "--bootstrap", bootstrap])
            .args(["--set", "orders.scan.startup.mode=earliest-offset"])
            .args(["--set", "orders.scan.bounded.mode=latest-offset"])
            .stdout(Stdio::piped())
            .spawn();
        Self(child.expect("the binary starts"))
    }

    fn watch(mut self) -> Usage {
        let mut usage = Usage { said: String::new(), cpu: Duration::ZERO, peak_bytes: 0 };
        while self.0.try_wait().expect("its state").is_none() {
            usage.peak_bytes = usage.peak_bytes.max(self.peak_bytes());
            usage.cpu = usage.cpu.max(self.cpu());
            std::thread::sleep(LOOK_EVERY);
        }
        let out = self.0.stdout.as_mut().expect("its output");
        out.read_to_string(&mut usage.said).expect("UTF-8");
        usage
    }

    /// `VmHWM`; 0 where there is no /proc.
    fn peak_bytes(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        line.and_then(|rest| rest.trim().trim_end_matches(" kB").parse::<u64>().ok()).unwrap_or(0) * 1024
    }

    /// User and system time, in ticks of 10 ms.
    fn cpu(&self) -> Duration {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.0.id())).unwrap_or_default();
        let after_name = stat.rsplit(") ").next().unwrap_or_default();
        let ticks = after_name.split(' ').skip(11).take(2).filter_map(|field| field.parse::<u64>().ok());
        Duration::from_millis(ticks.sum::<u64>() * 10)
    }
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

impl Drop for Child {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

const BINARY: &str = env!("CARGO_BIN_EXE_upsert-kafka-under-test");

const ROUNDS: usize = 31;

/// Between two looks at the child.
const LOOK_EVERY: Duration = Duration::from_millis(10);

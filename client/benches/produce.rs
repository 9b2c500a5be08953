//! Records per second and CPU nanoseconds a record, through the face that a user has.
//!
//! `cargo bench -p upsert-kafka-client --bench produce -- [--records N] [--runs N] [--value N] [--batch N]
//! [--topic p1|p6] [--keyed 0|1] [--address HOST:PORT]`: without an address it starts a broker that only
//! answers, on a core of its own. CPU is that of the client's thread.

#[path = "produce/null_broker.rs"]
mod null_broker;

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use cpu_time::ThreadTime;
use upsert_kafka_client::{Client, Config, Error, Producer, Record, Role, Topic};

fn main() {
    let flags = flags();
    let address = flags.get("address").cloned().unwrap_or_else(|| null_broker::start(1));
    pin(0);
    let number = |name: &str| flags.get(name).map(|text| text.parse::<usize>().expect("a number"));
    let (runs, records) = (number("runs").unwrap_or(5), number("records").unwrap_or(2_000_000));
    println!("{:<34} {:>8} {:>8} {:>8} {:>9} {:>8}", "", "best M/s", "median", "MB/s", "ns CPU", "median");
    for value_bytes in number("value").map_or(vec![100, 1000], |one| vec![one]) {
        for batch_size in number("batch").map_or(vec![1 << 20, 64 << 10, 16 << 10], |one| vec![one]) {
            for keyed in number("keyed").map_or(vec![true, false], |one| vec![one == 1]) {
                let topic = flags.get("topic").map_or("p6", String::as_str);
                let load = Load { topic, keyed, value_bytes, records: records * 200 / (100 + value_bytes) };
                let figures: Vec<_> = (0..runs).map(|_| run(&address, batch_size, &load)).collect();
                print(&load, batch_size, figures);
            }
        }
    }
}

/// What is sent in one run.
struct Load<'a> {
    topic: &'a str,
    keyed: bool,
    value_bytes: usize,
    records: usize,
}

/// Nanoseconds a record.
struct Figures {
    wall: f64,
    cpu: f64,
}

fn run(address: &str, batch_size: usize, load: &Load<'_>) -> Figures {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let pairs = [("bootstrap.servers", address), ("batch.size", &batch_size.to_string())];
    let (config, _) = Config::from_properties(pairs, Role::Producer).expect("a config");
    runtime.block_on(async {
        let producer = Client::open(config).await.expect("a broker").producer();
        let topic = producer.topic(load.topic).await.expect("a topic");
        drive(&producer, &topic, load, load.records / 8).await.expect("warms up");
        let (wall, cpu) = (Instant::now(), ThreadTime::now());
        drive(&producer, &topic, load, load.records).await.expect("sends");
        let each = |time: Duration| time.as_nanos() as f64 / load.records as f64;
        Figures { wall: each(wall.elapsed()), cpu: each(cpu.elapsed()) }
    })
}

/// The loop that a user would write: deliveries are awaited a window behind.
async fn drive(producer: &Producer, topic: &Topic, load: &Load<'_>, count: usize) -> Result<(), Error> {
    let mut value: Vec<u8> = (0..load.value_bytes).map(|at| at as u8).collect();
    let mut key = *b"customer00000000";
    let mut deliveries = VecDeque::with_capacity(WINDOW + 1);
    for number in 0..count as u64 {
        value[..8].copy_from_slice(&number.to_be_bytes());
        let mut record = Record::new(topic).value(&value);
        if load.keyed {
            key[8..].copy_from_slice(&(number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 44).to_be_bytes());
            record = record.key(&key);
        }
        deliveries.push_back(producer.send(record).await?);
        if deliveries.len() > WINDOW
            && let Some(delivery) = deliveries.pop_front()
        {
            delivery.await?;
        }
    }
    for delivery in deliveries {
        delivery.await?;
    }
    Ok(())
}

fn print(load: &Load<'_>, batch_size: usize, mut figures: Vec<Figures>) {
    let middle = figures.len() / 2;
    figures.sort_by(|a, b| a.cpu.total_cmp(&b.cpu));
    let cpu = (figures[0].cpu, figures[middle].cpu);
    figures.sort_by(|a, b| a.wall.total_cmp(&b.wall));
    let wall = (figures[0].wall, figures[middle].wall);
    let bytes = load.value_bytes + if load.keyed { 16 } else { 0 };
    let keyed = if load.keyed { "keyed" } else { "keyless" };
    let name = format!("{} {keyed}, {} B, {} KiB", load.topic, load.value_bytes, batch_size >> 10);
    println!(
        "{name:<34} {:>8.2} {:>8.2} {:>8.0} {:>9.0} {:>8.0}",
        1e3 / wall.0,
        1e3 / wall.1,
        bytes as f64 * 1e3 / wall.0,
        cpu.0,
        cpu.1
    );
}

/// `--name value`, and cargo's own `--bench`.
fn flags() -> HashMap<String, String> {
    let mut args = std::env::args().skip(1).filter(|arg| arg != "--bench");
    let mut flags = HashMap::new();
    while let Some(name) = args.next() {
        flags.insert(name.trim_start_matches('-').to_owned(), args.next().expect("every flag takes a value"));
    }
    flags
}

/// Where there is such a core; where not, it runs anywhere.
fn pin(core: usize) {
    if let Some(core) = core_affinity::get_core_ids().and_then(|cores| cores.get(core).copied()) {
        core_affinity::set_for_current(core);
    }
}

/// How many deliveries are open at a time.
const WINDOW: usize = 100_000;

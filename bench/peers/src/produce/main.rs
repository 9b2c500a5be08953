//! krafka's and rskafka's producers and ours against one null broker, in turns.
//!
//! `cargo run --release --manifest-path bench/peers/Cargo.toml --bin produce -- [RUNS] [RECORDS]`

use std::time::{Duration, Instant};

use cpu_time::ThreadTime;

mod krafka_side;
#[path = "../../../../client/benches/produce/null_broker.rs"]
mod null_broker;
mod ours;
mod rskafka_side;
#[path = "../../../../client/benches/produce/stream.rs"]
mod stream;

/// What is sent in one run.
#[derive(Clone, Copy, Debug)]
struct Load {
    topic: &'static str,
    partitions: i32,
    keyed: bool,
    value_bytes: usize,
    batch_size: usize,
    records: u64,
}

/// Nanoseconds a record: on the clock, and of the client's thread.
type Figures = (f64, f64);

/// A client's name, and its loop after a warm-up.
type Side = (&'static str, fn(&str, &Load) -> Figures);

const SIDES: [Side; 3] =
    [("upsert-kafka", ours::run), ("krafka 0.28.1", krafka_side::run), ("rskafka 0.6", rskafka_side::run)];

fn main() {
    let mut numbers = std::env::args().skip(1).map(|it| it.parse::<u64>().expect("a number"));
    let (runs, records) = (numbers.next().unwrap_or(5), numbers.next().unwrap_or(500_000));
    let broker = null_broker::start(0, Some(1));
    pin(0);
    println!("{:<28} {:<14} {:>9} {:>8} {:>8} {:>9}", "", "", "best M/s", "median", "MB/s", "CPU ns");
    for load in loads(records) {
        let mut figures = SIDES.map(|_| Vec::new());
        for _ in 0..runs {
            for ((_, run), figures) in SIDES.iter().zip(&mut figures) {
                figures.push(run(&broker, &load));
            }
        }
        for ((name, _), figures) in SIDES.iter().zip(figures) {
            print(name, &load, figures);
        }
    }
}

fn loads(records: u64) -> Vec<Load> {
    let load = |topic, partitions, keyed, value_bytes: usize, batch_size| {
        let records = records * 200 / (100 + value_bytes as u64);
        Load { topic, partitions, keyed, value_bytes, batch_size, records }
    };
    let mut loads = Vec::new();
    for (value_bytes, batch_size) in [(100, 1 << 20), (100, 16 << 10), (1000, 1 << 20), (1000, 16 << 10)] {
        for keyed in [true, false] {
            loads.push(load("p6", 6, keyed, value_bytes, batch_size));
        }
        loads.push(load("p1", 1, false, value_bytes, batch_size));
    }
    loads
}

fn print(name: &str, load: &Load, mut figures: Vec<Figures>) {
    figures.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (best, median) = (figures[0].0, figures[figures.len() / 2].0);
    let cpu = figures.iter().map(|it| it.1).fold(f64::MAX, f64::min);
    let keyed = if load.keyed { "keyed" } else { "keyless" };
    let what = format!("{} {keyed} {} B {} KiB", load.topic, load.value_bytes, load.batch_size >> 10);
    let bytes = load.value_bytes + if load.keyed { KEY.len() } else { 0 };
    println!(
        "{what:<28} {name:<14} {:>9.2} {:>8.2} {:>8.0} {cpu:>9.0}",
        1e3 / best,
        1e3 / median,
        bytes as f64 * 1e3 / best
    );
}

/// Times the second of two loops; the first, shorter one warms up.
async fn timed(load: &Load, mut drive: impl AsyncFnMut(u64)) -> Figures {
    drive(load.records / 8).await;
    let (wall, cpu) = (Instant::now(), ThreadTime::now());
    drive(load.records).await;
    let each = |time: Duration| time.as_nanos() as f64 / load.records as f64;
    (each(wall.elapsed()), each(cpu.elapsed()))
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

/// Value and key of a record, in buffers that are used again.
struct Row {
    key: [u8; 16],
    value: Vec<u8>,
}

impl Row {
    fn new(load: &Load) -> Self {
        Self { key: KEY, value: (0..load.value_bytes).map(|at| at as u8).collect() }
    }

    fn turn_to(&mut self, number: u64) {
        self.value[..8].copy_from_slice(&number.to_be_bytes());
        self.key[8..].copy_from_slice(&(number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 44).to_be_bytes());
    }
}

fn pin(core: usize) {
    if let Some(core) = core_affinity::get_core_ids().and_then(|cores| cores.get(core).copied()) {
        core_affinity::set_for_current(core);
    }
}

const KEY: [u8; 16] = *b"customer00000000";
/// How many deliveries are open at a time.
const WINDOW: usize = 100_000;

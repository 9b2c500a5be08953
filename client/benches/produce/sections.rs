//! The parts of the table: which loads, and what is printed of them.

use super::args::Args;
use super::load::{Content, End, Load};
use super::run::{self, Figures, Settings};
use super::{latency, loopback, memory};

/// A part, its name on the command line and what it does.
pub(crate) type Section = (&'static str, fn(&Args, &str, &mut Vec<String>));

pub(crate) const ALL: [Section; 8] = [
    ("table", table),
    ("one-partition", one_partition),
    ("flush", flush),
    ("senders", senders),
    ("compression", compression),
    ("latency", latency::section),
    ("memory", memory::section),
    ("cell", cell),
];

/// batch.size by key by size, each beside the bare socket in the same seconds.
fn table(args: &Args, address: &str, json: &mut Vec<String>) {
    head("6 partitions, deliveries awaited");
    for value_bytes in [100, 1000] {
        for batch_size in [1 << 20, 64 << 10, 16 << 10] {
            for keyed in [true, false] {
                let load = Load { keyed, value_bytes, ..load(args) };
                measure("table", args, address, &load, batch_size, json);
            }
        }
    }
}

fn one_partition(args: &Args, address: &str, json: &mut Vec<String>) {
    head("1 partition, deliveries awaited");
    for value_bytes in [100, 1000] {
        for batch_size in [1 << 20, 64 << 10, 16 << 10] {
            let load = Load { topic: "p1".to_owned(), value_bytes, ..load(args) };
            measure("one-partition", args, address, &load, batch_size, json);
        }
    }
}

fn flush(args: &Args, address: &str, json: &mut Vec<String>) {
    head("6 partitions, deliveries dropped, one flush");
    for value_bytes in [100, 1000] {
        for batch_size in [1 << 20, 16 << 10] {
            let load = Load { end: End::Flush, value_bytes, ..load(args) };
            measure("flush", args, address, &load, batch_size, json);
        }
    }
}

/// One load by its flags, for profiles and for runs in turn with something else.
fn cell(args: &Args, address: &str, json: &mut Vec<String>) {
    head("as asked");
    measure("cell", args, address, &load(args), args.batch_size, json);
}

/// A load as the flags say, so much smaller where its records are larger.
fn load(args: &Args) -> Load {
    Load {
        topic: args.topic.clone(),
        keyed: args.keyed,
        value_bytes: args.value_bytes,
        records: args.records,
        end: if args.flush { End::Flush } else { End::Deliveries },
        content: Content::Numbered,
    }
}

fn head(what: &str) {
    println!(
        "\n{what:<44} {:>8} {:>8} {:>8} {:>8} {:>8} {:>9} {:>8} {:>9}",
        "best M/s", "median", "MB/s", "CPU ns", "median", "allocs", "of bare", "bare MB/s"
    );
}

fn measure(
    section: &str,
    args: &Args,
    address: &str,
    load: &Load,
    batch_size: usize,
    json: &mut Vec<String>,
) {
    let load = Load { records: load.records * 200 / (100 + load.value_bytes as u64), ..load.clone() };
    let settings = settings(args, batch_size);
    let mut rounds = Vec::new();
    for _ in 0..args.runs {
        let bare = args.bare.then(|| loopback::ns_per_byte(address, batch_size, BARE_BYTES).ok()).flatten();
        rounds.push((run::on_this_thread(address, &settings, &load), bare));
    }
    let line = Line::of(&load, &rounds);
    let name = name(&load, batch_size);
    println!(
        "{name:<44} {:>8.2} {:>8.2} {:>8.0} {:>8.0} {:>8.0} {:>9.5} {:>8} {:>9}",
        1e3 / line.wall.0,
        1e3 / line.wall.1,
        load.record_bytes() as f64 * 1e3 / line.wall.0,
        line.cpu.0,
        line.cpu.1,
        line.allocations,
        line.of_bare.map_or_else(|| "–".to_owned(), |ratio| format!("{:.0} %", ratio * 100.0)),
        line.bare.map_or_else(|| "–".to_owned(), |ns| format!("{:.0}", 1e3 / ns)),
    );
    json.push(serde_json::json!({
        "section": section, "topic": load.topic, "keyed": load.keyed, "value_bytes": load.value_bytes,
        "batch_size": batch_size, "max_request_size": args.max_request_size,
        "best_per_second": 1e9 / line.wall.0, "median_per_second": 1e9 / line.wall.1,
        "bytes_per_second": load.record_bytes() as f64 * 1e9 / line.wall.0,
        "cpu_ns_best": line.cpu.0, "cpu_ns_median": line.cpu.1, "allocations_per_record": line.allocations,
        "median_ratio_to_bare": line.of_bare, "bare_bytes_per_second": line.bare.map(|ns| 1e9 / ns),
    })
    .to_string());
}

/// What many rounds come to: best and median, and the median of the ratios within each round.
struct Line {
    wall: (f64, f64),
    cpu: (f64, f64),
    allocations: f64,
    of_bare: Option<f64>,
    bare: Option<f64>,
}

impl Line {
    fn of(load: &Load, rounds: &[(Figures, Option<f64>)]) -> Self {
        let bytes = load.record_bytes() as f64;
        let figures = || rounds.iter().map(|(figures, _)| *figures);
        let ratios = rounds.iter().map(|(figures, bare)| Some((*bare)? * bytes / figures.wall));
        Self {
            wall: best_and_median(figures().map(|it| it.wall)),
            cpu: best_and_median(figures().map(|it| it.cpu)),
            allocations: best_and_median(figures().map(|it| it.allocations)).0,
            of_bare: ratios.collect::<Option<Vec<_>>>().map(|them| best_and_median(them).1),
            bare: rounds
                .iter()
                .map(|(_, bare)| *bare)
                .collect::<Option<Vec<_>>>()
                .map(|it| best_and_median(it).0),
        }
    }
}

fn senders(args: &Args, address: &str, json: &mut Vec<String>) {
    println!(
        "\n{:<44} {:>8} {:>8} {:>8}",
        "2 senders on 2 threads, which are not pinned", "best M/s", "median", "MB/s"
    );
    for value_bytes in [100, 1000] {
        for batch_size in [1 << 20, 16 << 10] {
            let load = Load { value_bytes, ..load(args) };
            let load = Load { records: load.records * 200 / (100 + value_bytes as u64), ..load };
            let settings = settings(args, batch_size);
            let runs = (0..args.runs).map(|_| run::on_threads(address, &settings, &load, 2));
            let (best, median) = best_and_median(runs);
            let bytes = load.record_bytes() as f64;
            println!(
                "{:<44} {:>8.2} {:>8.2} {:>8.0}",
                name(&load, batch_size),
                1e3 / best,
                1e3 / median,
                bytes * 1e3 / best
            );
            json.push(
                serde_json::json!({
                    "section": "senders", "value_bytes": value_bytes, "batch_size": batch_size,
                    "best_per_second": 1e9 / best, "median_per_second": 1e9 / median,
                })
                .to_string(),
            );
        }
    }
}

fn compression(args: &Args, address: &str, json: &mut Vec<String>) {
    let what = "orders as JSON, batches of 64 KiB";
    println!(
        "\n{what:<44} {:>8} {:>8} {:>8} {:>8} {:>9} {:>8}",
        "best M/s", "median", "MB/s", "CPU ns", "allocs", "ratio"
    );
    for value_bytes in [100, 1000] {
        for codec in ["none", "lz4", "zstd", "snappy", "gzip"] {
            let records = args.records * 100 / (100 + value_bytes as u64) / 4;
            let load = Load { content: Content::Orders, value_bytes, records, ..load(args) };
            let mut settings = settings(args, 64 << 10);
            settings.push(("compression.type", codec.to_owned()));
            let before = super::null_broker::batch_bytes();
            let runs: Vec<_> =
                (0..args.runs).map(|_| run::on_this_thread(address, &settings, &load)).collect();
            let wire = (super::null_broker::batch_bytes() - before) as f64;
            let sent = (load.records + load.records / 8) as f64 * args.runs as f64;
            let (best, median) = best_and_median(runs.iter().map(|it| it.wall));
            let cpu = best_and_median(runs.iter().map(|it| it.cpu)).0;
            let allocations = best_and_median(runs.iter().map(|it| it.allocations)).0;
            let (bytes, ratio) = (load.record_bytes() as f64, sent * load.record_bytes() as f64 / wire);
            println!(
                "{:<44} {:>8.2} {:>8.2} {:>8.0} {cpu:>8.0} {allocations:>9.5} {ratio:>8.2}",
                format!("{codec}, {value_bytes} B"),
                1e3 / best,
                1e3 / median,
                bytes * 1e3 / best,
            );
            json.push(
                serde_json::json!({
                    "section": "compression", "codec": codec, "value_bytes": value_bytes,
                    "best_per_second": 1e9 / best, "bytes_per_second": bytes * 1e9 / best,
                    "cpu_ns_best": cpu, "ratio": ratio, "allocations_per_record": allocations,
                })
                .to_string(),
            );
        }
    }
}

fn settings(args: &Args, batch_size: usize) -> Settings<'static> {
    vec![
        ("batch.size", batch_size.to_string()),
        ("linger.ms", "5".to_owned()),
        ("max.request.size", args.max_request_size.to_string()),
    ]
}

fn name(load: &Load, batch_size: usize) -> String {
    let keyed = if load.keyed { "keyed" } else { "keyless" };
    format!("{}, {keyed}, {} B, {} KiB", load.topic, load.value_bytes, batch_size >> 10)
}

/// The least and the one in the middle.
pub(crate) fn best_and_median(figures: impl IntoIterator<Item = f64>) -> (f64, f64) {
    let mut figures: Vec<_> = figures.into_iter().collect();
    figures.sort_by(f64::total_cmp);
    (figures[0], figures[figures.len() / 2])
}

/// Enough for some tenths of a second.
const BARE_BYTES: usize = 256 << 20;

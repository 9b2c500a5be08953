//! CPU nanoseconds and allocations a row: decode, and the key, and the value; and the whole transform of a job.
//! Pin it: `taskset -c 1 cargo bench …`.

use std::alloc::System;
use std::hint::black_box;
use std::sync::Arc;

use cpu_time::ThreadTime;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use upsert_kafka_sink::internals::{
    Codecs, Decoder, Encoded, Encoder, Fed, FormatSpec, Message, OptionSet, OptionValue, Transform,
};
use upsert_kafka_sink::plan::{PlanOptions, plan};
use upsert_kafka_sink::row::{Arena, Row, RowKind};
use upsert_kafka_sink::types::{Field, LogicalType};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const ROWS: usize = 4_096;
const PASSES: usize = 24;
const RUNS: usize = 21;

fn main() {
    let messages = orders();
    let bytes: usize = messages.iter().map(Vec::len).sum();
    println!("{ROWS} rows of {} bytes in the mean", bytes / ROWS);
    println!("{:<44} {:>8} {:>8} {:>12}", "CPU ns a row", "best", "median", "allocations");

    let key = encoder(&[0]);
    let value = encoder(&(0..columns().len()).collect::<Vec<_>>());
    for (name, parser) in [("", true), ("tree: ", false)] {
        let decoder = decoder(parser);
        let (mut arena, mut out) = (Arena::new(), Vec::new());
        measure(&format!("{name}decode"), || {
            each_row(&*decoder, &mut arena, &messages, |row| _ = black_box(row))
        });
        measure(&format!("{name}decode, encode the key"), || {
            each_row(&*decoder, &mut arena, &messages, |row| write(&[&*key], row, &mut out));
        });
        measure(&format!("{name}decode, encode the key and the value"), || {
            each_row(&*decoder, &mut arena, &messages, |row| write(&[&*key, &*value], row, &mut out));
        });
    }
    for format in ["avro", "protobuf"] {
        binary(format, &messages);
    }
    let mut transform = transform();
    measure("transform: a message to its key and value", || {
        for value in &messages {
            let message = Message { value: Some(value), ..Message::new("orders", 0, 0) };
            assert!(matches!(transform.feed(&message), Ok(Fed::Complete)), "orders are valid JSON");
            black_box(transform.changes());
        }
    });
}

/// The same rows in a format that needs no text.
fn binary(format: &str, orders: &[Vec<u8>]) {
    let mut options = OptionSet::default();
    if format == "protobuf" {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/data/orders.proto");
        options.insert("descriptor-file", OptionValue::String(file.to_owned()));
        options.insert("message-class-name", OptionValue::String("Order".to_owned()));
    }
    let spec = FormatSpec::named(format).expect("a format that there is");
    let slots: Vec<usize> = (0..columns().len()).collect();
    let encoder = spec.encoding.expect("it is written")(&options, &columns(), &slots);
    let encoder = encoder.expect("it holds these types").open_at_once().expect("it asks nobody");
    let decoder = spec.decoding.expect("it is read")(&options, &columns(), &[]);
    let decoder = decoder.expect("it holds these types").open_at_once().expect("it asks nobody");
    let (mut arena, mut out, mut messages) = (Arena::new(), Vec::new(), Vec::new());
    each_row(&*self::decoder(true), &mut arena, orders, |row| {
        let mut message = Vec::new();
        write(&[&*encoder], row, &mut message);
        messages.push(message);
    });
    measure(&format!("{format}: decode"), || {
        each_row(&*decoder, &mut arena, &messages, |row| _ = black_box(row));
    });
    measure(&format!("{format}: decode, encode the value"), || {
        each_row(&*decoder, &mut arena, &messages, |row| write(&[&*encoder], row, &mut out));
    });
}

/// A stream: a row lives until it is encoded, then the arena starts again.
fn each_row(decoder: &dyn Decoder, arena: &mut Arena, messages: &[Vec<u8>], mut each: impl FnMut(Row<'_>)) {
    for message in messages {
        arena.reset();
        decoder
            .decode(Some(message), arena, &mut |_, row| row.into_iter().for_each(&mut each))
            .expect("orders are valid JSON");
    }
}

fn write(encoders: &[&dyn Encoder], row: Row<'_>, out: &mut Vec<u8>) {
    out.clear();
    for encoder in encoders {
        let encoded = encoder.encode(RowKind::Insert, row, out).expect("rows are of the columns' types");
        assert_eq!(encoded, Encoded::Bytes);
    }
    black_box(&out);
}

/// Prints the best and the median run, and what one pass over the rows allocates once all is warm.
fn measure(what: &str, mut pass: impl FnMut()) {
    pass();
    let mut runs: Vec<f64> = (0..RUNS)
        .map(|_| {
            let start = ThreadTime::now();
            (0..PASSES).for_each(|_| pass());
            start.elapsed().as_nanos() as f64 / (ROWS * PASSES) as f64
        })
        .collect();
    runs.sort_by(f64::total_cmp);
    let region = Region::new(ALLOCATOR);
    pass();
    let change = region.change();
    let allocations = (change.allocations + change.reallocations) as f64 / ROWS as f64;
    println!("{what:<44} {:>8.1} {:>8.1} {allocations:>12.3}", runs[0], runs[RUNS / 2]);
}

fn decoder(parser: bool) -> Arc<dyn Decoder> {
    let mut options = OptionSet::default();
    options.insert("decode.json-parser.enabled", OptionValue::Bool(parser));
    let new = FormatSpec::named("json").and_then(|json| json.decoding).expect("json is read");
    new(&options, &columns(), &[]).expect("json holds these types").open_at_once().expect("json asks nobody")
}

fn encoder(slots: &[usize]) -> Arc<dyn Encoder> {
    let new = FormatSpec::named("json").and_then(|json| json.encoding).expect("json is written");
    let described = new(&OptionSet::default(), &columns(), slots).expect("json holds these types");
    described.open_at_once().expect("json asks nobody")
}

/// The seed's job: its source table is its sink table.
fn transform() -> Transform {
    let columns: Vec<String> =
        columns().iter().map(|it| format!("{} {}", it.name, it.data_type.logical)).collect();
    let columns = columns.join(", ");
    let job = format!(
        "CREATE TABLE orders ({columns}) WITH ('connector' = 'kafka', 'topic' = 'orders',
            'properties.bootstrap.servers' = 'x:1', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json');
        CREATE TABLE sink ({columns}, PRIMARY KEY (order_id) NOT ENFORCED) WITH ('connector' = 'upsert-kafka',
            'topic' = 'sink', 'properties.bootstrap.servers' = 'x:1', 'key.format' = 'json', 'value.format' = 'json');
        INSERT INTO sink SELECT * FROM orders"
    );
    let plan = plan(&*job, &PlanOptions::default()).expect("the seed's job");
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let codecs = runtime.block_on(Codecs::open(&plan.pipelines()[0])).expect("json asks nobody");
    Transform::new(&plan.pipelines()[0], &codecs)
}

/// The seed's table.
fn columns() -> Vec<Field> {
    let names = "order_id order_channel order_time pay_amount real_pay pay_time user_id user_name area_id";
    let data_type = |name: &str| match name {
        "pay_amount" | "real_pay" => LogicalType::Double.nullable(),
        _ => LogicalType::STRING.nullable(),
    };
    names.split(' ').map(|name| Field::new(name, data_type(name))).collect()
}

/// About a megabyte of the seed's orders, blanks and quoted amounts included.
fn orders() -> Vec<Vec<u8>> {
    let channels = ["miniAppShop", "qqShop", "webShop-mobile", "partnerAppShop"];
    let users = ["Bob", "Cindy Baker", "Alice Montgomery-Hale", "Dorothea von Trapp", "Zoë Müller"];
    (0..ROWS)
        .map(|at| {
            let amount = (at * 7_919) % 100_000;
            format!(
                concat!(
                    r#"{{"order_id":"20210325{:010}", "order_channel":"{}", "order_time":"2021-03-25 12:{:02}:02", "#,
                    r#""pay_amount":"{}.{:02}", "real_pay":"{}.00", "pay_time":"2021-03-25 12:{:02}:00", "#,
                    r#""user_id":"{:08}", "user_name":"{}", "area_id":"330{:03}"}}"#
                ),
                at * 31,
                channels[at % 4],
                at % 60,
                amount / 100,
                amount % 100,
                amount / 1_000 * 10,
                at % 60,
                at % 977,
                users[at % 5],
                at % 211
            )
            .into_bytes()
        })
        .collect()
}

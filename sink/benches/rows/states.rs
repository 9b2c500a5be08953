//! What keeps rows: the buffer of a sink, and the state of an upsert source with the memory that it takes.

use std::hint::black_box;

use upsert_kafka_sink::internals::{Buffer, Fed, Message};

use crate::meter::{Meter, ROWS};
use crate::orders;
use crate::planned::{blackhole, table, transform};

const COLUMNS: &str = "order_id STRING, order_channel STRING, order_time STRING, pay_amount DOUBLE, real_pay DOUBLE, \
    pay_time STRING, user_id STRING, user_name STRING, area_id STRING, PRIMARY KEY (order_id) NOT ENFORCED";

pub(crate) fn run(meter: &Meter) {
    buffer(meter);
    state(meter);
}

/// Every key comes twice before a flush.
fn buffer(meter: &Meter) {
    let name = "buffer: put every second row over an earlier one";
    if !meter.wants(name) {
        return;
    }
    let messages = orders::messages();
    let mut buffer = Buffer::new(1_000, usize::MAX);
    let columns = COLUMNS.replace(", PRIMARY KEY (order_id) NOT ENFORCED", "");
    let source = table("t", &columns, "kafka", "'format' = 'json'");
    let sink = table("o", COLUMNS, "upsert-kafka", "'key.format' = 'json', 'value.format' = 'json'");
    let job = format!("{source}{sink}INSERT INTO o SELECT * FROM t");
    let mut transform = transform(&job);
    let twice: Vec<Vec<u8>> = messages.chunks(ROWS / 8).flat_map(|it| it.iter().chain(it).cloned()).collect();
    let mut changes = |buffer: Option<&mut Buffer>| {
        let mut buffer = buffer;
        for value in &twice[..ROWS] {
            let message = Message { value: Some(value), ..Message::new("t", 0, 0) };
            assert!(matches!(transform.feed(&message), Ok(Fed::Complete)), "orders are valid JSON");
            for change in transform.changes()[0].iter() {
                let Some(buffer) = buffer.as_deref_mut() else {
                    black_box(change);
                    continue;
                };
                buffer.put(change);
                if buffer.is_full() {
                    buffer.changes().for_each(|it| _ = black_box(it));
                    buffer.clear();
                }
            }
        }
    };
    let base = meter.cost(|| changes(None));
    let cost = meter.cost(|| changes(Some(&mut buffer)));
    meter.print(name, cost.beyond(base, 1));
}

/// A row of an upsert table, whose last row of each key is kept: equal rows, and rows that change.
fn state(meter: &Meter) {
    let columns = COLUMNS.replace("pay_amount DOUBLE", "pay_amount STRING");
    let source = table("t", &columns, "upsert-kafka", "'key.format' = 'json', 'value.format' = 'json'");
    let sink = blackhole("o", &columns);
    let job = format!("{source}{sink}INSERT INTO o SELECT * FROM t WHERE area_id <> ''");
    let name = "state: an upsert source's row replaces one";
    if !meter.wants(name) {
        return;
    }
    let mut transform = transform(&job);
    let first = orders::messages();
    let key = |at: usize| format!(r#"{{"order_id":"20210325{:010}"}}"#, at * 31).into_bytes();
    let keys: Vec<Vec<u8>> = (0..ROWS).map(key).collect();
    let text = |message: &Vec<u8>| String::from_utf8_lossy(message).replace("Shop", "Store").into_bytes();
    let second: Vec<Vec<u8>> = first.iter().map(text).collect();
    let mut turn = 0;
    let mut pass = || {
        turn += 1;
        let values = if turn % 2 == 0 { &first } else { &second };
        for (key, value) in keys.iter().zip(values) {
            let message = Message { key: Some(key), value: Some(value), ..Message::new("t", 0, 0) };
            assert!(matches!(transform.feed(&message), Ok(Fed::Complete)), "orders are valid JSON");
            black_box(transform.changes());
        }
    };
    meter.print(name, meter.cost(&mut pass));
    memory(&job);
}

/// The memory of a hundred thousand rows, as parts of their bytes.
fn memory(job: &str) {
    let mut transform = transform(job);
    let message = String::from_utf8(orders::messages().remove(9)).expect("text");
    let (head, tail) = message.split_at(r#"{"order_id":""#.len());
    let tail = &tail[tail.find('"').expect("the id ends")..];
    for at in 0..100_000 {
        let key = format!(r#"{{"order_id":"20210325{at:010}"}}"#);
        let value = format!("{head}20210325{at:010}{tail}");
        let message =
            Message { key: Some(key.as_bytes()), value: Some(value.as_bytes()), ..Message::new("t", 0, 0) };
        assert!(matches!(transform.feed(&message), Ok(Fed::Complete)), "orders are valid JSON");
    }
    let size = transform.state_size();
    let ratio = size.memory_bytes as f64 / size.content_bytes as f64;
    println!("state: memory of {} rows, as parts of their bytes\t{ratio:.3}", size.rows);
}

//! Whole transforms: a message to its key and value, format by format, and of two tasks at once.

use std::sync::Barrier;

use crate::meter::Meter;
use crate::planned::{feed, table, transforms};
use crate::{formats, orders};

pub(crate) fn run(meter: &Meter) {
    for format in ["json", "csv", "avro", "protobuf", "raw"] {
        let messages = formats::orders_in(format);
        let mut transform = transforms(&job(format), 1).remove(0);
        meter.measure(&format!("job: {format} to {format}"), || feed(&mut transform, &messages));
    }
    two_tasks(meter);
}

/// The seed's job: every column of a table goes into an upsert table of the same format.
fn job(format: &str) -> String {
    let columns: Vec<String> =
        orders::columns().iter().map(|it| format!("{} {}", it.name, it.data_type.logical)).collect();
    let (columns, keyed) = match format {
        "raw" => ("line STRING".to_owned(), String::new()),
        _ => (columns.join(", "), format!("{}, PRIMARY KEY (order_id) NOT ENFORCED", columns.join(", "))),
    };
    let more = |prefix: &str| match format {
        "protobuf" => format!(
            ", '{prefix}protobuf.descriptor-file' = '{}', '{prefix}protobuf.message-class-name' = 'Order'",
            formats::DESCRIPTOR
        ),
        _ => String::new(),
    };
    let source = table("t", &columns, "kafka", &format!("'format' = '{format}'{}", more("")));
    // raw has one column, and a key would have to be another.
    let sink = match format {
        "raw" => table("o", &columns, "kafka", "'format' = 'raw'"),
        "protobuf" => {
            let options = format!("'key.format' = 'json', 'value.format' = 'protobuf'{}", more("value."));
            table("o", &keyed, "upsert-kafka", &options)
        }
        _ => {
            let options = format!("'key.format' = '{format}', 'value.format' = '{format}'");
            table("o", &keyed, "upsert-kafka", &options)
        }
    };
    format!("{source}{sink}INSERT INTO o SELECT * FROM t")
}

/// What a row costs one of two tasks that run side by side: as much as alone, if they share nothing that moves.
fn two_tasks(meter: &Meter) {
    let name = "job: json to json, each of 2 tasks";
    if !meter.wants(name) {
        return;
    }
    let messages = orders::messages();
    let barrier = Barrier::new(2);
    let costs: Vec<_> = std::thread::scope(|scope| {
        let run = |mut transform| {
            let (barrier, messages) = (&barrier, &messages);
            scope.spawn(move || {
                barrier.wait();
                meter.cost(|| feed(&mut transform, messages))
            })
        };
        let tasks: Vec<_> = transforms(&job("json"), 2).into_iter().map(run).collect();
        tasks.into_iter().map(|task| task.join().expect("a task")).collect()
    });
    costs.into_iter().for_each(|cost| meter.print(name, cost));
}

//! A planned job's transform, with formats that ask nobody.

use std::hint::black_box;

use upsert_kafka_sink::internals::{Codecs, Fed, Message, Transform};
use upsert_kafka_sink::plan::{Plan, PlanOptions, plan};

/// A table of Kafka's, with what its connector needs beside these options.
pub(crate) fn table(name: &str, columns: &str, connector: &str, options: &str) -> String {
    let start = if connector == "kafka" { ", 'scan.startup.mode' = 'earliest-offset'" } else { "" };
    format!(
        "CREATE TABLE {name} ({columns}) WITH ('connector' = '{connector}', 'topic' = '{name}',
            'properties.bootstrap.servers' = 'x:1'{start}, {options});\n"
    )
}

/// A table that keeps nothing.
pub(crate) fn blackhole(name: &str, columns: &str) -> String {
    format!("CREATE TABLE {name} ({columns}) WITH ('connector' = 'blackhole');\n")
}

pub(crate) fn planned(job: &str) -> Plan {
    plan(job, &PlanOptions::default()).expect("a job that plans")
}

/// The transforms of so many tasks, which share what was opened.
pub(crate) fn transforms(job: &str, tasks: usize) -> Vec<Transform> {
    let plan = planned(job);
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let codecs = runtime.block_on(Codecs::open(&plan.pipelines()[0])).expect("these formats ask nobody");
    (0..tasks).map(|_| Transform::new(&plan.pipelines()[0], &codecs)).collect()
}

pub(crate) fn transform(job: &str) -> Transform {
    transforms(job, 1).remove(0)
}

/// Reads each of these values.
pub(crate) fn feed(transform: &mut Transform, values: &[Vec<u8>]) {
    for value in values {
        let message = Message { value: Some(value), ..Message::new("t", 0, 0) };
        assert!(matches!(transform.feed(&message), Ok(Fed::Complete)), "the values are of their format");
        black_box(transform.changes());
    }
}

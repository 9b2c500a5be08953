//! What a row costs, stage by stage: CPU nanoseconds, rows a second and core, and allocations.
//!
//! `taskset -c 1 cargo bench -p upsert-kafka-sink [-- WORD …]` measures what has all those words in its name. A line is
//! a measurement: its fields stand between tabs, the name first. Builds beside it make it slower, so the best of many
//! short runs counts; the median beside it says how much to believe.

use std::alloc::System;

use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[path = "rows/expressions.rs"]
mod expressions;
#[path = "rows/filters.rs"]
mod filters;
#[path = "rows/formats.rs"]
mod formats;
#[path = "rows/jobs.rs"]
mod jobs;
#[path = "rows/meter.rs"]
mod meter;
#[path = "rows/orders.rs"]
mod orders;
#[path = "rows/payments.rs"]
mod payments;
#[path = "rows/planned.rs"]
mod planned;
#[path = "rows/states.rs"]
mod states;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

fn main() {
    // Cargo adds `--bench`.
    let words = std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    let meter = meter::Meter::new(ALLOCATOR, words);
    meter.head();
    jobs::run(&meter);
    filters::run(&meter);
    expressions::run(&meter);
    states::run(&meter);
    formats::run(&meter);
}

//! What the producer costs, through the face that a user has.
//!
//! `cargo bench -p upsert-kafka-client --bench produce` starts a broker that only answers, pins it and the
//! client to a core each where there are two, prints the table and then each figure as a line of JSON.
//! Behind `--`:
//!
//! - `--section table,one-partition,flush,senders,compression,latency,memory` for some parts alone
//! - `--section cell` with `--topic p1 --keyed no --value 1000 --batch 16384 --flush yes` for one load
//! - `--runs 9`, `--records 1000000` (of 100 B; larger ones are fewer), `--max-request-size 1048576`
//! - `--pin no`
//! - `--addr HOST:PORT` for a real broker with the topics `p1` and `p6`; what needs the null broker is left out
//! - `--serve PORT` for the null broker alone, for other clients to be measured against
//!
//! CPU is that of the client's thread. `of bare` is the median of the ratios within each round: a bare
//! socket's writes of the same size and the load take turns, since machines change from second to second.

use std::alloc::System;
use std::thread;

use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[path = "produce/args.rs"]
mod args;
#[path = "produce/latency.rs"]
mod latency;
#[path = "produce/load.rs"]
mod load;
#[path = "produce/loopback.rs"]
mod loopback;
#[path = "produce/memory.rs"]
mod memory;
#[path = "produce/null_broker.rs"]
mod null_broker;
#[path = "produce/run.rs"]
mod run;
#[path = "produce/sections.rs"]
mod sections;
#[path = "produce/stream.rs"]
mod stream;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

fn main() {
    let args = args::Args::parse(std::env::args().skip(1));
    args.check();
    if let Some(port) = args.serve {
        println!("{}", null_broker::start(port, args.broker_core()));
        loop {
            thread::park();
        }
    }
    let address = args.addr.clone().unwrap_or_else(|| null_broker::start(0, args.broker_core()));
    let mut json = Vec::new();
    for (name, section) in sections::ALL.into_iter().filter(|(name, _)| args.wants(name)) {
        // What a thread is pinned to, its children inherit: only this one stays free.
        thread::scope(|scope| {
            scope.spawn(|| {
                if name != "senders" {
                    args.pin_client();
                }
                section(&args, &address, &mut json);
            });
        });
    }
    println!();
    json.iter().for_each(|line| println!("{line}"));
}

/// Where there is such a core; where not, it runs anywhere.
fn pin(core: usize) {
    if let Some(core) = core_affinity::get_core_ids().and_then(|cores| cores.get(core).copied()) {
        core_affinity::set_for_current(core);
    }
}

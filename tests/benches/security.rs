//! What TLS and a login cost: a producer and a consumer over each protocol in turns, handshakes, the first request.
//!
//! `cargo bench -p upsert-kafka-tests --bench security`, and behind `--`:
//!
//! - `--records 400000` of 1 KB a round and protocol, `--rounds 7`
//! - `--handshakes 2000`, `--logins 200`
//! - `--pin no`: client and broker not on a core each
//! - `--at HOST:PORT` produces to another broker alone, over TLS where the variable `CA` names its authority: for
//!   `bench/peers/tls.sh`
//!
//! The broker is the embedded one in a thread of its own, so that both sides' cryptography is in the figures. Protocols
//! take turns within a round, since machines change from second to second: read the ratios, medians over the rounds.

#![allow(clippy::panic, reason = "a bench says so and ends")]

#[path = "security/args.rs"]
mod args;
#[path = "security/cluster.rs"]
mod cluster;
#[path = "security/handshakes.rs"]
mod handshakes;
#[path = "security/logins.rs"]
mod logins;
#[path = "security/streams.rs"]
mod streams;

fn main() {
    let args = args::Args::parse(std::env::args().skip(1));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    if let Some(address) = &args.at {
        return runtime.block_on(streams::produce_to(&args, address));
    }
    let cluster = cluster::Cluster::start(args.pin);
    if args.pin {
        cluster::pin(cluster::CLIENT_CORE);
    }
    runtime.block_on(streams::run(&args, &cluster));
    runtime.block_on(handshakes::run(&args, &cluster));
    runtime.block_on(logins::run(&args, &cluster));
}

/// The middle one.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

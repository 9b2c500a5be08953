//! What TLS and a login cost: a producer and a consumer over each protocol in turns, handshakes, the first request.
//!
//! `cargo bench -p upsert-kafka-tests --bench security`, and behind `--`:
//!
//! - `--records 400000` of 1 KB a round and protocol, `--rounds 7`
//! - `--handshakes 2000`, `--logins 200`
//! - `--only streams|handshakes|logins`
//! - `--pin no`: client and broker not on a core each
//! - `--at HOST:PORT` produces to another broker alone, over TLS where the variable `CA` names its authority: for
//!   `bench/peers/tls.sh`
//!
//! The broker is the embedded one in a thread of its own, so that both sides' cryptography is in the figures. Only a real
//! Kafka takes Kerberos: where Java and a KDC are, the first requests are measured there too, by every mechanism that it
//! has. Protocols
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
    if args.wants("logins") && std::env::var_os("AWS_ACCESS_KEY_ID").is_none() {
        // A process reads Amazon's keys from its environment, and may not change that.
        let again = std::env::current_exe().expect("a bench that runs");
        let mut again = std::process::Command::new(again);
        again.args(std::env::args().skip(1)).envs(cluster::AMAZONS_KEY);
        let status = again.status().expect("a bench that runs");
        std::process::exit(status.code().unwrap_or(1));
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    if let Some(address) = &args.at {
        return runtime.block_on(streams::produce_to(&args, address));
    }
    let cluster = cluster::Cluster::start(args.pin);
    if args.pin {
        cluster::pin(cluster::CLIENT_CORE);
    }
    if args.wants("streams") {
        runtime.block_on(streams::run(&args, &cluster));
    }
    if args.wants("handshakes") {
        runtime.block_on(handshakes::run(&args, &cluster));
    }
    if args.wants("logins") {
        runtime.block_on(logins::run(&args, &cluster));
        if let Some(kafka) = upsert_kafka_tests::kafka::Secured::shared() {
            runtime.block_on(logins::run_at_kafka(&args, kafka));
        }
    }
}

/// The middle one.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

//! `broker`: the embedded broker for other clients.

use std::ops::RangeInclusive;

use tokio::time::timeout;
use upsert_kafka_broker::{Broker, BrokerConfig};

use crate::args::Args;
use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::signal::Stop;
use crate::stderr::say;

pub(super) async fn run(args: &Args, stop: &Stop, out: &mut Output) -> Result<(), Failure> {
    let listen = args.value("--listen").unwrap_or("127.0.0.1:9092");
    let address = listen
        .parse::<std::net::SocketAddr>()
        .map_err(|_| Failure::usage(format!("--listen {listen}: not an address such as 127.0.0.1:9092")))?;
    if !address.ip().is_loopback() {
        say(format_args!(
            "warning: --listen {listen}: whoever can reach this address can read, write and delete everything; there \
             is no authentication"
        ));
    }
    let config = BrokerConfig::default()
        .with_listen(address)
        .with_nodes(within(args, "--nodes", 1..=NODES_MAX)?)
        .with_auto_create_topics(!args.has("--no-auto-create"))
        .with_default_partitions(within(args, "--partitions", 1..=PARTITIONS_MAX)?);
    let broker = Broker::start(config)
        .await
        .map_err(|e| Failure::new(Exit::Cluster, format!("--listen {listen}: {e}")))?;
    let addresses: Vec<_> = broker.addresses().iter().map(ToString::to_string).collect();
    out.write(format!("listening on {}; nothing is kept after the end\n", addresses.join(",")))?;
    out.flush()?;
    stop.asked().await;
    if timeout(stop.within(), broker.stop()).await.is_err() {
        say(format_args!("warning: connections were still open {:?} after the signal", stop.within()));
    }
    Ok(())
}

/// A flag's number, 1 when it is not given.
fn within(args: &Args, flag: &'static str, range: RangeInclusive<i32>) -> Result<i32, Failure> {
    let number = args.number(flag, 1)?;
    if range.contains(&number) {
        return Ok(number);
    }
    Err(Failure::usage(format!("{flag} {number}: not within {} to {}", range.start(), range.end())))
}

/// Each node takes a port and a listener.
const NODES_MAX: i32 = 100;
/// Kafka's own bound on what one request may create.
const PARTITIONS_MAX: i32 = 10_000;

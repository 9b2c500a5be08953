//! `broker`: the embedded broker for other clients.

use std::net::SocketAddr;
use std::ops::RangeInclusive;

use tokio::time::timeout;
use upsert_kafka_broker::{Broker, BrokerConfig, SecurityProtocol};

use crate::args::Args;
use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::signal::Stop;
use crate::stderr::say;

mod security;

pub(super) async fn run(args: &Args, stop: &Stop, out: &mut Output) -> Result<(), Failure> {
    let config = BrokerConfig::default()
        .with_nodes(within(args, "--nodes", 1..=NODES_MAX)?)
        .with_auto_create_topics(!args.has("--no-auto-create"))
        .with_default_partitions(within(args, "--partitions", 1..=PARTITIONS_MAX)?);
    let config = match args.values("--listener") {
        [] => config.with_listen(listen(args)?),
        listeners => security::listeners(config, listeners, args)?,
    };
    let config = security::logins(config, args)?;
    let names: Vec<_> = config.listeners.iter().map(|it| (it.name.clone(), it.protocol)).collect();
    let broker = Broker::start(config).await.map_err(|e| {
        let flag = if names.is_empty() { format!("--listen {}: ", address(args)) } else { String::new() };
        Failure::new(Exit::Cluster, format!("{flag}{e}"))
    })?;
    security::write_certificates(&broker, args)?;
    out.write(format!("listening on {}; nothing is kept after the end\n", shown(&broker, &names)))?;
    out.flush()?;
    stop.asked().await;
    if timeout(stop.within(), broker.stop()).await.is_err() {
        say(format_args!("warning: connections were still open {:?} after the signal", stop.within()));
    }
    Ok(())
}

fn address(args: &Args) -> &str {
    args.value("--listen").unwrap_or("127.0.0.1:9092")
}

/// The one listener without security.
fn listen(args: &Args) -> Result<SocketAddr, Failure> {
    let listen = address(args);
    let address = listen
        .parse::<SocketAddr>()
        .map_err(|_| Failure::usage(format!("--listen {listen}: not an address such as 127.0.0.1:9092")))?;
    if !address.ip().is_loopback() {
        say(format_args!(
            "warning: --listen {listen}: whoever can reach this address can read, write and delete everything; there \
             is no authentication"
        ));
    }
    Ok(address)
}

/// Where the listeners are; with their names where they were given.
fn shown(broker: &Broker, names: &[(String, SecurityProtocol)]) -> String {
    let all: Vec<_> = match names {
        [] => broker.addresses().iter().map(ToString::to_string).collect(),
        names => names
            .iter()
            .flat_map(|(name, protocol)| {
                let named = if *name == protocol.to_string() { String::new() } else { format!("{name}=") };
                let addresses = broker.addresses_of(name);
                addresses.into_iter().map(move |address| format!("{named}{protocol}://{address}"))
            })
            .collect(),
    };
    all.join(",")
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

//! `broker`: the embedded broker for other clients.

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
    let config = BrokerConfig {
        listen: address,
        nodes: args.number("--nodes", 1)?,
        auto_create_topics: !args.has("--no-auto-create"),
        default_partitions: args.number("--partitions", 1)?,
        ..BrokerConfig::default()
    };
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

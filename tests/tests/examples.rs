//! The examples of the crates, run: what the README sends a programmer to does what it says.

use upsert_kafka_broker::{Broker, BrokerConfig};
use upsert_kafka_client::{Client, Config, Role};

#[allow(dead_code, reason = "its main is the example's")]
#[path = "../../client/examples/produce_consume.rs"]
mod produce_consume;
#[allow(dead_code, reason = "its main is the example's")]
#[path = "../../protocol/examples/proxy.rs"]
mod proxy;
#[allow(dead_code, reason = "its main is the example's")]
#[path = "../../sink/examples/upsert.rs"]
mod upsert;

#[tokio::test]
async fn a_program_produces_and_consumes() {
    let broker = Broker::start(BrokerConfig::default()).await.expect("a broker");
    let lines = produce_consume::run(&broker.address().to_string(), "example").await.expect("it runs");
    let expected = [
        "written to partition 0 at offset 0",
        "written to partition 0 at offset 1",
        "written to partition 0 at offset 2",
        r#"read Some("a") = Some("1")"#,
        r#"read Some("b") = Some("2")"#,
        r#"read Some("a") = None"#,
    ];
    assert_eq!(lines, expected);
    broker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_writes_rows_with_their_kinds() {
    let broker = Broker::start(BrokerConfig::default()).await.expect("a broker");
    let address = broker.address().to_string();
    upsert::run(&address, "users").await.expect("it runs");
    let ran = crate::program::run(&["topic", "dump", "users", "--bootstrap", &address]);
    let lines: Vec<_> =
        ran.out.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    let expected = [
        "topic users",
        "partition offset key value",
        r#"0 0 {"id":1} {"id":1,"name":"Ada"}"#,
        r#"0 1 {"id":1} {"id":1,"name":"Ada L."}"#,
        r#"0 2 {"id":1} null"#,
    ];
    assert_eq!(lines, expected);
    broker.stop().await;
}

/// The broker hears from the proxy alone, and the client is told no other address: what is produced and consumed
/// went through it both ways.
#[tokio::test(flavor = "multi_thread")]
async fn a_client_reaches_a_cluster_through_a_proxy_that_renames_its_hosts() {
    let broker = Broker::start(BrokerConfig::default()).await.expect("a broker");
    let proxy = proxy::Proxy::default();
    let here = proxy.stand_for(&broker.address().to_string()).expect("a listener").to_string();
    let lines = produce_consume::run(&here, "example").await.expect("it runs");
    assert_eq!(lines.len(), 6);
    let (config, _) =
        Config::from_properties([("bootstrap.servers", &*here)], Role::Any).expect("a configuration");
    let told = Client::open(config).await.expect("a client").admin().cluster().await.expect("a cluster");
    let addresses: Vec<_> = told.brokers.iter().map(|it| it.address.to_string()).collect();
    assert_eq!(addresses, [here]);
    broker.stop().await;
}

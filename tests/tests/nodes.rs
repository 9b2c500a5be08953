//! A cluster of three embedded nodes that come and go: nothing is lost, doubled or left unanswered.

use upsert_kafka_broker::{Broker, BrokerConfig};
use upsert_kafka_client::{Client, Config, NewTopic, Role};
use upsert_kafka_protocol::records::batches;

use super::faults::audit::{Entry, Log, audit};
use super::faults::load::Load;
use super::faults::numbered::Numbered;

const PARTITIONS: i32 = 6;
/// Records a second.
const PACE: u64 = 2000;

async fn client(broker: &Broker, properties: &[(&str, &str)]) -> Client {
    let bootstrap: Vec<_> = broker.addresses().iter().map(ToString::to_string).collect();
    let bootstrap = bootstrap.join(",");
    let pairs = [("bootstrap.servers", bootstrap.as_str()), ("reconnect.backoff.max.ms", "50")];
    let (config, _) = Config::from_properties(pairs.iter().chain(properties).copied(), Role::Any).unwrap();
    Client::open(config).await.unwrap()
}

/// What lies in a topic, not by way of any client.
async fn log(broker: &Broker, topic: &str) -> Log {
    let (mut log, mut numbered) = (Log::new(), Numbered::default());
    for partition in 0..PARTITIONS {
        let mut entries = Vec::new();
        for (_, bytes) in broker.log(topic, partition).await {
            for batch in batches(&bytes) {
                let body = batch.unwrap().body(1 << 20).unwrap();
                entries.extend(body.iter().map(|record| {
                    let record = record.unwrap();
                    Entry { offset: record.offset, number: numbered.number(record.key, record.value) }
                }));
            }
        }
        log.push(entries);
    }
    log
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_that_come_and_go_leave_every_record_answered_and_once() {
    let broker = Broker::start(BrokerConfig::default().with_nodes(3)).await.unwrap();
    let admin = client(&broker, &[]).await.admin();
    for name in ["patient", "hasty"] {
        let topic = NewTopic::new(name).partitions(PARTITIONS);
        for created in admin.create_topics(&[topic]).await.unwrap() {
            created.unwrap();
        }
    }
    let hurry = [
        ("delivery.timeout.ms", "60"),
        ("request.timeout.ms", "40"),
        ("linger.ms", "5"),
        ("fetch.max.wait.ms", "10"),
    ];
    let patient = Load::start(&client(&broker, &[("linger.ms", "5")]).await, "patient", PACE).await;
    let hasty = Load::start(&client(&broker, &hurry).await, "hasty", PACE).await;
    let pulses = (patient.pulse(), hasty.pulse());
    // On a busy machine the hasty one may come to nothing for a while.
    let go_on = async || {
        pulses.0.goes_on().await;
        pulses.1.settles().await;
    };
    for round in 0..12 {
        let node = 1 + round % 3;
        go_on().await;
        broker.stop_node(node).await.unwrap();
        // By way of the others.
        go_on().await;
        broker.start_node(node).await.unwrap();
    }
    for (name, load) in [("patient", patient), ("hasty", hasty)] {
        let ledger = load.finish(0).await;
        let findings = audit(&ledger.outcomes, &log(&broker, name).await);
        let [not_written, in_doubt] = ledger.failed();
        println!(
            "{name}: {} records, {not_written} not written, {in_doubt} in doubt, {findings}",
            ledger.outcomes.len()
        );
        findings.assert_none();
        if name == "patient" {
            assert_eq!(not_written + in_doubt, 0, "{:?}", ledger.failures.first_key_value());
        }
    }
}

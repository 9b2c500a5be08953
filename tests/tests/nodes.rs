//! A cluster of three embedded nodes that come and go: nothing is lost, doubled or left unanswered.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use tokio::time::timeout;
use upsert_kafka_broker::{Broker, BrokerConfig};
use upsert_kafka_client::{Client, Config, NewTopic, Producer, Record, Role, Topic};

/// Sends numbered records until it is told to stop; every delivery must have its end soon after.
async fn load(producer: Producer, topic: Topic, stop: Arc<AtomicBool>) -> Vec<Result<(i32, i64), bool>> {
    let mut deliveries = Vec::new();
    let mut number = 0u64;
    while !stop.load(Relaxed) {
        for _ in 0..10 {
            let key = (number % 97).to_be_bytes();
            let value = number.to_be_bytes();
            deliveries.push(producer.send(Record::new(&topic).key(&key).value(&value)).await.unwrap());
            number += 1;
        }
        tokio::time::sleep(Duration::from_millis(1)).await; // the pace of the load
    }
    let mut outcomes = Vec::new();
    for (number, delivery) in deliveries.into_iter().enumerate() {
        let outcome = timeout(Duration::from_secs(30), delivery).await;
        let outcome = outcome.unwrap_or_else(|_| panic!("{number} is never answered"));
        outcomes.push(outcome.map(|it| (it.partition, it.offset)).map_err(|it| it.may_have_been_written()));
    }
    timeout(Duration::from_secs(30), producer.flush()).await.expect("a flush that ends").ok();
    outcomes
}

async fn client(broker: &Broker, properties: &[(&str, &str)]) -> Client {
    let bootstrap: Vec<_> = broker.addresses().iter().map(ToString::to_string).collect();
    let bootstrap = bootstrap.join(",");
    let pairs = [("bootstrap.servers", bootstrap.as_str()), ("reconnect.backoff.max.ms", "50")];
    let (config, _) = Config::from_properties(pairs.iter().chain(properties).copied(), Role::Any).unwrap();
    Client::open(config).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_that_come_and_go_leave_every_record_answered_and_once() {
    let broker = Broker::start(BrokerConfig { nodes: 3, ..Default::default() }).await.unwrap();
    let admin = client(&broker, &[]).await.admin();
    for name in ["patient", "hasty"] {
        for created in
            admin.create_topics(&[NewTopic { partitions: Some(6), ..NewTopic::new(name) }]).await.unwrap()
        {
            created.unwrap();
        }
    }
    let stop = Arc::new(AtomicBool::new(false));
    let hurry = [
        ("delivery.timeout.ms", "60"),
        ("request.timeout.ms", "40"),
        ("linger.ms", "5"),
        ("fetch.max.wait.ms", "10"),
    ];
    let mut loads = Vec::new();
    for (name, properties) in [("patient", &[("linger.ms", "5")][..]), ("hasty", &hurry[..])] {
        let producer = client(&broker, properties).await.producer();
        let topic = producer.topic(name).await.unwrap();
        loads.push((name, tokio::spawn(load(producer, topic, Arc::clone(&stop)))));
    }
    for round in 0..12 {
        let node = 1 + round % 3;
        tokio::time::sleep(Duration::from_millis(40)).await; // how long a node is up
        broker.stop_node(node).await.unwrap();
        tokio::time::sleep(Duration::from_millis(80)).await; // how long it is away
        broker.start_node(node).await.unwrap();
    }
    stop.store(true, Relaxed);
    for (name, load) in loads {
        let outcomes = load.await.unwrap();
        let mut places: Vec<_> = outcomes.iter().filter_map(|it| it.ok()).collect();
        let acknowledged = places.len();
        places.sort_unstable();
        places.dedup();
        assert_eq!(places.len(), acknowledged, "{name}: two records at one place");
        println!("{name}: {acknowledged} of {} acknowledged", outcomes.len());
        if name == "patient" {
            assert_eq!(acknowledged, outcomes.len());
        }
    }
}

//! A consumer with `client.rack` reads at a follower in its rack (KIP-392), embedded and on a real Kafka of three nodes; where
//! the follower goes, it reads on at the leader.

use std::time::Duration;

use tokio::time::timeout;
use upsert_kafka_broker::{Broker, BrokerConfig, ReplicaSelector};
use upsert_kafka_client::{
    Assignment, BrokerDescription, Client, Config, Consumer, NewTopic, Position, Record, Role, TopicPartition,
};
use upsert_kafka_tests::kafka::{Kafka, unique};

use super::counted::Counter;

const RECORDS: i64 = 1_000;
const VALUE_BYTES: usize = 1_000;
/// What metadata and the redirecting answers come to is far less, and the records are far more.
const NO_RECORDS_BYTES_MAX: usize = 100_000;
const PATIENCE: Duration = Duration::from_secs(60);

fn config(bootstrap: &str, rack: Option<&str>) -> Config {
    let rack = rack.map(|rack| ("client.rack", rack));
    let pairs = [("bootstrap.servers", bootstrap), ("retry.backoff.ms", "20"), ("linger.ms", "5")];
    Config::from_properties(pairs.into_iter().chain(rack), Role::Any).unwrap().0
}

async fn write(client: &Client, topic: &str, count: i64) {
    let producer = client.producer();
    let handle = producer.topic(topic).await.unwrap();
    for _ in 0..count {
        drop(producer.send(Record::new(&handle).partition(0).value(&[b'x'; VALUE_BYTES])).await.unwrap());
    }
    producer.flush().await.unwrap();
}

/// Reads up to this offset, each record once.
async fn read_to(consumer: &mut Consumer, of: &TopicPartition, end: i64) {
    let read = async {
        while consumer.position(of).unwrap_or(0) < end {
            let next = consumer.position(of).unwrap_or(0);
            for (offset, record) in (next..).zip(&consumer.poll().await.unwrap()) {
                assert_eq!(record.unwrap().offset, offset);
            }
        }
    };
    timeout(PATIENCE, read).await.unwrap_or_else(|_| panic!("it does not come to offset {end}"));
}

/// `stop` takes a node away.
async fn reads_in_its_rack(bootstrap: &str, stop: impl AsyncFnOnce(i32)) {
    let client = Client::open(config(bootstrap, None)).await.unwrap();
    let (admin, topic) = (client.admin(), unique("near"));
    admin.create_topics(&[NewTopic::new(topic.as_str()).partitions(1)]).await.unwrap().remove(0).unwrap();
    write(&client, &topic, RECORDS).await;
    let described = admin.describe_topics(&[&topic]).await.unwrap().remove(0).unwrap();
    let leader = described.partitions[0].leader.unwrap();
    let brokers = admin.cluster().await.unwrap().brokers;
    let near: &BrokerDescription = brokers.iter().find(|it| it.id != leader).unwrap();
    let leads = brokers.iter().find(|it| it.id == leader).unwrap();

    let counter = Counter::default();
    let mut consumer = counter.client(config(bootstrap, near.rack.as_deref())).await.consumer();
    consumer.assign(vec![Assignment::new(topic.as_str(), 0, Position::Earliest)]);
    let of = TopicPartition::new(topic.as_str(), 0);
    read_to(&mut consumer, &of, RECORDS).await;
    let read = [near, leads].map(|it| counter.of(it.address.port).read);
    assert!(read[0] > RECORDS as usize * VALUE_BYTES, "the follower sent {} bytes", read[0]);
    assert!(read[1] < NO_RECORDS_BYTES_MAX, "the leader sent {} bytes", read[1]);

    stop(near.id).await;
    write(&client, &topic, RECORDS).await;
    read_to(&mut consumer, &of, 2 * RECORDS).await;
    let far = counter.of(leads.address.port).read;
    assert!(far > RECORDS as usize * VALUE_BYTES, "the leader sent {far} bytes");
}

#[tokio::test]
async fn a_follower_in_the_own_rack_is_read_from_on_the_embedded_broker() {
    let racks = ["a", "b", "c"].map(str::to_owned);
    let config = BrokerConfig::default().with_nodes(3).with_racks(racks);
    let broker = Broker::start(config.with_replica_selector(ReplicaSelector::RackAware)).await.unwrap();
    let bootstrap: Vec<_> = broker.addresses().iter().map(ToString::to_string).collect();
    reads_in_its_rack(&bootstrap.join(","), async |node| broker.stop_node(node).await.unwrap()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_follower_in_the_own_rack_is_read_from_on_a_real_kafka() {
    let Some(kafka) = tokio::task::spawn_blocking(|| Kafka::own(3)).await.unwrap() else { return };
    let kafka = &kafka;
    reads_in_its_rack(&kafka.bootstrap(), async |node| {
        tokio::task::block_in_place(|| kafka.stop(node)).unwrap();
    })
    .await;
}

//! Fetch sessions (KIP-227), embedded and on a real Kafka: idle fetches are small, and nothing that comes is missed.

use std::time::Duration;

use tokio::time::timeout;
use upsert_kafka_broker::{Broker, BrokerConfig};
use upsert_kafka_client::{Assignment, Client, Config, Consumer, NewTopic, Position, Record, Role};
use upsert_kafka_tests::kafka::{Kafka, unique};

use super::counted::Counter;

const PARTITIONS: i32 = 50;
/// Idle fetches are counted for so long; a broker holds each for half a second.
const IDLE: Duration = Duration::from_secs(3);
const PATIENCE: Duration = Duration::from_secs(60);
/// A fetch that names every partition is some 1.5 kB, and six of them leave in such a time. More partitions would keep a
/// Kafka that is shared from making the topics of other tests.
const IDLE_BYTES_MAX: usize = 1_200;

fn config(bootstrap: &str) -> Config {
    Config::from_properties([("bootstrap.servers", bootstrap)], Role::Any).unwrap().0
}

/// Polls for a while; nothing comes.
async fn poll_idle(consumer: &mut Consumer) {
    let read = async {
        loop {
            assert_eq!((&consumer.poll().await.unwrap()).into_iter().count(), 0, "nothing was written");
        }
    };
    _ = timeout(IDLE, read).await;
}

/// Polls until so many values came.
async fn poll_values(consumer: &mut Consumer, count: usize) -> Vec<(i32, Vec<u8>)> {
    let mut values = Vec::new();
    while values.len() < count {
        for record in &consumer.poll().await.unwrap() {
            let record = record.unwrap();
            values.push((record.partition, record.value.unwrap().to_vec()));
        }
    }
    values
}

async fn idle_fetches_are_small_and_nothing_is_missed(bootstrap: String) {
    let counter = Counter::default();
    let client = counter.client(config(&bootstrap)).await;
    let topic = unique("many");
    let new = NewTopic::new(topic.as_str()).partitions(PARTITIONS);
    client.admin().create_topics(&[new]).await.unwrap().remove(0).unwrap();
    let mut consumer = client.consumer();
    let assigned = (0..PARTITIONS).map(|index| Assignment::new(topic.as_str(), index, Position::Offset(0)));
    consumer.assign(assigned.collect());
    let mut idle = usize::MAX;
    // Each window without a session has more than this; a busy broker may be late with the first.
    let small = async {
        while idle >= IDLE_BYTES_MAX {
            let before = counter.written();
            poll_idle(&mut consumer).await;
            let after = counter.written();
            if after > IDLE_BYTES_MAX {
                idle = after - before;
            }
        }
    };
    let became_small = timeout(PATIENCE, small).await;
    println!("{idle} bytes of requests in {IDLE:?} without a record, of {PARTITIONS} partitions");
    became_small.expect("idle fetches are small once every partition was named");

    let other = Client::open(config(&bootstrap)).await.unwrap().producer();
    let handle = other.topic(&topic).await.unwrap();
    for (partition, value) in [(7, b"a"), (PARTITIONS - 1, b"b"), (7, b"c")] {
        other.send(Record::new(&handle).partition(partition).value(value)).await.unwrap().await.unwrap();
    }
    let mut came = timeout(PATIENCE, poll_values(&mut consumer, 3)).await.expect("all come");
    came.sort();
    let expected = [(7, b"a".to_vec()), (7, b"c".to_vec()), (PARTITIONS - 1, b"b".to_vec())];
    assert_eq!(came, expected);
}

#[tokio::test]
async fn of_an_embedded_broker() {
    let broker = Broker::start(BrokerConfig::default()).await.unwrap();
    idle_fetches_are_small_and_nothing_is_missed(broker.address().to_string()).await;
}

#[tokio::test]
async fn of_a_real_kafka() {
    let Some(kafka) = tokio::task::spawn_blocking(Kafka::shared).await.unwrap() else { return };
    idle_fetches_are_small_and_nothing_is_missed(kafka.bootstrap()).await;
}

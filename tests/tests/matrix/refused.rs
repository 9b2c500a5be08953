//! A sink that refuses one row of many: the job fails as often as it is run, and never passes the row over.

use tokio::task::block_in_place;
use upsert_kafka_broker::{Broker, BrokerConfig};
use upsert_kafka_client::{Client, Config, NewTopic, Record, Role, TopicPartition};
use upsert_kafka_tests::kafka::{Kafka, unique};

use crate::program;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_that_a_topic_refuses_is_never_passed_over() {
    let broker = Broker::start(BrokerConfig::default()).await.expect("a broker");
    refused(&broker.address().to_string()).await;
    broker.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_that_a_real_kafka_refuses_is_never_passed_over() {
    let Some(kafka) = block_in_place(Kafka::shared) else { return };
    refused(&kafka.bootstrap()).await;
}

/// Three rows, the middle one too large for the sink's topic, until it is compressed.
async fn refused(address: &str) {
    let (config, _) = Config::from_properties([("bootstrap.servers", address)], Role::Any).expect("a config");
    let client = Client::open(config).await.expect("a client");
    let [from, to] = ["refused-in", "refused-out"].map(unique);
    let topic = |name: &str| NewTopic::new(name).partitions(1).replication_factor(1);
    let limited = topic(&to).config("max.message.bytes", "400");
    let made = client.admin().create_topics(&[topic(&from), limited]).await;
    assert!(made.expect("an answer").iter().all(Result::is_ok));
    let producer = client.producer();
    let handle = producer.topic(&from).await.expect("the topic");
    for (id, length) in [(1, 10), (2, 600), (3, 10)] {
        let value = format!("{{\"id\":{id},\"v\":\"{}\"}}", "x".repeat(length));
        let _flushed_below = producer.send(Record::new(&handle).value(value.as_bytes())).await.expect("room");
    }
    producer.flush().await.expect("written");

    let path = program::file(&format!("{to}.sql"), &job(&from, &to));
    let path = path.to_str().expect("UTF-8");
    for run in 1..=2 {
        let ran = program::run(&["run", path, "--bootstrap", address]);
        assert_eq!(ran.code, 5, "run {run}: {}{}", ran.out, ran.err);
        assert!(ran.err.contains(&to) && ran.err.contains("MESSAGE_TOO_LARGE"), "run {run}: {}", ran.err);
        let of = TopicPartition::new(from.as_str(), 0);
        let kept = client.consumer().committed(&to, &[of]).await.expect("offsets");
        assert!(kept[0].offset.is_none_or(|it| it <= 1), "run {run} committed {:?}", kept[0].offset);
    }
    let compressed = "dst.properties.compression.type=gzip";
    let ran = program::run(&["run", path, "--bootstrap", address, "--set", compressed]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let dumped =
        program::run(&["topic", "dump", &to, "--compacted", "--output", "raw", "--bootstrap", address]);
    let keys: Vec<String> = (1..=3).map(|id| format!("{{\"id\":{id}}}")).collect();
    assert!(keys.iter().all(|key| dumped.out.contains(key)), "{}{}", dumped.out, dumped.err);
}

fn job(from: &str, to: &str) -> String {
    format!(
        "SET 'execution.checkpointing.interval' = '300 ms';
CREATE TABLE src (id INT, v STRING) WITH ('connector' = 'kafka', 'topic' = '{from}',
  'properties.bootstrap.servers' = 'x:1', 'properties.group.id' = '{to}',
  'scan.startup.mode' = 'earliest-offset', 'scan.bounded.mode' = 'latest-offset', 'format' = 'json');
CREATE TABLE dst (id INT, v STRING, PRIMARY KEY (id) NOT ENFORCED) WITH ('connector' = 'upsert-kafka',
  'topic' = '{to}', 'properties.bootstrap.servers' = 'x:1', 'properties.batch.size' = '1',
  'key.format' = 'json', 'value.format' = 'json');
INSERT INTO dst SELECT * FROM src;"
    )
}

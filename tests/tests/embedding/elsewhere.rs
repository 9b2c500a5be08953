//! Sinks and sources of a program with what stands around a topic: a registry, a real Kafka, a topic that is made again.

use tokio::task::block_in_place;
use upsert_kafka_broker::{Broker, BrokerConfig};
use upsert_kafka_client::{Client, Config, NewTopic, Role};
use upsert_kafka_sink::row::{RowKind, Value};
use upsert_kafka_sink::{KafkaTable, UpsertSink};
use upsert_kafka_tests::kafka::{Kafka, unique};
use upsert_kafka_tests::registry::RegistryServer;

use super::{open, read, read_all, upsert, users};

#[tokio::test(flavor = "multi_thread")]
async fn a_source_fetches_the_schema_that_its_sink_registered() {
    let broker = Broker::start(BrokerConfig::default()).await.expect("a broker");
    let registry = RegistryServer::start();
    let table = users(&broker)
        .value_format("avro-confluent")
        .option("value.avro-confluent.url", registry.url())
        .build()
        .expect("a table");
    let mut sink = UpsertSink::open(&table).await.expect("a sink");
    upsert(&mut sink, 1, "ann").await;
    sink.write(RowKind::Delete, &[Value::BigInt(1), Value::Null]).await.expect("room");
    upsert(&mut sink, 2, "bob").await;
    sink.flush().await.expect("written");
    let subjects: Vec<String> = registry.registered().into_iter().map(|(subject, _)| subject).collect();
    assert_eq!(subjects, ["users-value"]);

    assert_eq!(read_all(&mut open(&table).await).await, ["+U 1 ann", "-D 1 Null", "+U 2 bob"]);
    let fetched =
        |it: &upsert_kafka_tests::registry::RegistryRequest| it.line.starts_with("GET /schemas/ids/");
    assert_eq!(registry.requests().iter().filter(|it| fetched(it)).count(), 1, "once for all records");
    broker.stop().await;
}

/// What Java's client reads there of what is written here is `seed`'s.
#[tokio::test(flavor = "multi_thread")]
async fn a_table_of_a_real_kafka_is_written_read_and_gone_on_with() {
    let Some(kafka) = block_in_place(Kafka::shared) else { return };
    let topic = unique("embedded-users");
    let servers = kafka.bootstrap();
    let (config, _) =
        Config::from_properties([("bootstrap.servers", &*servers)], Role::Any).expect("a config");
    let admin = Client::open(config).await.expect("a client").admin();
    let made = admin.create_topics(&[NewTopic::new(&topic).partitions(1)]).await.expect("an answer");
    assert!(made.iter().all(Result::is_ok), "{made:?}");
    let ddl = format!(
        "CREATE TABLE users (id BIGINT, name STRING, PRIMARY KEY (id) NOT ENFORCED) WITH (
           'connector' = 'upsert-kafka', 'topic' = '{topic}', 'properties.bootstrap.servers' = '{servers}',
           'properties.group.id' = '{topic}', 'key.format' = 'json', 'value.format' = 'json',
           'scan.bounded.mode' = 'latest-offset')"
    );
    let table = KafkaTable::from_ddl(&*ddl).expect("a table");
    let mut sink = UpsertSink::open(&table).await.expect("a sink");
    for id in 1..=3 {
        upsert(&mut sink, id, "x").await;
    }
    sink.write(RowKind::Delete, &[Value::BigInt(2), Value::Null]).await.expect("room");
    sink.flush().await.expect("written");

    let mut source = open(&table).await;
    assert_eq!(read(&mut source, 2).await.expect("rows"), ["+U 1 x", "+U 2 x"]);
    let two = source.positions();
    source.commit(two).await.expect("committed");
    drop(source);
    assert_eq!(read_all(&mut open(&table).await).await, ["+U 3 x", "-D 2 Null"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_that_is_made_again_is_read_from_its_beginning() {
    let broker = Broker::start(BrokerConfig::default()).await.expect("a broker");
    let servers = broker.address().to_string();
    let (config, _) =
        Config::from_properties([("bootstrap.servers", &*servers)], Role::Any).expect("a config");
    let admin = Client::open(config).await.expect("a client").admin();
    let make = || async {
        let made = admin.create_topics(&[NewTopic::new("users").partitions(1)]).await.expect("an answer");
        assert!(made.iter().all(Result::is_ok), "{made:?}");
    };
    make().await;
    // Without an end: the same source reads both topics.
    let table = users(&broker).option("scan.bounded.mode", "unbounded").build().expect("a table");
    let mut sink = UpsertSink::open(&table).await.expect("a sink");
    for id in 1..=3 {
        upsert(&mut sink, id, "first").await;
    }
    sink.flush().await.expect("written");
    let mut source = open(&table).await;
    let mut rows = Vec::new();
    while rows.len() < 3 {
        rows.extend(read(&mut source, 100).await.expect("rows"));
    }
    let positions = source.positions();
    source.commit(positions).await.expect("committed");

    let deleted = admin.delete_topics(&["users"]).await.expect("an answer");
    assert!(deleted.iter().all(Result::is_ok), "{deleted:?}");
    make().await;
    let mut again = UpsertSink::open(&table).await.expect("a sink");
    upsert(&mut again, 9, "second").await;
    again.flush().await.expect("written");
    assert_eq!(read(&mut source, 100).await.expect("rows"), ["+U 9 second"]);
    let positions = source.positions();
    source.commit(positions).await.expect("committed");
    drop(source);
    upsert(&mut again, 10, "second").await;
    again.flush().await.expect("written");
    assert_eq!(
        read(&mut open(&table).await, 100).await.expect("rows"),
        ["+U 10 second"],
        "behind the commit"
    );
    broker.stop().await;
}

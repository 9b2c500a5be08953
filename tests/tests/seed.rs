//! The seed's job: as the README runs it, and on a real Apache Kafka with the Java client on both sides.

use std::collections::BTreeSet;

use upsert_kafka_client::{Client, Config, Record, Role};
use upsert_kafka_tests::kafka::{Kafka, NewTopic, unique};
use upsert_kafka_tests::record::{NewRecord, text};

use crate::program;

/// Key and value that real Flink writes: golden job 01.
const EXPECTED: [(&str, &str); 3] = [BOB, CINDY, BOB];
const BOB: (&str, &str) = (
    r#"{"order_id":"202103251202020001"}"#,
    r#"{"order_id":"202103251202020001","order_channel":"miniAppShop","order_time":"2021-03-25 12:02:02","pay_amount":60.0,"real_pay":60.0,"pay_time":"2021-03-25 12:03:00","user_id":"0002","user_name":"Bob","area_id":"330110"}"#,
);
const CINDY: (&str, &str) = (
    r#"{"order_id":"202103251505050001"}"#,
    r#"{"order_id":"202103251505050001","order_channel":"qqShop","order_time":"2021-03-25 15:05:05","pay_amount":500.0,"real_pay":400.0,"pay_time":"2021-03-25 15:10:00","user_id":"0003","user_name":"Cindy","area_id":"330108"}"#,
);

#[test]
fn the_readmes_first_command_shows_flinks_bytes() {
    let ran = program::run(&[
        "run",
        "examples/orders.sql",
        "--embedded",
        "--input",
        "orders=examples/orders.jsonl",
    ]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let lines: Vec<_> = ran.out.lines().collect();
    for (at, (key, value)) in EXPECTED.iter().enumerate() {
        let cells: Vec<_> = lines[at + 2].split_whitespace().take(3).collect();
        assert_eq!(cells, ["0", &at.to_string(), key], "{}", ran.out);
        assert!(lines[at + 2].ends_with(value), "{}", ran.out);
    }
    assert!(ran.out.contains("3 rows in, 3 rows out, 0 tombstones"), "{}", ran.out);
}

#[test]
fn an_update_becomes_a_value_and_a_delete_a_tombstone() {
    let ran = program::run(&[
        "run",
        "examples/customers.sql",
        "--embedded",
        "--input",
        "customers=examples/customers.jsonl",
    ]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.out.lines().any(|line| line.trim_end().ends_with("null")), "{}", ran.out);
    assert!(!ran.out.contains(" 0 tombstones"), "{}", ran.out);
}

#[test]
fn on_a_real_kafka_java_reads_what_we_wrote_and_writes_what_we_read() {
    let Some(kafka) = Kafka::shared() else { return };
    let (orders, upserts, group) = (unique("orders"), unique("upserts"), unique("group"));
    let compact = [("cleanup.policy", "compact")];
    kafka.java(|it, at| {
        it.create(
            at,
            &[
                NewTopic { name: &orders, partitions: 1, configs: &[] },
                NewTopic { name: &upserts, partitions: 3, configs: &compact },
            ],
        )
    });
    let lines = std::fs::read_to_string(upsert_kafka_tests::repository().join("examples/orders.jsonl"));
    let lines = lines.expect("examples/orders.jsonl");
    let records: Vec<_> = lines
        .lines()
        .map(|line| NewRecord { topic: orders.clone(), value: Some(line.into()), ..NewRecord::default() })
        .collect();
    kafka.java(|it, at| it.produce(at, &[("compression.type", "lz4")], &records));

    let bootstrap = kafka.bootstrap();
    let set = [
        format!("orders.topic={orders}"),
        format!("UPSERTKAFKASINK.topic={upserts}"),
        format!("orders.properties.group.id={group}"),
        "orders.scan.startup.mode=earliest-offset".to_owned(),
        "orders.scan.bounded.mode=latest-offset".to_owned(),
    ];
    let mut args = vec!["run", "examples/orders.sql", "--bootstrap", &bootstrap];
    set.iter().for_each(|set| args.extend(["--set", set]));
    let ran = program::run(&args);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_eq!(ran.err, "", "a compacted topic and a group need no warning");

    let mut read = kafka.java(|it, at| it.consume(at, &upserts, true));
    read.sort_by_key(|it| (it.key.clone(), it.offset));
    let read: Vec<_> = read.iter().map(|it| (text(it.key.as_deref()), text(it.value.as_deref()))).collect();
    let expected = [BOB, BOB, CINDY].map(|(key, value)| (key.to_owned(), value.to_owned()));
    assert_eq!(read, expected);

    let committed = kafka.java(|it, at| it.committed(at, &group));
    let [committed] = &committed[..] else { panic!("{committed:?}") };
    assert_eq!(committed.offset, 3);
    let ours = committed.metadata.starts_with("upsert-kafka/2 topic=");
    assert!(ours && committed.metadata.ends_with(&format!(" sinks={upserts}")), "{}", committed.metadata);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_rows_pass_through_a_real_kafka_compressed_and_once() {
    const ROWS: usize = 100_000;
    let Some(kafka) = tokio::task::block_in_place(Kafka::shared) else { return };
    let (orders, upserts, group) = (unique("many-orders"), unique("many-upserts"), unique("many"));
    let compact = [("cleanup.policy", "compact")];
    let topics = [(&orders, &[][..]), (&upserts, &compact[..])];
    let topics = topics.map(|(name, configs)| NewTopic { name, partitions: 3, configs });
    tokio::task::block_in_place(|| kafka.java(|it, at| it.create(at, &topics)));
    let bootstrap = kafka.bootstrap();
    produce(&bootstrap, &orders, ROWS).await;

    let set = [
        format!("orders.topic={orders}"),
        format!("UPSERTKAFKASINK.topic={upserts}"),
        "UPSERTKAFKASINK.properties.compression.type=zstd".to_owned(),
        format!("orders.properties.group.id={group}"),
        "orders.scan.startup.mode=earliest-offset".to_owned(),
        "orders.scan.bounded.mode=latest-offset".to_owned(),
    ];
    let mut args = vec!["run", "examples/orders.sql", "--bootstrap", &bootstrap];
    set.iter().for_each(|set| args.extend(["--set", set]));
    let ran = tokio::task::block_in_place(|| program::run(&args));
    assert_eq!(ran.code, 0, "{}", ran.err);
    let ends = tokio::task::block_in_place(|| kafka.java(|it, at| it.ends(at, &upserts)));
    assert_eq!(ends.iter().sum::<i64>(), ROWS as i64, "each row once, as Java counts");
    let dump = ["topic", "dump", &upserts, "--bootstrap", &bootstrap, "--output", "json"];
    let dumped = tokio::task::block_in_place(|| program::run(&dump));
    let keys: BTreeSet<_> = dumped.out.lines().filter_map(|line| line.split("\"key\":").nth(1)).collect();
    assert_eq!(keys.len(), ROWS, "no row is missing: {}", dumped.err);
}

async fn produce(bootstrap: &str, topic: &str, rows: usize) {
    let properties = [("bootstrap.servers", bootstrap), ("compression.type", "lz4")];
    let (config, _) = Config::from_properties(properties, Role::Producer).expect("a config");
    let producer = Client::open(config).await.expect("a client").producer();
    let topic = producer.topic(topic).await.expect("the topic");
    for id in 0..rows {
        let value = format!("{{\"order_id\":\"{id}\",\"pay_amount\":\"{id}.50\",\"user_name\":\"Bob\"}}");
        let _flushed_below = producer.send(Record::new(&topic).value(value.as_bytes())).await.expect("room");
    }
    producer.flush().await.expect("all written");
}

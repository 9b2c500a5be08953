//! The embedded broker serves a client that is not ours: Apache's Java client, on all it can do there.

mod dialogue;

use std::time::Duration;

use upsert_kafka_broker::{Broker, BrokerConfig};
use upsert_kafka_tests::kafka::{Committed, Kafka, NewTopic, NewTransaction};
use upsert_kafka_tests::record::NewRecord;

use crate::program;

#[test]
fn the_java_client_produces_consumes_and_keeps_offsets() {
    let Some(kafka) = Kafka::shared() else { return };
    let (_broker, at) = program::broker();
    let compact = [("cleanup.policy", "compact")];
    kafka.java(|it, _| it.create(&at, &[NewTopic { name: "t", partitions: 2, configs: &compact }]));
    for codec in ["none", "gzip", "snappy", "lz4", "zstd"] {
        let record = NewRecord {
            topic: "t".into(),
            partition: Some(1),
            headers: vec![("h".into(), None), ("h".into(), Some(b"x".to_vec()))],
            key: Some(codec.into()),
            value: Some("value ".repeat(100).into()),
            ..NewRecord::default()
        };
        let tombstone = NewRecord { value: None, headers: vec![], ..record.clone() };
        let config = [("compression.type", codec)];
        let written = kafka.java(|it, _| it.produce(&at, &config, &[record.clone(), tombstone.clone()]));
        let read = kafka.java(|it, _| it.consume(&at, "t", true));
        let last: Vec<_> = read.iter().rev().take(2).rev().collect();
        assert_eq!(written.iter().map(|it| it.1).collect::<Vec<_>>(), [last[0].offset, last[1].offset]);
        assert_eq!(
            (&last[0].key, &last[0].value, &last[0].headers),
            (&record.key, &record.value, &record.headers)
        );
        assert_eq!((&last[1].key, &last[1].value), (&tombstone.key, &None), "{codec}");
    }
    assert_eq!(kafka.java(|it, _| it.ends(&at, "t")), [0, 10]);
    assert_eq!(kafka.java(|it, _| it.topic_config(&at, "t", "cleanup.policy")).as_deref(), Some("compact"));

    let offset = Committed { topic: "t".into(), partition: 1, offset: 7, metadata: "note".into() };
    kafka.java(|it, _| it.commit(&at, "g", std::slice::from_ref(&offset)));
    assert_eq!(kafka.java(|it, _| it.committed(&at, "g")), [offset]);
}

#[test]
fn a_key_that_is_missing_on_a_compacted_topic_is_refused() {
    let Some(kafka) = Kafka::shared() else { return };
    let (_broker, at) = program::broker();
    let compact = [("cleanup.policy", "compact")];
    kafka.java(|it, _| it.create(&at, &[NewTopic { name: "t", partitions: 1, configs: &compact }]));
    let keyless = NewRecord { topic: "t".into(), value: Some(b"v".to_vec()), ..NewRecord::default() };
    let refused = kafka.java(|it, _| Ok(it.produce(&at, &[], &[keyless]).map_err(|e| e.to_string())));
    assert!(refused.as_ref().is_err_and(|e| e.contains("InvalidRecordException")), "{refused:?}");
}

#[test]
fn two_java_consumers_share_a_group() {
    let Some(kafka) = Kafka::shared() else { return };
    // The eager protocol gives everything up at each rebalance, the cooperative one rebalances twice.
    for assignor in ["RangeAssignor", "CooperativeStickyAssignor"] {
        let embedded = Embedded::start(BrokerConfig::default().with_nodes(3));
        let at = &embedded.addresses;
        kafka.java(|it, _| it.create(at, &[NewTopic { name: "t", partitions: 4, configs: &[] }]));
        let records: Vec<_> = (0..4).map(|partition| valued(&format!("{partition}"), partition)).collect();
        kafka.java(|it, _| it.produce(at, &[], &records));
        let assignor = format!("org.apache.kafka.clients.consumer.{assignor}");
        let config = [("partition.assignment.strategy", &*assignor), ("heartbeat.interval.ms", "200")];
        let life = kafka.java(|it, _| it.group(at, &config, "g", ("t", 4), 4));
        assert_eq!((&life.alone, &life.again), (&vec![0, 1, 2, 3], &vec![0, 1, 2, 3]));
        assert_eq!(life.shared.iter().map(Vec::len).collect::<Vec<_>>(), [2, 2], "{assignor}");
        let mut shared = life.shared.concat();
        shared.sort_unstable();
        assert_eq!(shared, [0, 1, 2, 3]);
        let mut read: Vec<_> = life.values.iter().map(|value| String::from_utf8_lossy(value)).collect();
        read.dedup();
        assert_eq!(read, ["0", "1", "2", "3"]);
        let committed = kafka.java(|it, _| it.committed(at, "g"));
        assert_eq!(
            committed.iter().map(|it| (it.partition, it.offset)).collect::<Vec<_>>(),
            [(0, 1), (1, 1), (2, 1), (3, 1)]
        );
    }
}

#[test]
fn members_of_java_share_a_consumer_group_of_kip_848() {
    let Some(kafka) = Kafka::shared() else { return };
    let config = BrokerConfig::default().with_nodes(3);
    let embedded = Embedded::start(config.with_consumer_heartbeat_interval(Duration::from_millis(200)));
    let at = &embedded.addresses;
    kafka.java(|it, _| it.create(at, &[NewTopic { name: "t", partitions: 4, configs: &[] }]));
    let records: Vec<_> = (0..4).map(|partition| valued(&format!("{partition}"), partition)).collect();
    kafka.java(|it, _| it.produce(at, &[], &records));
    for (group, assignor) in [("uniform", "uniform"), ("range", "range")] {
        let config = [
            ("group.protocol", "consumer"),
            ("group.remote.assignor", assignor),
            ("enable.auto.commit", "true"),
        ];
        let life = kafka.java(|it, _| it.group(at, &config, group, ("t", 4), 4));
        assert_eq!((&life.alone, &life.again), (&vec![0, 1, 2, 3], &vec![0, 1, 2, 3]));
        assert_eq!(life.shared.iter().map(Vec::len).collect::<Vec<_>>(), [2, 2], "{assignor}");
        let mut shared = life.shared.concat();
        shared.sort_unstable();
        assert_eq!(shared, [0, 1, 2, 3]);
        // What one has read goes over with what it commits as it gives up: nothing comes twice.
        let read: Vec<_> = life.values.iter().map(|value| String::from_utf8_lossy(value)).collect();
        assert_eq!(read, ["0", "1", "2", "3"], "{assignor}");
    }
}

#[test]
fn a_java_client_that_wants_a_group_of_kip_848_is_told_where_there_are_none() {
    let Some(kafka) = Kafka::shared() else { return };
    let embedded = Embedded::start(BrokerConfig::default().with_group_version(0));
    let at = &embedded.addresses;
    kafka.java(|it, _| it.create(at, &[NewTopic { name: "t", partitions: 1, configs: &[] }]));
    let config = [("group.protocol", "consumer")];
    let refused = kafka.java(|it, _| Ok(it.group(at, &config, "g", ("t", 1), 1).map_err(|e| e.to_string())));
    assert!(refused.as_ref().is_err_and(|e| e.contains("UnsupportedVersionException")), "{refused:?}");
}

/// A broker of this process, with a thread of its own.
struct Embedded {
    broker: Broker,
    runtime: tokio::runtime::Runtime,
    addresses: String,
}

impl Embedded {
    fn start(config: BrokerConfig) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.expect("a runtime");
        let broker = runtime.block_on(Broker::start(config)).expect("a broker");
        let addresses: Vec<_> = broker.addresses().iter().map(ToString::to_string).collect();
        Self { broker, runtime, addresses: addresses.join(",") }
    }
}

fn valued(value: &str, partition: i32) -> NewRecord {
    NewRecord {
        topic: "t".into(),
        partition: Some(partition),
        value: Some(value.into()),
        ..NewRecord::default()
    }
}

/// The values of a topic as a reader sees them, in no particular order of partitions.
fn values(kafka: &Kafka, at: &str, committed: bool) -> Vec<String> {
    let read = kafka.java(|it, _| it.consume(at, "t", committed));
    let text = |value: Option<Vec<u8>>| String::from_utf8(value.unwrap_or_default()).expect("text");
    let mut values: Vec<_> = read.into_iter().map(|record| text(record.value)).collect();
    values.sort();
    values
}

/// With `transaction.version` 1 the Java client adds partitions and groups first, with 2 it does not: either
/// way a reader of committed records sees the committed ones, all of them and no others.
#[test]
fn the_java_client_runs_transactions_of_both_versions() {
    let Some(kafka) = Kafka::shared() else { return };
    for transaction_version in [1, 2] {
        let marker_delay = std::time::Duration::from_millis(30);
        let embedded = Embedded::start(
            BrokerConfig::default()
                .with_nodes(3)
                .with_transaction_version(transaction_version)
                .with_marker_delay(marker_delay),
        );
        let at = &embedded.addresses;
        kafka.java(|it, _| it.create(at, &[NewTopic { name: "t", partitions: 3, configs: &[] }]));
        let position =
            |offset| Committed { topic: "t".into(), partition: 1, offset, metadata: "note".into() };
        let (kept, dropped) = ([position(3)], [position(9)]);
        let (first, lost, last) = (
            [valued("a", 0), valued("b", 1), valued("c", 2)],
            [valued("lost", 0), valued("lost", 2)],
            [valued("d", 0)],
        );
        let transactions = [
            NewTransaction { records: &first, offsets: Some(("g", &kept)), commit: true, rival: false },
            NewTransaction { records: &lost, offsets: Some(("g", &dropped)), ..Default::default() },
            NewTransaction { records: &last, commit: true, ..Default::default() },
            NewTransaction { commit: true, ..Default::default() },
        ];
        let config = [("transactional.id", "x")];
        kafka.java(|it, _| it.transact(at, &config, &transactions));
        // A commit is answered before its markers are written; the next producer waits for them.
        kafka.java(|it, _| it.transact(at, &config, &[]));
        assert_eq!(values(kafka, at, true), ["a", "b", "c", "d"], "version {transaction_version}");
        assert_eq!(values(kafka, at, false), ["a", "b", "c", "d", "lost", "lost"]);
        assert_eq!(kafka.java(|it, _| it.committed(at, "g")), kept);

        let fenced = [NewTransaction { records: &lost, commit: true, rival: true, ..Default::default() }];
        let refused = kafka.java(|it, _| Ok(it.transact(at, &config, &fenced).map_err(|e| e.to_string())));
        assert!(refused.as_ref().is_err_and(|e| e.contains("ProducerFencedException")), "{refused:?}");
        assert_eq!(values(kafka, at, true), ["a", "b", "c", "d"]);
    }
}

#[test]
fn the_java_client_follows_leaders_and_coordinators() {
    let Some(kafka) = Kafka::shared() else { return };
    let embedded = Embedded::start(BrokerConfig::default().with_nodes(3));
    let at = &embedded.addresses;
    let Embedded { broker, runtime, .. } = &embedded;
    kafka.java(|it, _| it.create(at, &[NewTopic { name: "t", partitions: 2, configs: &[] }]));
    for (round, stopped) in (0..3).zip([3, 1, 2]) {
        runtime.block_on(broker.stop_node(stopped)).expect("it stops");
        let records = [valued(&format!("{round}"), 0), valued(&format!("{round}"), 1)];
        let transactions = [NewTransaction { records: &records, commit: true, ..Default::default() }];
        kafka.java(|it, _| it.transact(at, &[("transactional.id", "x")], &transactions));
        runtime.block_on(broker.start_node(stopped)).expect("it starts");
    }
    assert_eq!(values(kafka, at, true), ["0", "0", "1", "1", "2", "2"]);
}

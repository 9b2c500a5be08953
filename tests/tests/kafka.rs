//! A real Kafka starts, and the Java client writes and reads there.

use upsert_kafka_tests::kafka::{Committed, Kafka, NewTopic, unique};
use upsert_kafka_tests::record::{NewRecord, Record};

#[test]
fn the_java_client_reads_what_it_wrote() {
    let Some(kafka) = Kafka::shared() else { return };
    let topic = unique("round-trip");
    let new = NewRecord {
        topic: topic.clone(),
        partition: Some(1),
        timestamp_ms: Some(1_616_644_922_000),
        headers: vec![("a".into(), Some(vec![0, 255])), ("b".into(), None)],
        key: Some("é".into()),
        value: Some(vec![]),
    };
    let tombstone = NewRecord { value: None, headers: vec![], ..new.clone() };
    let config = [("cleanup.policy", "compact")];
    kafka.java(|it, at| it.create(at, &[NewTopic { name: &topic, partitions: 2, configs: &config }]));
    let written = kafka
        .java(|it, at| it.produce(at, &[("compression.type", "zstd")], &[new.clone(), tombstone.clone()]));
    assert_eq!(written, [(1, 0), (1, 1)]);

    let read = kafka.java(|it, at| it.consume(at, &topic, true));
    assert_eq!(read, [in_log(&new, 0), in_log(&tombstone, 1)]);
    assert_eq!(kafka.java(|it, at| it.consume_count(at, &topic, 2)).len(), 2);
    assert_eq!(kafka.java(|it, at| it.ends(at, &topic)), [0, 2]);
    assert_eq!(
        kafka.java(|it, at| it.topic_config(at, &topic, "cleanup.policy")).as_deref(),
        Some("compact")
    );
}

#[test]
fn offsets_of_a_group_are_what_was_committed() {
    let Some(kafka) = Kafka::shared() else { return };
    let (topic, group) = (unique("offsets"), unique("group"));
    kafka.java(|it, at| it.create(at, &[NewTopic { name: &topic, partitions: 1, configs: &[] }]));
    assert_eq!(kafka.java(|it, at| it.committed(at, &group)), []);
    let offset = Committed { topic, partition: 0, offset: 7, metadata: "upsert-kafka".into() };
    kafka.java(|it, at| it.commit(at, &group, std::slice::from_ref(&offset)));
    assert_eq!(kafka.java(|it, at| it.committed(at, &group)), [offset]);
}

/// This binary again, on a machine without Java.
#[test]
fn tests_that_are_skipped_say_so_and_are_counted() {
    let without_java = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["kafka::the_java_client", "kafka::offsets_of_a_group"])
        .env("PATH", "")
        .env_remove("UPSERT_KAFKA_REQUIRE_JAVA")
        .output()
        .unwrap();
    let [out, err] = [&without_java.stdout, &without_java.stderr].map(|it| String::from_utf8_lossy(it));
    assert!(without_java.status.success() && out.contains("2 passed"), "{out}{err}");
    for line in [
        "`java` does not run",
        "SKIPPED: kafka::the_java_client_reads_what_it_wrote\n",
        "SKIPPED: kafka::offsets_of_a_group_are_what_was_committed\n",
        "SKIPPED: 2 tests that are counted as passed above, for want of a real Apache Kafka.\n",
    ] {
        assert_eq!(err.matches(line).count(), 1, "{line:?}: {err}");
    }
}

fn in_log(new: &NewRecord, offset: i64) -> Record {
    Record {
        topic: new.topic.clone(),
        partition: new.partition.unwrap_or_default(),
        offset,
        timestamp_ms: new.timestamp_ms.unwrap_or_default(),
        headers: new.headers.clone(),
        key: new.key.clone(),
        value: new.value.clone(),
    }
}

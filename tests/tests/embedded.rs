//! The embedded broker serves a client that is not ours: Apache's Java client, on all it can do there.

use upsert_kafka_tests::kafka::{Committed, Kafka, NewTopic};
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
fn a_client_that_subscribes_as_a_group_is_told_so() {
    let Some(kafka) = Kafka::shared() else { return };
    let (_broker, at) = program::broker();
    kafka.java(|it, _| it.create(&at, &[NewTopic { name: "t", partitions: 1, configs: &[] }]));
    let refused = kafka.java(|it, _| Ok(it.subscribe(&at, "g", "t").map_err(|e| e.to_string())));
    assert!(refused.as_ref().is_err_and(|e| e.contains("UnsupportedVersionException")), "{refused:?}");
}

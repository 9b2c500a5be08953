//! Kafka tables that are written: keys, metadata, topics of rows, partitions, buffers, tasks.

use std::collections::BTreeMap;

use upsert_kafka_client::Header;

use super::stage::{Stage, kafka, upsert};

#[tokio::test]
async fn a_kafka_table_writes_key_fields_and_reads_them() {
    let stage = Stage::set(&[("in", 1), ("mid", 3), ("out", 1)]).await;
    stage.feed("in", &[(None, Some(r#"{"k_id":1,"v":"a"}"#)), (None, Some(r#"{"k_id":2,"v":"b"}"#))]).await;
    let keyed = "'key.format' = 'json', 'key.fields' = 'k_id', 'key.fields-prefix' = 'k_', \
                 'value.fields-include' = 'EXCEPT_KEY',";
    let write = kafka("src", "k_id INT, v STRING", "in", "json", "")
        + &kafka("mid", "k_id INT, v STRING", "mid", "json", keyed)
        + "INSERT INTO mid SELECT * FROM src";
    stage.run(&write).await.unwrap();
    let mut written = stage.read("mid").await;
    written.sort_by(|a, b| a.key.cmp(&b.key));
    let pairs: Vec<_> = written.iter().map(|it| (it.key.as_deref(), it.value.as_deref())).collect();
    assert_eq!(
        pairs,
        [(Some(r#"{"id":1}"#), Some(r#"{"v":"a"}"#)), (Some(r#"{"id":2}"#), Some(r#"{"v":"b"}"#))]
    );
    let read = kafka("mid", "k_id INT, v STRING", "mid", "json", keyed)
        + &kafka("o", "k_id INT, v STRING", "out", "json", "")
        + "INSERT INTO o SELECT * FROM mid";
    stage.run(&read).await.unwrap();
    let mut values = stage.values("out").await;
    values.sort();
    assert_eq!(values, [r#"{"k_id":1,"v":"a"}"#, r#"{"k_id":2,"v":"b"}"#]);
}

#[tokio::test]
async fn metadata_is_read_and_written() {
    let stage = Stage::set(&[("in", 1), ("a", 1), ("b", 1)]).await;
    let headers = [Header { key: "h", value: Some(b"1") }, Header { key: "h", value: None }];
    stage.feed_one("in", "k", r#"{"id":1,"t":"a"}"#, 1_234, &headers).await;
    stage.feed_one("in", "k", r#"{"id":2,"t":"b"}"#, 5_678, &[]).await;
    let columns = "id INT, ts TIMESTAMP_LTZ(3) METADATA FROM 'timestamp', t STRING, \
                   hs ARRAY<ROW<`key` STRING, `value` BYTES>> METADATA FROM 'header-list'";
    let job = kafka("src", columns, "in", "json", "")
        + &upsert(
            "o",
            "`topic` STRING METADATA, id INT, hs ARRAY<ROW<`key` STRING, `value` BYTES>> METADATA FROM 'header-list', \
             ts TIMESTAMP_LTZ(3) METADATA FROM 'timestamp', PRIMARY KEY (id) NOT ENFORCED",
            "a;b",
            "",
        )
        + "INSERT INTO o SELECT t, id, hs, ts FROM src";
    stage.run(&job).await.unwrap();
    let (a, b) = (stage.read("a").await, stage.read("b").await);
    assert_eq!((a.len(), b.len()), (1, 1));
    assert_eq!((a[0].value.as_deref(), a[0].timestamp_ms), (Some(r#"{"id":1}"#), 1_234));
    assert_eq!(a[0].headers, [("h".to_owned(), Some(b"1".to_vec())), ("h".to_owned(), None)]);
    assert_eq!((b[0].value.as_deref(), b[0].timestamp_ms), (Some(r#"{"id":2}"#), 5_678));
    assert!(b[0].headers.is_empty());

    stage.feed_one("in", "k", r#"{"id":3,"t":"c"}"#, 1, &[]).await;
    let refused = stage.run(&job).await.unwrap_err().to_string();
    assert!(refused.contains("topic c is not among the table's: a, b"), "{refused}");
}

#[tokio::test]
async fn a_buffer_writes_the_last_change_of_each_key_and_nothing_is_lost_at_the_end() {
    let stage = Stage::set(&[("in", 1), ("out", 1)]).await;
    let values: Vec<String> = (0..100).map(|n| format!("{{\"id\":{},\"n\":{n}}}", n % 7)).collect();
    let records: Vec<_> = values.iter().map(|it| (None, Some(&**it))).collect();
    stage.feed("in", &records).await;
    let buffered = "'sink.buffer-flush.max-rows' = '1000', 'sink.buffer-flush.interval' = '1 h',";
    let job = kafka("src", "id INT, n INT", "in", "json", "'properties.group.id' = 'g',")
        + &upsert("o", "id INT, n INT, PRIMARY KEY (id) NOT ENFORCED", "out", buffered)
        + "INSERT INTO o SELECT * FROM src";
    let summary = stage.run(&job).await.unwrap();
    assert_eq!((summary.counts.rows_in, summary.counts.rows_out, summary.counts.reduced), (100, 7, 93));
    assert!((summary.counts.reduction() - 0.93).abs() < 1e-9);
    let order = [0, 1, 2, 3, 4, 5, 6].map(|id| {
        let last = (0..100).rev().find(|n| n % 7 == id).unwrap();
        format!("{{\"id\":{id},\"n\":{last}}}")
    });
    assert_eq!(stage.values("out").await, order, "in the order of the first changes");
}

#[tokio::test]
async fn tasks_share_partitions_and_a_key_stays_in_order() {
    let stage = Stage::set(&[("in", 5), ("out", 3), ("fixed", 2)]).await;
    let rows: Vec<_> =
        (0..1_000).map(|n| (format!("k{}", n % 20), format!("{{\"id\":{},\"n\":{n}}}", n % 20))).collect();
    let records: Vec<_> = rows.iter().map(|(key, value)| (Some(&**key), Some(&**value))).collect();
    stage.feed("in", &records).await;
    let job = kafka(
        "src",
        "id INT, n INT",
        "in",
        "json",
        "'properties.group.id' = 'g', 'scan.parallelism' = '3',",
    ) + &upsert("o", "id INT, n INT, PRIMARY KEY (id) NOT ENFORCED", "out", "")
        + &kafka("f", "id INT, n INT", "fixed", "json", "'sink.partitioner' = 'fixed',")
        + "EXECUTE STATEMENT SET BEGIN INSERT INTO o SELECT * FROM src; INSERT INTO f SELECT * FROM src; END";
    let summary = stage.run(&job).await.unwrap();
    assert_eq!((summary.counts.rows_in, summary.counts.rows_out), (1_000, 2_000));
    let mut by_id: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
    for value in stage.values("out").await {
        let row: serde_json::Value = serde_json::from_str(&value).unwrap();
        by_id.entry(row["id"].as_i64().unwrap()).or_default().push(row["n"].as_i64().unwrap());
    }
    for (id, numbers) in by_id {
        assert!(numbers.iter().copied().eq((0..50).map(|round| id + 20 * round)), "{id}: {numbers:?}");
    }
    let fixed = stage.read("fixed").await;
    let first = fixed.iter().filter(|it| it.partition == 0).count();
    // Tasks 0 and 2 write to partition 0, task 1 to partition 1.
    assert!(first > 0 && first < 1_000, "{first}");
    let again = stage.run(&job).await.unwrap();
    assert_eq!(again.counts.rows_in, 0, "every task kept its positions");
}

/// Java's client takes no such record, so a job of Flink fails too.
#[tokio::test]
async fn a_record_has_no_time_before_1970() {
    let stage = Stage::set(&[("out", 1)]).await;
    let sink = upsert(
        "o",
        "id INT, ts TIMESTAMP_LTZ(3) METADATA FROM 'timestamp', PRIMARY KEY (id) NOT ENFORCED",
        "out",
        "",
    );
    let insert = |millis: i64| format!("{sink}INSERT INTO o SELECT 1, TO_TIMESTAMP_LTZ({millis}, 3)");
    let error = stage.run(&insert(-1)).await.unwrap_err().to_string();
    assert!(
        error.contains("table o: the row's metadata column 'timestamp' is -1 ms, before 1970"),
        "{error}"
    );
    stage.run(&insert(0)).await.unwrap();
    assert_eq!(stage.read("out").await[0].timestamp_ms, 0);
}

#[tokio::test]
async fn deletes_may_be_ignored() {
    let stage = Stage::set(&[("u", 1), ("out", 1)]).await;
    stage.feed("u", &[(Some(r#"{"id":1}"#), Some(r#"{"id":1}"#)), (Some(r#"{"id":1}"#), None)]).await;
    let columns = "id INT, PRIMARY KEY (id) NOT ENFORCED";
    let job = upsert("u", columns, "u", "")
        + &upsert("o", columns, "out", "'sink.delete.mode' = 'ignore',")
        + "INSERT INTO o SELECT * FROM u";
    stage.run(&job).await.unwrap();
    assert_eq!(stage.values("out").await, [r#"{"id":1}"#]);
}

#[tokio::test]
async fn rows_that_change_are_refused_by_a_table_that_only_takes_inserts() {
    let stage = Stage::set(&[]).await;
    let job = upsert("u", "id INT, PRIMARY KEY (id) NOT ENFORCED", "u", "")
        + &kafka("o", "id INT", "out", "json", "")
        + "INSERT INTO o SELECT * FROM u";
    let refused = stage.open(&job).await.err().unwrap().to_string();
    assert!(
        refused.contains("table o: ") && refused.contains("table u has rows that change and go"),
        "{refused}"
    );
}

//! Kafka tables that are read: topics that match a pattern, and records that cannot be read.

use std::time::Duration;

use tokio::time::{sleep, timeout};

use super::stage::{Stage, kafka, upsert};

const SINK: &str = "id INT, PRIMARY KEY (id) NOT ENFORCED";

#[tokio::test]
async fn a_pattern_means_every_topic_that_matches_and_those_to_come() {
    let stage = Stage::set(&[("orders-1", 2), ("orders-2", 1), ("my-orders-1", 1), ("out", 1)]).await;
    for (topic, id) in [("orders-1", 1), ("orders-2", 2), ("my-orders-1", 9)] {
        stage.feed(topic, &[(None, Some(&format!("{{\"id\":{id}}}")))]).await;
    }
    let options = "'scan.topic-partition-discovery.interval' = '50 ms', 'properties.group.id' = 'g',";
    let job = kafka("src", "id INT", "T", "json", options)
        .replace("'topic' = 'T'", "'topic-pattern' = 'orders-[0-9]+'")
        + &upsert("o", SINK, "out", "'properties.linger.ms' = '0',")
        + "INSERT INTO o SELECT * FROM src";
    let running = stage.open(&job).await.unwrap();
    let (stopper, progress) = (running.stopper(), running.progress());
    let running = tokio::spawn(running.run());
    let rows_are = async |count| {
        let come = async {
            while progress.counts().rows_out < count {
                sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(Duration::from_secs(30), come).await.expect("the rows come");
    };
    rows_are(2).await;
    stage.create("orders-33", 1).await;
    stage.feed("orders-33", &[(None, Some(r#"{"id":3}"#))]).await;
    rows_are(3).await;
    stopper.stop();
    running.await.unwrap().unwrap();
    let mut values = stage.values("out").await;
    values.sort();
    assert_eq!(values, [r#"{"id":1}"#, r#"{"id":2}"#, r#"{"id":3}"#]);
}

#[tokio::test]
async fn a_record_that_cannot_be_read_is_left_out_and_kept_as_it_came() {
    let stage = Stage::set(&[("in", 1), ("out", 1), ("dead", 1)]).await;
    stage
        .feed("in", &[(None, Some(r#"{"id":1}"#)), (Some("k"), Some("broken")), (None, Some(r#"{"id":2}"#))])
        .await;
    let job = |options: &str| {
        kafka("src", "id INT", "in", "json", options)
            + &upsert("o", SINK, "out", "")
            + "INSERT INTO o SELECT * FROM src"
    };
    let failed = stage.run(&job("")).await.unwrap_err().to_string();
    assert!(failed.contains("topic in, partition 0, offset 1"), "{failed}");
    let summary = stage.run(&job("'error-handling.mode' = 'ignore',")).await.unwrap();
    assert_eq!((summary.counts.rows_in, summary.counts.rows_out, summary.counts.failed), (3, 2, 1));
    let kept = "'error-handling.mode' = 'log', 'error-handling.dead-letter-topic' = 'dead',";
    stage.run(&job(kept)).await.unwrap();
    let dead = stage.read("dead").await;
    assert_eq!(dead.len(), 1);
    assert_eq!((dead[0].key.as_deref(), dead[0].value.as_deref()), (Some("k"), Some("broken")));
    let header = |name: &str| {
        let found = dead[0].headers.iter().find(|(key, _)| key == name).and_then(|it| it.1.clone());
        String::from_utf8(found.expect("a header")).unwrap()
    };
    assert_eq!(
        ["topic", "partition", "offset"].map(|it| header(&format!("upsert-kafka.{it}"))),
        ["in", "0", "1"]
    );
    assert!(failed.ends_with(&header("upsert-kafka.error")), "{failed}: {}", header("upsert-kafka.error"));
}

#[tokio::test]
async fn headers_of_every_record_and_rows_that_the_sink_refuses() {
    let stage = Stage::set(&[("in", 1), ("out", 1)]).await;
    stage.feed("in", &[(None, Some(r#"{"id":null}"#)), (None, Some(r#"{"id":2}"#))]).await;
    let job = kafka("src", "id INT", "in", "json", "'error-handling.mode' = 'ignore',")
        + &upsert("o", SINK, "out", "'sink.headers' = 'app:billing;empty:',")
        + "INSERT INTO o SELECT * FROM src";
    let summary = stage.run(&job).await.unwrap();
    assert_eq!((summary.counts.rows_out, summary.counts.failed), (1, 1));
    let read = stage.read("out").await;
    assert_eq!(
        read[0].headers,
        [("app".to_owned(), Some(b"billing".to_vec())), ("empty".to_owned(), Some(Vec::new()))]
    );
}

//! Sinks with tasks of their own: rows reach these by the hash of the sink's key, so that a key stays in order.

use std::collections::BTreeMap;

use upsert_kafka_broker::{Action, Fault};
use upsert_kafka_protocol::{ApiKey, ErrorCode};
use upsert_kafka_sink::Summary;

use super::stage::{Stage, kafka, upsert};

const COLUMNS: &str = "id INT, n INT, PRIMARY KEY (id) NOT ENFORCED";

/// Rows of so many ids in turn, numbered; an id lies in one partition, as its producer's key.
async fn feed(stage: &Stage, ids: u32, rows: u32) {
    let rows: Vec<_> = (0..rows)
        .map(|n| (format!("k{}", n % ids), format!("{{\"id\":{},\"n\":{}}}", n % ids, n / ids)))
        .collect();
    let records: Vec<_> = rows.iter().map(|(key, value)| (Some(&**key), Some(&**value))).collect();
    // Batches of few rows: a fetch brings one at least, and need not bring more.
    for records in records.chunks(FEED_ROWS) {
        stage.feed("in", records).await;
    }
}

const FEED_ROWS: usize = 100;

/// What was written of each id, in the order of its partition.
async fn written(stage: &Stage) -> BTreeMap<u64, Vec<u64>> {
    let mut by_id: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
    for value in stage.values("out").await {
        let row: serde_json::Value = serde_json::from_str(&value).unwrap();
        by_id.entry(row["id"].as_u64().unwrap()).or_default().push(row["n"].as_u64().unwrap());
    }
    by_id
}

fn job(source: &str, sink: &str) -> String {
    let source = format!("'properties.group.id' = 'g', {source}");
    kafka("src", "id INT, n INT", "in", "json", &source)
        + &upsert("o", COLUMNS, "out", sink)
        + "INSERT INTO o SELECT * FROM src"
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_stays_in_order_whichever_task_writes_it() {
    const IDS: u32 = 50;
    const ROWS: u32 = 20_000;
    for (source, sink, exchanged) in [
        ("'scan.parallelism' = '1',", "'sink.parallelism' = '2',", true),
        ("'scan.parallelism' = '1',", "'sink.parallelism' = '4',", true),
        ("'scan.parallelism' = '3',", "'sink.parallelism' = '2',", true),
        ("'scan.parallelism' = '2',", "'sink.parallelism' = '2',", false),
    ] {
        let stage = Stage::set(&[("in", 3), ("out", 3)]).await;
        feed(&stage, IDS, ROWS).await;
        let Summary { counts, .. } = stage.run(&job(source, sink)).await.unwrap();
        let rows = u64::from(ROWS);
        assert_eq!((counts.rows_in, counts.rows_out), (rows, rows), "{source} {sink}");
        assert_eq!(counts.exchanged, if exchanged { rows } else { 0 }, "{source} {sink}");
        let by_id = written(&stage).await;
        assert_eq!(by_id.len(), IDS as usize);
        for (id, numbers) in by_id {
            assert!(
                numbers.iter().copied().eq(0..u64::from(ROWS / IDS)),
                "{source} {sink}: id {id}: {numbers:?}"
            );
        }
        let again = stage.run(&job(source, sink)).await.unwrap();
        assert_eq!(again.counts.rows_in, 0, "every task kept its positions");
    }
}

/// A clean stop commits what it wrote, so that the next run goes on behind it: nothing is missing, and nothing comes twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_at_any_point_drains_what_is_between_the_tasks() {
    const IDS: u32 = 20;
    const ROWS: u32 = 12_000;
    // Little comes at once, and little leaves at once.
    let source = "'scan.parallelism' = '2', 'properties.max.partition.fetch.bytes' = '2000',";
    for buffer in ["", "'sink.buffer-flush.max-rows' = '3', 'sink.buffer-flush.interval' = '1 h',"] {
        let sink = format!("{buffer} 'sink.parallelism' = '3', 'properties.batch.size' = '500',");
        let stage = Stage::set(&[("in", 2), ("out", 2)]).await;
        feed(&stage, IDS, ROWS).await;
        let mut rows_in = 0;
        for produce in [0, 1, 2, 4, 8] {
            let running = stage.open(&job(source, &sink)).await.unwrap();
            let stopper = running.stopper();
            // A task writes at this moment, and others may read.
            let slow = Fault::new(ApiKey::PRODUCE, Action::Delay(std::time::Duration::from_millis(1)));
            let mut armed = stage.fault(slow.skip(produce)).await;
            let running = tokio::spawn(running.run());
            armed.wait(1).await;
            stopper.stop();
            rows_in += running.await.unwrap().unwrap().counts.rows_in;
        }
        assert!(rows_in < u64::from(ROWS), "it was stopped on its way, at row {rows_in}");
        stage.run(&job(source, &sink)).await.unwrap();
        for (id, numbers) in written(&stage).await {
            let in_order = numbers.windows(2).all(|pair| pair[0] < pair[1]);
            assert!(in_order, "{buffer} id {id}: {numbers:?}");
            assert_eq!(numbers.last(), Some(&u64::from(ROWS / IDS - 1)), "{buffer} id {id}");
            if buffer.is_empty() {
                assert_eq!(numbers.len(), (ROWS / IDS) as usize, "id {id}: {numbers:?}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_failure_of_one_task_of_a_sink_ends_the_job_and_commits_nothing_beyond() {
    let stage = Stage::set(&[("in", 1), ("out", 4)]).await;
    feed(&stage, 20, 2_000).await;
    let job = job("", "'sink.parallelism' = '4', 'properties.linger.ms' = '0',");
    let refused = Fault::new(ApiKey::PRODUCE, Action::RefusePartition(2, ErrorCode::INVALID_RECORD));
    let armed = stage.fault(refused.times(u32::MAX)).await;
    let error = stage.run(&job).await.unwrap_err().to_string();
    // Not that a task has ended, which is what those that wait for it see.
    assert!(error.starts_with("table o: ") && error.contains("partition 2"), "{error}");
    armed.disarm().await;
    let again = stage.run(&job).await.unwrap();
    assert!(again.counts.rows_in > 0, "rows were not written, so they are read again");
    for (id, numbers) in written(&stage).await {
        assert!((0..100).all(|n| numbers.contains(&n)), "id {id}: {numbers:?}");
        assert_eq!(numbers.last(), Some(&99), "id {id}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_insert_may_be_exchanged_beside_another_that_is_not() {
    let stage = Stage::set(&[("in", 2), ("out", 2), ("plain", 2)]).await;
    feed(&stage, 10, 1_000).await;
    let job = kafka(
        "src",
        "id INT, n INT",
        "in",
        "json",
        "'properties.group.id' = 'g', 'scan.parallelism' = '2',",
    ) + &upsert("o", COLUMNS, "out", "'sink.parallelism' = '3',")
        + &upsert("p", COLUMNS, "plain", "")
        + "EXECUTE STATEMENT SET BEGIN INSERT INTO o SELECT * FROM src; INSERT INTO p SELECT * FROM src; END";
    let counts = stage.run(&job).await.unwrap().counts;
    assert_eq!((counts.rows_in, counts.rows_out, counts.exchanged), (1_000, 2_000, 1_000));
    assert!(written(&stage).await.values().all(|numbers| numbers.iter().copied().eq(0..100)));
    assert_eq!(stage.values("plain").await.len(), 1_000);
}

/// An update that moves a row to another key: its tombstone and its new value may go to two tasks, each in its key's order.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_that_changes_its_key_leaves_a_tombstone_behind_its_last_value() {
    let stage = Stage::set(&[("in", 1), ("out", 2)]).await;
    let moves: Vec<String> = (0..2_000)
        .map(|n| {
            let row = |id: u32, n: u32| format!("{{\"id\":{id},\"n\":{n}}}");
            match n {
                0 => format!("{{\"before\":null,\"after\":{},\"op\":\"c\"}}", row(0, 0)),
                n => {
                    let (before, after) = (row((n - 1) % 7, n - 1), row(n % 7, n));
                    format!("{{\"before\":{before},\"after\":{after},\"op\":\"u\"}}")
                }
            }
        })
        .collect();
    let records: Vec<_> = moves.iter().map(|it| (None, Some(&**it))).collect();
    stage.feed("in", &records).await;
    let job = kafka("src", "id INT, n INT", "in", "debezium-json", "'properties.group.id' = 'g',")
        + &upsert("o", COLUMNS, "out", "'sink.parallelism' = '4',")
        + "INSERT INTO o SELECT * FROM src";
    stage.run(&job).await.unwrap();
    let mut of_key: BTreeMap<String, Vec<Option<String>>> = BTreeMap::new();
    for record in stage.read("out").await {
        of_key.entry(record.key.unwrap()).or_default().push(record.value);
    }
    let mut alive = Vec::new();
    for (key, values) in of_key {
        let by_turns = values.iter().enumerate().all(|(at, value)| value.is_some() == (at % 2 == 0));
        assert!(by_turns, "{key}: a value and its tombstone, again and again: {values:?}");
        alive.extend(values.last().cloned().flatten());
    }
    assert_eq!(alive, [r#"{"id":4,"n":1999}"#], "the last value alone is left");
}

fn two_sources(query: &str, sink: &str) -> String {
    kafka("a", "id INT, n INT", "in", "json", "'properties.group.id' = 'g',")
        + &kafka("b", "id INT, n INT", "more", "json", "'properties.group.id' = 'g',")
        + &upsert("o", COLUMNS, "out", sink)
        + &format!("INSERT INTO o {query}")
}

/// The branches of a UNION ALL read two topics, and a key has rows in both.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_has_one_writer_over_all_branches() {
    let union = "SELECT * FROM a UNION ALL SELECT id, n + 1000 FROM b";
    for (query, sink, writers, exchanged) in [
        (union, "", 1, 1_000),
        (union, "'sink.parallelism' = '2',", 2, 1_000),
        ("SELECT * FROM a UNION ALL SELECT id, n + 1000 FROM a", "", 1, 0),
    ] {
        let stage = Stage::set(&[("in", 2), ("more", 2), ("out", 2)]).await;
        feed(&stage, 10, 500).await;
        let more: Vec<_> = (0..500).map(|n| format!("{{\"id\":{},\"n\":{}}}", n % 10, n / 10)).collect();
        let more: Vec<_> = more.iter().map(|it| (None, Some(&**it))).collect();
        stage.feed("more", &more).await;
        let asked = Fault::new(ApiKey::INIT_PRODUCER_ID, Action::Delay(std::time::Duration::ZERO));
        let armed = stage.fault(asked.times(u32::MAX)).await;
        let counts = stage.run(&two_sources(query, sink)).await.unwrap().counts;
        assert_eq!((counts.rows_out, counts.exchanged), (1_000, exchanged), "{query} {sink}");
        assert_eq!(armed.disarm().await, writers, "producers, one of each writer: {query} {sink}");
        for (id, numbers) in written(&stage).await {
            for of_branch in [0..50, 1000..1050] {
                let numbers = numbers.iter().copied().filter(|n| of_branch.contains(n));
                assert!(numbers.eq(of_branch.clone()), "{query} {sink}: id {id}");
            }
        }
    }
}

/// Rows of one key go through this branch and that one by turns: the last row is the last that is written.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn branches_over_one_topic_keep_the_order_of_its_rows() {
    let query = "SELECT * FROM a WHERE n % 2 = 0 UNION ALL SELECT * FROM a WHERE n % 2 = 1";
    for sink in ["", "'sink.buffer-flush.max-rows' = '1000', 'sink.buffer-flush.interval' = '1 h',"] {
        let stage = Stage::set(&[("in", 1), ("more", 1), ("out", 1)]).await;
        feed(&stage, 3, 300).await;
        stage.run(&two_sources(query, sink)).await.unwrap();
        for (id, numbers) in written(&stage).await {
            let expected = if sink.is_empty() { 0..100 } else { 99..100 };
            assert!(numbers.iter().copied().eq(expected), "{sink} id {id}: {numbers:?}");
        }
    }
}

//! `sink.partitioner` of a kafka table with several tasks: what Flink's FlinkFixedPartitioner says, and the producer's own.

use std::collections::BTreeMap;

use super::stage::{Read, Stage, kafka};

/// Partitions of `in`: each row says which one it lies in.
const SOURCES: i32 = 8;
const ROWS_EACH: i32 = 50;

/// Fills `in`, copies it into `out`, which has so many partitions, and reads that.
async fn copied(partitions: i32, source: &str, sink: &str) -> Vec<(Read, i32)> {
    let stage = Stage::set(&[("in", SOURCES), ("out", partitions)]).await;
    for from in 0..SOURCES {
        let rows: Vec<String> = (0..ROWS_EACH).map(|n| format!("{{\"source\":{from},\"n\":{n}}}")).collect();
        stage.feed_partition("in", from, &rows).await;
    }
    let job = kafka("src", "source INT, n INT", "in", "json", source)
        + &kafka("o", "source INT, n INT", "out", "json", sink)
        + "INSERT INTO o SELECT * FROM src";
    let rows = u64::from((SOURCES * ROWS_EACH).unsigned_abs());
    assert_eq!(stage.run(&job).await.unwrap().counts.rows_out, rows, "{source} {sink}");
    let read = stage.read("out").await.into_iter().map(|record| {
        let row: serde_json::Value = serde_json::from_str(record.value.as_deref().unwrap()).unwrap();
        let from = row["source"].as_i64().unwrap();
        (record, i32::try_from(from).unwrap())
    });
    read.collect()
}

/// How many records each partition has.
fn counted(records: &[(Read, i32)]) -> BTreeMap<i32, i32> {
    let mut counts = BTreeMap::new();
    for (record, _) in records {
        *counts.entry(record.partition).or_default() += 1;
    }
    counts
}

/// A task has the partitions of the source whose number leaves its own as the rest; it writes to the partition of the
/// sink that its own number leaves, whatever the key is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fixed_is_the_subtask_modulo_the_partitions() {
    let keyed = "'key.format' = 'json', 'key.fields' = 'n',";
    for (tasks, partitions, keys) in [(4, 3, ""), (2, 5, ""), (3, 3, keyed), (1, 4, "")] {
        let source = format!("'scan.parallelism' = '{tasks}',");
        let sink = format!("'sink.partitioner' = 'fixed', {keys}");
        for (record, from) in copied(partitions, &source, &sink).await {
            let subtask = from % tasks;
            assert_eq!(
                record.partition,
                subtask % partitions,
                "{tasks} tasks, {partitions} partitions: {record:?} of {from}"
            );
            assert_eq!(record.key.is_some(), !keys.is_empty());
        }
    }
}

/// Rows come to tasks of the sink in turns, and each of these has its partition.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fixed_goes_by_the_tasks_of_the_sink_where_it_has_its_own() {
    let sink = "'sink.partitioner' = 'fixed', 'sink.parallelism' = '4',";
    let records = copied(3, "'scan.parallelism' = '1',", sink).await;
    // Tasks 0 and 3 write to partition 0.
    let quarter = SOURCES * ROWS_EACH / 4;
    assert_eq!(counted(&records), [(0, 2 * quarter), (1, quarter), (2, quarter)].into());
}

/// Neither partitioner says anything: the producer fills a batch for one partition, and then one for another.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn round_robin_and_default_leave_keyless_rows_to_the_producer() {
    for partitioner in ["", "'sink.partitioner' = 'round-robin',", "'sink.partitioner' = 'default',"] {
        let sink = format!("{partitioner} 'properties.batch.size' = '200',");
        let records = copied(3, "'scan.parallelism' = '2',", &sink).await;
        assert!(records.iter().all(|(record, _)| record.key.is_none()));
        assert_eq!(counted(&records).into_keys().collect::<Vec<_>>(), [0, 1, 2], "{sink}");
    }
}

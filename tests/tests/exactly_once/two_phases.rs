//! Programs with checkpoints of their own: prepare, store, commit, in this run or the next.

use upsert_kafka_sink::row::{RowKind, Value};
use upsert_kafka_sink::{Committable, KafkaTable, UpsertSink};

use super::*;

fn table(stage: &Stage, options: &str) -> KafkaTable {
    let ddl = format!(
        "CREATE TABLE t (id INT, PRIMARY KEY (id) NOT ENFORCED) WITH ('connector' = 'upsert-kafka', 'topic' = 'a',
           'properties.bootstrap.servers' = 'x:1', 'key.format' = 'json', 'value.format' = 'json'{options})"
    );
    let options = PlanOptions::new().with_bootstrap(stage.broker.address().to_string());
    KafkaTable::from_ddl(ddl.as_str()).expect("a table").with_options(options)
}

const EXACTLY_ONCE: &str =
    ", 'sink.delivery-guarantee' = 'exactly-once', 'sink.transactional-id-prefix' = 'tx'";

async fn write(sink: &mut UpsertSink, id: i32) {
    sink.write(RowKind::Insert, &[Value::Int(id)]).await.expect("room");
}

#[tokio::test]
async fn what_is_prepared_is_seen_when_it_is_committed_while_others_are_written() {
    for version in [1, 2] {
        let stage = Stage::of(BrokerConfig::default().with_transaction_version(version)).await;
        let mut sink = UpsertSink::open(&table(&stage, EXACTLY_ONCE)).await.expect("a sink");
        assert_eq!(sink.prepare_commit().await.expect("nothing"), None);
        write(&mut sink, 1).await;
        let first = sink.prepare_commit().await.expect("prepared").expect("something");
        write(&mut sink, 2).await;
        let second = sink.prepare_commit().await.expect("prepared").expect("something");
        // Golden: Flink's POOLING takes the smallest number that nobody has.
        assert_eq!((first.transactional_id(), second.transactional_id()), ("tx-0-0", "tx-0-1"));
        assert_eq!(stage.committed("a").await, [""; 0]);
        sink.commit(&first).await.expect("committed");
        assert_eq!(stage.await_committed("a", 1).await, ["{\"id\":1}"]);
        write(&mut sink, 3).await;
        let third = sink.prepare_commit().await.expect("prepared").expect("something");
        assert_eq!(third.transactional_id(), "tx-0-0", "it is free again");
        sink.commit(&second).await.expect("committed");
        sink.commit(&third).await.expect("committed");
        assert_eq!(stage.await_committed("a", 3).await.len(), 3);
    }
}

#[tokio::test]
async fn the_next_run_commits_what_was_stored_and_ends_what_was_not() {
    for version in [1, 2] {
        let stage = Stage::of(BrokerConfig::default().with_transaction_version(version)).await;
        let table = table(&stage, EXACTLY_ONCE);
        let mut sink = UpsertSink::open(&table).await.expect("a sink");
        write(&mut sink, 1).await;
        let stored =
            sink.prepare_commit().await.expect("prepared").expect("something").to_bytes().expect("bytes");
        write(&mut sink, 2).await;
        let lost = sink.prepare_commit().await.expect("prepared").expect("something");
        drop(sink);
        let stored = Committable::from_bytes(&stored).expect("a committable");
        // Once by the run that may have come to it, and again, since nobody knows.
        for _ in 0..2 {
            UpsertSink::commit_prepared(&table, std::slice::from_ref(&stored)).await.expect("committed");
        }
        let mut sink = UpsertSink::open(&table).await.expect("a sink");
        assert_eq!(stage.committed("a").await, ["{\"id\":1}"]);
        let refused = sink.commit(&lost).await.expect_err("it was ended").to_string();
        assert!(refused.contains("tx-0-1") && refused.contains("is not committed"), "{refused}");
        assert_eq!(stage.committed("a").await, ["{\"id\":1}"]);
    }
}

#[tokio::test]
async fn two_phases_are_for_exactly_once_tables_and_handles_for_others() {
    let stage = Stage::set().await;
    let mut plain = UpsertSink::open(&table(&stage, "")).await.expect("a sink");
    let refused = plain.prepare_commit().await.expect_err("no transaction").to_string();
    assert!(refused.contains("table t") && refused.contains("'exactly-once'"), "{refused}");
    let mut sink = UpsertSink::open(&table(&stage, EXACTLY_ONCE)).await.expect("a sink");
    let refused = sink.commit_handle().await.expect_err("unseen").to_string();
    assert!(refused.contains("prepare_commit"), "{refused}");
}

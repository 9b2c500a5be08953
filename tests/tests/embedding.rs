//! Tables that a program opens: what it reads and writes, how far that came, and what it is told when something fails.

mod elsewhere; // registries, a real Kafka, topics that are made again

use std::pin::pin;
use std::task::Poll;
use std::time::{Duration, Instant};

use upsert_kafka_broker::{Action, Broker, BrokerConfig, Fault};
use upsert_kafka_client::{Client, Config, ErrorCode, Record, Role};
use upsert_kafka_protocol::ApiKey;
use upsert_kafka_sink::row::{RowKind, Value};
use upsert_kafka_sink::types::LogicalType;
use upsert_kafka_sink::{
    ErrorKind, KafkaTable, KafkaTableBuilder, Restore, SourceOptions, TableSource, UpsertSink,
};

/// `users (id BIGINT, name STRING)` in topic `users`, read by group `g` to where it ends now.
fn users(broker: &Broker) -> KafkaTableBuilder {
    KafkaTable::builder("users")
        .column("id", LogicalType::BigInt.not_null())
        .column("name", LogicalType::STRING.nullable())
        .primary_key(["id"])
        .topic("users")
        .key_format("json")
        .value_format("json")
        .property("bootstrap.servers", broker.address().to_string())
        .property("group.id", "g")
        .option("scan.bounded.mode", "latest-offset")
}

async fn upsert(sink: &mut UpsertSink, id: i64, name: &str) {
    sink.write(RowKind::UpdateAfter, &[Value::BigInt(id), Value::String(name)]).await.expect("room");
}

async fn open(table: &KafkaTable) -> TableSource {
    TableSource::open(table, SourceOptions::new()).await.expect("a source")
}

/// At most so many rows, as Flink prints their kinds.
async fn read(source: &mut TableSource, rows_max: usize) -> Result<Vec<String>, upsert_kafka_sink::Error> {
    let mut rows = Vec::new();
    let count = source.read(rows_max, |kind, row| rows.push(shown(kind, row))).await?;
    assert_eq!(count, rows.len());
    Ok(rows)
}

async fn read_all(source: &mut TableSource) -> Vec<String> {
    let mut all = Vec::new();
    loop {
        let rows = read(source, 1_000).await.expect("rows");
        if rows.is_empty() {
            return all;
        }
        all.extend(rows);
    }
}

fn shown(kind: RowKind, row: &[Value<'_>]) -> String {
    let cells = row.iter().map(|it| match it {
        Value::BigInt(it) => it.to_string(),
        Value::String(it) => (*it).to_owned(),
        other => format!("{other:?}"),
    });
    format!("{kind} {}", cells.collect::<Vec<_>>().join(" "))
}

/// Whether the future is done at once; if not, it is dropped.
async fn at_once<F: Future>(future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    std::future::poll_fn(|context| {
        Poll::Ready(match future.as_mut().poll(context) {
            Poll::Ready(done) => Some(done),
            Poll::Pending => None,
        })
    })
    .await
}

async fn produce(broker: &Broker, topic: &str, records: &[(Option<&str>, Option<&str>)]) {
    let servers = broker.address().to_string();
    let (config, _) =
        Config::from_properties([("bootstrap.servers", &*servers)], Role::Producer).expect("a config");
    let producer = Client::open(config).await.expect("a client").producer();
    let topic = producer.topic(topic).await.expect("a topic");
    for (key, value) in records {
        let record =
            Record { key: key.map(str::as_bytes), value: value.map(str::as_bytes), ..Record::new(&topic) };
        drop(producer.send(record).await.expect("room"));
    }
    producer.flush().await.expect("written");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_goes_on_behind_what_its_program_committed() {
    let broker = Broker::start(BrokerConfig::default()).await.expect("a broker");
    let table = users(&broker).build().expect("a table");
    let mut sink = UpsertSink::open(&table).await.expect("a sink");
    for id in 1..=4 {
        upsert(&mut sink, id, "x").await;
    }
    sink.write(RowKind::Delete, &[Value::BigInt(2), Value::Null]).await.expect("room");
    sink.flush().await.expect("written");

    let mut source = open(&table).await;
    assert_eq!(read(&mut source, 2).await.expect("rows"), ["+U 1 x", "+U 2 x"]);
    let two = source.positions();
    assert_eq!(read(&mut source, 1).await.expect("rows"), ["+U 3 x"]);
    source.commit(two).await.expect("committed");
    drop(source);

    let mut source = open(&table).await;
    assert_eq!(read_all(&mut source).await, ["+U 3 x", "+U 4 x", "-D 2 Null"]);
    let end = source.positions();
    source.commit(end).await.expect("committed");
    drop(source);
    assert!(read_all(&mut open(&table).await).await.is_empty(), "all was read");

    let anew = SourceOptions::new().with_restore(Restore::Nothing);
    let mut source = TableSource::open(&table, anew).await.expect("a source");
    assert_eq!(read_all(&mut source).await.len(), 5);
    broker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_counts_once_all_of_its_rows_are_handed_out() {
    let broker = Broker::start(BrokerConfig::default()).await.expect("a broker");
    let row = |name: &str| format!(r#"{{"id":1,"name":"{name}"}}"#);
    let update = format!(r#"{{"op":"u","before":{},"after":{}}}"#, row("a"), row("b"));
    let delete = format!(r#"{{"op":"d","before":{},"after":null}}"#, row("b"));
    produce(&broker, "cdc", &[(None, Some(&update)), (None, Some(&delete))]).await;
    let ddl = format!(
        "CREATE TABLE cdc (id BIGINT, name STRING) WITH ('connector' = 'kafka', 'topic' = 'cdc',
           'properties.bootstrap.servers' = '{}', 'properties.group.id' = 'g', 'format' = 'debezium-json',
           'scan.startup.mode' = 'earliest-offset', 'scan.bounded.mode' = 'latest-offset')",
        broker.address()
    );
    let table = KafkaTable::from_ddl(&*ddl).expect("a table");
    let mut source = open(&table).await;
    assert_eq!(read(&mut source, 1).await.expect("rows"), ["-U 1 a"]);
    let half = source.positions();
    source.commit(half).await.expect("committed");
    assert_eq!(read(&mut source, 1).await.expect("rows"), ["+U 1 b"]);
    drop(source);

    let mut source = open(&table).await;
    assert_eq!(read(&mut source, 1).await.expect("rows"), ["-U 1 a"], "half a record is none");
    assert_eq!(read(&mut source, 1).await.expect("rows"), ["+U 1 b"]);
    let whole = source.positions();
    source.commit(whole).await.expect("committed");
    drop(source);
    assert_eq!(read_all(&mut open(&table).await).await, ["-D 1 b"]);
    broker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_that_is_dropped_loses_nothing() {
    let broker = Broker::start(BrokerConfig::default()).await.expect("a broker");
    let table = users(&broker).property("max.partition.fetch.bytes", "2000").build().expect("a table");
    let mut sink = UpsertSink::open(&table).await.expect("a sink");
    for id in 0..500 {
        upsert(&mut sink, id, "x").await;
        if id % 20 == 0 {
            sink.flush().await.expect("written");
        }
    }
    sink.flush().await.expect("written");
    let mut source = open(&table).await;
    let (mut all, mut dropped) = (Vec::new(), 0);
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        assert!(Instant::now() < deadline, "{} rows, {dropped} reads dropped", all.len());
        match at_once(read(&mut source, 7)).await {
            Some(rows) => match rows.expect("rows") {
                rows if rows.is_empty() => break,
                rows => all.extend(rows),
            },
            None => {
                dropped += 1;
                tokio::task::yield_now().await;
            }
        }
    }
    assert!(dropped > 0, "no read had to wait");
    let expected: Vec<_> = (0..500).map(|id| format!("+U {id} x")).collect();
    assert_eq!(all, expected);
    broker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_cannot_be_read_ends_a_source_before_it() {
    let broker = Broker::start(BrokerConfig::default()).await.expect("a broker");
    let (one, two) = (Some(r#"{"id":1}"#), Some(r#"{"id":2}"#));
    produce(&broker, "users", &[(one, one), (one, Some("{")), (two, two)]).await;
    let table = users(&broker).build().expect("a table");
    for round in 0..2 {
        let mut source = open(&table).await;
        if round == 0 {
            assert_eq!(read(&mut source, 10).await.expect("rows"), ["+U 1 Null"]);
        }
        let error = read(&mut source, 10).await.expect_err("a broken record");
        assert_eq!((error.kind(), error.record().map(|it| it.offset)), (ErrorKind::Source, Some(1)));
        let text = error.to_string();
        assert!(text.starts_with("topic users, partition 0, offset 1: "), "{text}");
        assert_eq!(read(&mut source, 10).await.expect_err("it is still there").to_string(), text);
        let positions = source.positions();
        source.commit(positions).await.expect("committed");
    }

    produce(&broker, "letters", &[(None, Some("the topic is there"))]).await;
    let table = users(&broker)
        .option("error-handling.mode", "log")
        .option("error-handling.dead-letter-topic", "letters")
        .build()
        .expect("a table");
    let mut source = open(&table).await;
    assert_eq!(read_all(&mut source).await, ["+U 2 Null"]);
    let positions = source.positions();
    source.commit(positions).await.expect("committed");
    assert_eq!(broker.log("letters", 0).await.len(), 2, "one came since");
    drop(source);
    assert!(read_all(&mut open(&table).await).await.is_empty(), "it is behind the broken record");
    broker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn old_rows_are_told_also_of_those_before_a_checkpoint() {
    let broker = Broker::start(BrokerConfig::default()).await.expect("a broker");
    let table = users(&broker).build().expect("a table");
    let mut sink = UpsertSink::open(&table).await.expect("a sink");
    upsert(&mut sink, 1, "a").await;
    upsert(&mut sink, 2, "b").await;
    upsert(&mut sink, 1, "c").await;
    sink.flush().await.expect("written");
    let options = SourceOptions::new().with_old_rows(1 << 20);
    let mut source = TableSource::open(&table, options).await.expect("a source");
    assert_eq!(read_all(&mut source).await, ["+I 1 a", "+I 2 b", "-U 1 a", "+U 1 c"]);
    let positions = source.positions();
    source.commit(positions).await.expect("committed");
    drop(source);

    upsert(&mut sink, 1, "d").await;
    upsert(&mut sink, 2, "b").await;
    sink.write(RowKind::Delete, &[Value::BigInt(2), Value::Null]).await.expect("room");
    sink.flush().await.expect("written");
    let mut source = TableSource::open(&table, options).await.expect("a source");
    assert_eq!(read_all(&mut source).await, ["-U 1 c", "+U 1 d", "-D 2 b"]);
    drop(source);

    let small = SourceOptions::new().with_restore(Restore::Nothing).with_old_rows(100);
    let mut source = TableSource::open(&table, small).await.expect("a source");
    let error = read(&mut source, 10).await.expect_err("no room for a row");
    assert_eq!(error.kind(), ErrorKind::State);
    assert!(read(&mut source, 10).await.is_err(), "the row is not passed over");
    broker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_handle_waits_for_what_was_written_before_it() {
    let broker = Broker::start(BrokerConfig::default()).await.expect("a broker");
    let table = users(&broker).build().expect("a table");
    let mut sink = UpsertSink::open(&table).await.expect("a sink");
    let nothing = sink.commit_handle().await.expect("a handle");
    nothing.acknowledged().await.expect("nothing was written");
    let slow = broker.fault(Fault::new(ApiKey::PRODUCE, Action::Delay(Duration::from_millis(200)))).await;
    upsert(&mut sink, 1, "a").await;
    let first = sink.commit_handle().await.expect("a handle");
    assert!(at_once(first.acknowledged()).await.is_none(), "no answer came yet");
    upsert(&mut sink, 2, "b").await;
    let second = sink.commit_handle().await.expect("a handle");
    let (one, two) = tokio::join!(first.acknowledged(), second.acknowledged());
    one.and(two).expect("written");
    assert_eq!(slow.fired(), 1);

    let refused = Action::Answer(ErrorCode::INVALID_RECORD);
    let refused = broker.fault(Fault::new(ApiKey::PRODUCE, refused)).await;
    upsert(&mut sink, 3, "c").await;
    let third = sink.commit_handle().await.expect("a handle");
    let fourth = sink.commit_handle().await.expect("a handle");
    let (three, four) = tokio::join!(third.acknowledged(), fourth.acknowledged());
    let (three, four) = (three.expect_err("refused").to_string(), four.expect_err("refused").to_string());
    assert_eq!(refused.fired(), 1);
    assert!(three.starts_with("table users: "), "{three}");
    assert_eq!(three, four, "whoever asks is told");
    upsert(&mut sink, 4, "d").await;
    let later = sink.commit_handle().await.expect("a handle");
    assert_eq!(later.acknowledged().await.expect_err("3 is still missing").to_string(), three);
    assert_eq!(sink.flush().await.expect_err("3 is still missing").to_string(), three);
    broker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_waits_for_memory_and_one_that_is_dropped_then_is_not_in() {
    let broker = Broker::start(BrokerConfig::default()).await.expect("a broker");
    let table = users(&broker)
        .property("buffer.memory", "100000")
        .property("batch.size", "20000")
        .property("max.request.size", "50000")
        .build()
        .expect("a table");
    let mut sink = UpsertSink::open(&table).await.expect("a sink");
    upsert(&mut sink, 0, "x").await;
    sink.flush().await.expect("written");
    let slow = Fault::new(ApiKey::PRODUCE, Action::Delay(Duration::from_secs(1))).times(3);
    let slow = broker.fault(slow).await;
    let large = "x".repeat(10_000);
    let mut written = 1;
    loop {
        let row = [Value::BigInt(written), Value::String(&large)];
        match at_once(sink.write(RowKind::UpdateAfter, &row)).await {
            Some(done) => done.expect("room"),
            None => break,
        }
        written += 1;
        assert!(written < 100, "memory has no end");
    }
    assert!(written > 4, "{written} rows fill the memory");
    let row = [Value::BigInt(written + 1), Value::String(&large)];
    sink.write(RowKind::UpdateAfter, &row).await.expect("room once the broker has answered");
    sink.flush().await.expect("written");
    drop(slow);
    let ids: Vec<_> = read_all(&mut open(&table).await)
        .await
        .iter()
        .map(|row| row.split(' ').nth(1).unwrap_or_default().parse::<i64>().expect("an id"))
        .collect();
    let expected: Vec<_> = (0..written).chain([written + 1]).collect();
    assert_eq!(ids, expected, "row {written} was dropped while it waited");
    broker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_table_cannot_be_opened_as_is_said() {
    let broker = Broker::start(BrokerConfig::default()).await.expect("a broker");
    let refused = |ddl: &str| {
        let table = KafkaTable::from_ddl(ddl).expect("one CREATE TABLE");
        async move {
            let sink = UpsertSink::open(&table).await.map(drop).map_err(|error| error.to_string());
            let source = TableSource::open(&table, SourceOptions::new()).await.map(drop);
            (sink, source.map_err(|error| error.to_string()))
        }
    };
    let print = refused("CREATE TABLE p (a INT) WITH ('connector' = 'print')").await;
    assert_eq!(
        print,
        (
            Err("table p: 'connector' = 'upsert-kafka' is expected here (line 1, column 14)".to_owned()),
            Err("table p: 'connector' = 'print' can only be written (line 1, column 14)".to_owned())
        )
    );
    let (_, datagen) = refused("CREATE TABLE d (a INT) WITH ('connector' = 'datagen')").await;
    assert_eq!(
        datagen,
        Err("table d: 'connector' = 'kafka' or 'upsert-kafka' is expected here (line 1, column 14)"
            .to_owned())
    );
    let two = KafkaTable::from_ddl("CREATE TABLE a (b INT); CREATE TABLE c (b INT)").map(drop);
    assert_eq!(
        two.expect_err("two tables").to_string(),
        "one CREATE TABLE statement is expected here, and nothing else"
    );
    let missing = users(&broker).topic("nowhere").build().expect("a table");
    let missing = TableSource::open(&missing, SourceOptions::new()).await.map(drop);
    let text = missing.expect_err("no such topic").to_string();
    assert!(text.contains("nowhere"), "{text}");
    broker.stop().await;
}

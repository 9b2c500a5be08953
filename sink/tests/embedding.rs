//! Structs, futures and RecordBatches of a program, through the embedded broker; and the examples, run.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use futures_core::Stream;
use futures_sink::Sink;
use serde::{Deserialize, Serialize};
use upsert_kafka_broker::{Broker, BrokerConfig};
use upsert_kafka_sink::plan::PlanOptions;
use upsert_kafka_sink::row::{Arena, RowKind, Value};
use upsert_kafka_sink::types::LogicalType;
use upsert_kafka_sink::{Error, KafkaTable, OwnedRow, SourceOptions, TableSource, TypedChange, UpsertSink};

#[allow(dead_code, reason = "its main is the example's")]
#[path = "../examples/arrow_program.rs"]
mod arrow_program;
#[allow(dead_code, reason = "its main is the example's")]
#[path = "../examples/serde_program.rs"]
mod serde_program;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct User {
    id: i64,
    name: Option<String>,
}

fn users(broker: &Broker) -> KafkaTable {
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
        .build()
        .unwrap()
}

async fn open(table: &KafkaTable) -> TableSource {
    TableSource::open(table, SourceOptions::new()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_serde_example_keeps_what_was_not_deleted() {
    let broker = Broker::start(BrokerConfig::default()).await.unwrap();
    let quotes = serde_program::run(&broker.address().to_string(), "quotes").await.unwrap();
    let shown: Vec<_> = quotes.values().map(|it| format!("{it:?}")).collect();
    assert_eq!(
        shown,
        [
            r#"Quote { symbol: "AAA", price: Price("1.55"), traded_at: "2026-01-31T12:00:00.5Z", venues: ["XETR"] }"#
        ]
    );
    broker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_arrow_example_sums_up() {
    let broker = Broker::start(BrokerConfig::default()).await.unwrap();
    let address = broker.address().to_string();
    arrow_program::fill(&address).await.unwrap();
    assert!(arrow_program::run(&address).await.unwrap() > 0);
    let table = KafkaTable::builder("totals")
        .column("customer", LogicalType::STRING.not_null())
        .column("total", LogicalType::Double.nullable())
        .primary_key(["customer"])
        .topic("totals")
        .key_format("json")
        .value_format("json")
        .property("bootstrap.servers", &*address)
        .option("scan.bounded.mode", "latest-offset")
        .build()
        .unwrap();
    let mut totals = std::collections::BTreeMap::new();
    let mut source = open(&table).await;
    while let Some(change) = source.next_change::<(String, f64), String>().await.unwrap() {
        let TypedChange::Upsert((customer, total)) = change else { panic!("no customer goes") };
        totals.insert(customer, total);
    }
    // ada: 1 became 8, and 4; bob's order went.
    assert_eq!(totals.into_iter().collect::<Vec<_>>(), [("ada".to_owned(), 12.0), ("bob".to_owned(), 0.0)]);
    assert_eq!(arrow_program::run(&address).await.unwrap(), 0, "all was committed");
    broker.stop().await;
}

/// The bytes are those that Flink writes of such rows: `golden/flink/jobs` has them for this table's formats.
#[tokio::test(flavor = "multi_thread")]
async fn structs_are_written_as_rows_are_and_read_again() {
    let broker = Broker::start(BrokerConfig::default()).await.unwrap();
    let table = users(&broker);
    let mut sink = UpsertSink::open(&table).await.unwrap();
    sink.upsert(&User { id: 1, name: Some("Ada".into()) }).await.unwrap();
    sink.upsert(&(2, None::<&str>)).await.unwrap();
    sink.delete(&User { id: 1, name: None }).await.unwrap();
    sink.delete(&2u8).await.unwrap();
    let unknown = sink.upsert(&std::collections::BTreeMap::from([("nmae", "x")])).await.unwrap_err();
    assert_eq!(unknown.to_string(), "table users: field nmae is no column; there are: id, name");
    let keyless = sink.upsert(&std::collections::BTreeMap::from([("name", "x")])).await.unwrap_err();
    assert_eq!(keyless.to_string(), "table users: column id is NOT NULL, the row has NULL");
    let wrong = sink.delete("x").await.unwrap_err();
    assert_eq!(wrong.to_string(), "table users: column id: BIGINT NOT NULL takes no value that is text");
    assert!(std::error::Error::source(&wrong).is_some());
    sink.flush().await.unwrap();

    let mut source = open(&table).await;
    let mut changes = Vec::new();
    while let Some(change) = source.next_change::<User, i64>().await.unwrap() {
        changes.push(change);
    }
    let user = |id, name: Option<&str>| TypedChange::Upsert(User { id, name: name.map(Into::into) });
    assert_eq!(
        changes,
        [user(1, Some("Ada")), user(2, None), TypedChange::Delete(1), TypedChange::Delete(2)]
    );

    let mut source = open(&table).await;
    let error = source.next_change::<(i64, i64), i64>().await.unwrap_err().to_string();
    assert_eq!(
        error,
        "topic users, partition 0, offset 0: table users: column name: invalid type: string \"Ada\", expected i64"
    );
    assert!(source.next_change::<User, i64>().await.is_err(), "the record is not passed over");
    broker.stop().await;
}

/// Columns of metadata may have any type that casts to the record's, as in a job's INSERT: a text is a wall clock of the
/// session's zone, and Shanghai is eight hours ahead.
#[tokio::test(flavor = "multi_thread")]
async fn metadata_of_other_types_is_cast_as_an_insert_casts_it() {
    let broker = Broker::start(BrokerConfig::default()).await.unwrap();
    let texts = |logical: LogicalType| {
        let text = Box::new(LogicalType::STRING.not_null());
        LogicalType::Map(text, Box::new(logical.nullable())).nullable()
    };
    let table = |at: LogicalType, header: LogicalType| {
        KafkaTable::builder("events")
            .metadata_column("at", at.nullable(), "timestamp")
            .column("id", LogicalType::BigInt.not_null())
            .metadata_column("tags", texts(header), "headers")
            .primary_key(["id"])
            .topic("events")
            .key_format("json")
            .value_format("json")
            .property("bootstrap.servers", broker.address().to_string())
            .option("scan.bounded.mode", "latest-offset")
            .build()
            .unwrap()
    };
    let in_shanghai = PlanOptions::new().with_setting("table.local-time-zone", "Asia/Shanghai");
    let declared = table(LogicalType::STRING, LogicalType::STRING).with_options(in_shanghai);
    let mut sink = UpsertSink::open(&declared).await.unwrap();
    let tags = [(Value::String("k"), Value::String("é"))];
    let row = |at, id, tags| [at, Value::BigInt(id), tags];
    let first = row(Value::String("2020-05-13 07:40:06"), 1, Value::Map(&tags));
    sink.write(RowKind::Insert, &first).await.unwrap();
    let wrong = row(Value::String("soon"), 2, Value::Null);
    let wrong = sink.write(RowKind::Insert, &wrong).await.unwrap_err().to_string();
    assert!(wrong.starts_with("table events: column at: ") && wrong.contains("not a timestamp"), "{wrong}");
    sink.upsert(&("2020-05-13 07:40:07", 3, None::<()>)).await.unwrap();
    sink.delete(&3).await.unwrap();
    sink.flush().await.unwrap();

    let own = table(LogicalType::TimestampLtz(3), LogicalType::BYTES);
    let mut source = open(&own).await;
    let mut rows = Vec::new();
    while source.read(10, |kind, row| rows.push(format!("{kind} {row:?}"))).await.unwrap() > 0 {}
    let at = |seconds: i64| format!("Timestamp(Timestamp {{ seconds: {seconds}, nanos: 0 }})");
    assert_eq!(
        rows[..2],
        [
            format!(
                "+U [BigInt(1), {}, Map([(String(\"k\"), Bytes([195, 169]))])]",
                at(1_589_355_606 - 8 * 3_600)
            ),
            format!("+U [BigInt(3), {}, Map([])]", at(1_589_355_607 - 8 * 3_600)),
        ]
    );
    assert!(rows.len() == 3 && rows[2].starts_with("-D [BigInt(3), "), "{rows:?}");
    broker.stop().await;
}

async fn send<I>(sink: &mut (impl Sink<I, Error = Error> + Unpin), item: I) -> Result<(), Error> {
    poll_fn(|context| Pin::new(&mut *sink).poll_ready(context)).await?;
    Pin::new(&mut *sink).start_send(item)
}

async fn close<I>(sink: &mut (impl Sink<I, Error = Error> + Unpin)) -> Result<(), Error> {
    poll_fn(|context| Pin::new(&mut *sink).poll_close(context)).await
}

async fn next<S: Stream + Unpin>(stream: &mut S) -> Option<S::Item> {
    poll_fn(|context| Pin::new(&mut *stream).poll_next(context)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_and_structs_go_through_futures() {
    let broker = Broker::start(BrokerConfig::default()).await.unwrap();
    let table = users(&broker);
    let row = |id, name| OwnedRow::new(&[Value::BigInt(id), Value::String(name)]);
    let mut rows = UpsertSink::open(&table).await.unwrap().into_sink::<(RowKind, OwnedRow)>();
    for id in 0..100 {
        send(&mut rows, (RowKind::Insert, row(id, "x"))).await.unwrap();
    }
    close(&mut rows).await.unwrap();
    let mut structs = rows.into_inner().expect("nothing is under way").into_sink::<TypedChange<User, i64>>();
    send(&mut structs, TypedChange::Upsert(User { id: 100, name: None })).await.unwrap();
    send(&mut structs, TypedChange::Delete(0)).await.unwrap();
    close(&mut structs).await.unwrap();

    let mut stream = open(&table).await.into_stream::<(RowKind, OwnedRow)>();
    let (mut count, mut first) = (0, None);
    while let Some(change) = next(&mut stream).await {
        let (kind, row) = change.unwrap();
        count += 1;
        first.get_or_insert((kind, row));
    }
    assert_eq!(count, 102);
    let (kind, first) = first.unwrap();
    let arena = Arena::new();
    assert_eq!(
        (kind, first.read(&arena)),
        (RowKind::UpdateAfter, &[Value::BigInt(0), Value::String("x")][..])
    );
    let source = stream.source().expect("nothing is under way");
    let positions = source.positions();
    source.commit(positions).await.unwrap();
    assert!(next(&mut stream).await.is_none(), "the end is the end");
    let mut rest = open(&table).await.into_stream::<TypedChange<User, i64>>();
    assert!(next(&mut rest).await.is_none(), "all was committed");
    broker.stop().await;
}

/// An item that is wrong is told of by whoever asks next, and the sink goes on.
#[tokio::test(flavor = "multi_thread")]
async fn an_item_that_is_wrong_is_told_of_once() {
    let broker = Broker::start(BrokerConfig::default()).await.unwrap();
    let mut sink = UpsertSink::open(&users(&broker)).await.unwrap().into_sink::<(RowKind, OwnedRow)>();
    send(&mut sink, (RowKind::Insert, OwnedRow::new(&[Value::Null]))).await.unwrap();
    let error = close(&mut sink).await.unwrap_err();
    assert_eq!(error.to_string(), "table users: a row of 1 values for 2 columns");
    close(&mut sink).await.unwrap();
    let early = Pin::new(&mut sink).start_send((RowKind::Insert, OwnedRow::new(&[Value::Null, Value::Null])));
    early.unwrap();
    let busy = Pin::new(&mut sink).start_send((RowKind::Insert, OwnedRow::new(&[])));
    assert!(busy.is_err(), "it was not asked whether it is ready");
    broker.stop().await;
}

fn batch(ids: Vec<i64>, names: Vec<Option<&str>>, kinds: Vec<&str>) -> RecordBatch {
    RecordBatch::try_from_iter([
        ("name", Arc::new(StringArray::from(names)) as ArrayRef),
        ("op", Arc::new(StringArray::from(kinds))),
        ("id", Arc::new(Int64Array::from(ids))),
    ])
    .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn batches_go_into_a_table_and_come_out_of_it() {
    let broker = Broker::start(BrokerConfig::default()).await.unwrap();
    let table = users(&broker);
    let mut sink = UpsertSink::open(&table).await.unwrap().with_row_kind_column("op");
    let names = vec![Some("a"), None, Some("c"), None];
    sink.write_batch(&batch(vec![1, 2, 3, 1], names, vec!["+I", "+I", "+U", "-D"])).await.unwrap();
    let error = sink.write_batch(&batch(vec![4, 5], vec![None, None], vec!["+I", "?"])).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "row 1 of the batch: table users: String(\"?\") is no row kind; there are: +I, -U, +U, -D, or 0 to 3"
    );
    let other =
        UpsertSink::open(&table).await.unwrap().write_batch(&batch(vec![6], vec![None], vec!["+I"])).await;
    assert_eq!(
        other.unwrap_err().to_string(),
        "table users: the batch has a column op, the table has none; there are: id, name, and _row_kind"
    );
    sink.flush().await.unwrap();

    let mut source = open(&table).await;
    let mut rows = Vec::new();
    while let Some(batch) = source.next_batch(2).await.unwrap() {
        assert!((1..=2).contains(&batch.num_rows()));
        assert_eq!(batch.schema(), source.batch_schema().unwrap());
        let (ids, names) = (batch.column(0).as_primitive::<Int64Type>(), batch.column(1).as_string::<i32>());
        let kinds = batch.column(2).as_string::<i32>();
        for at in 0..batch.num_rows() {
            let name = names.iter().nth(at).unwrap();
            rows.push(format!("{} {} {name:?}", kinds.value(at), ids.value(at)));
        }
    }
    assert_eq!(
        rows,
        ["+U 1 Some(\"a\")", "+U 2 None", "+U 3 Some(\"c\")", "-D 1 None", "+U 4 None"],
        "row 4 came before the one at fault"
    );

    let mut copied = open(&table).await.into_batches(1_000);
    let mut count = 0;
    while let Some(batch) = next(&mut copied).await {
        count += batch.unwrap().num_rows();
    }
    assert_eq!(count, 5);
    broker.stop().await;
}

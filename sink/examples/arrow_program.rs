//! A table in one topic, summed up per key by Arrow, into another: what any engine of RecordBatches would do between the
//! two. `cargo run --features arrow --example arrow_program 127.0.0.1:9092`.

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use arrow_array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray};
use upsert_kafka_sink::types::LogicalType;
use upsert_kafka_sink::{KafkaTable, SourceOptions, TableSource, UpsertSink};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let bootstrap = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:9092".into());
    fill(&bootstrap).await?;
    println!("{} batches summed up", run(&bootstrap).await?);
    Ok(())
}

fn orders(bootstrap: &str) -> Result<KafkaTable, Box<dyn Error>> {
    let orders = KafkaTable::builder("orders")
        .column("id", LogicalType::BigInt.not_null())
        .column("customer", LogicalType::STRING.nullable())
        .column("amount", LogicalType::Double.nullable())
        .primary_key(["id"])
        .topic("orders")
        .key_format("json")
        .value_format("json")
        .property("bootstrap.servers", bootstrap)
        .property("group.id", "totals")
        .option("scan.bounded.mode", "latest-offset");
    Ok(orders.build()?)
}

fn totals(bootstrap: &str) -> Result<KafkaTable, Box<dyn Error>> {
    let totals = KafkaTable::builder("totals")
        .column("customer", LogicalType::STRING.not_null())
        .column("total", LogicalType::Double.nullable())
        .primary_key(["customer"])
        .topic("totals")
        .key_format("json")
        .value_format("json")
        .property("bootstrap.servers", bootstrap);
    Ok(totals.build()?)
}

/// Three orders, of which one changes and one goes.
pub(crate) async fn fill(bootstrap: &str) -> Result<(), Box<dyn Error>> {
    let batch = RecordBatch::try_from_iter([
        ("id", Arc::new(Int64Array::from(vec![1, 2, 3, 1, 2])) as ArrayRef),
        ("customer", Arc::new(StringArray::from(vec!["ada", "bob", "ada", "ada", "bob"]))),
        ("amount", Arc::new(Float64Array::from(vec![1.0, 2.0, 4.0, 8.0, 2.0]))),
        ("_row_kind", Arc::new(StringArray::from(vec!["+I", "+I", "+I", "+U", "-D"]))),
    ])?;
    let mut sink = UpsertSink::open(&orders(bootstrap)?).await?;
    sink.write_batch(&batch).await?;
    Ok(sink.flush().await?)
}

/// Reads the orders with what was there before each change, adds up, and writes each customer's total. How many batches.
pub(crate) async fn run(bootstrap: &str) -> Result<usize, Box<dyn Error>> {
    let (mut sums, mut batches) = (BTreeMap::<String, f64>::new(), 0);
    let options = SourceOptions::new().with_old_rows(64 << 20);
    let mut source = TableSource::open(&orders(bootstrap)?, options).await?;
    let mut sink = UpsertSink::open(&totals(bootstrap)?).await?;
    while let Some(batch) = source.next_batch(8_192).await? {
        add(&batch, &mut sums);
        let total = RecordBatch::try_from_iter([
            ("customer", Arc::new(StringArray::from_iter_values(sums.keys())) as ArrayRef),
            ("total", Arc::new(Float64Array::from_iter_values(sums.values().copied()))),
        ])?;
        sink.write_batch(&total).await?;
        // What was read is committed once what was made of it is acknowledged.
        let positions = source.positions();
        sink.commit_handle().await?.acknowledged().await?;
        source.commit(positions).await?;
        batches += 1;
    }
    Ok(batches)
}

fn add(batch: &RecordBatch, sums: &mut BTreeMap<String, f64>) {
    let (customers, amounts) =
        (batch.column(1).as_string::<i32>(), batch.column(2).as_primitive::<Float64Type>());
    let kinds = batch.column(3).as_string::<i32>();
    for row in 0..batch.num_rows() {
        let sign = if kinds.value(row).starts_with('+') { 1.0 } else { -1.0 };
        *sums.entry(customers.value(row).to_owned()).or_default() += sign * amounts.value(row);
    }
}

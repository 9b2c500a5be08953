//! Rows of a program into an upsert-kafka table: `cargo run --example upsert 127.0.0.1:9092 topic`.

use std::error::Error;

use upsert_kafka_sink::UpsertSink;
use upsert_kafka_sink::plan::PlanOptions;
use upsert_kafka_sink::row::{RowKind, Value};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let bootstrap = args.next().unwrap_or_else(|| "127.0.0.1:9092".into());
    let topic = args.next().unwrap_or_else(|| "users".into());
    run(&bootstrap, &topic).await?;
    println!("three changes of one key: two values and a tombstone");
    Ok(())
}

/// Opens the table and changes it three times.
pub(crate) async fn run(bootstrap: &str, topic: &str) -> Result<(), Box<dyn Error>> {
    let ddl = format!(
        "CREATE TABLE users (id BIGINT, name STRING, PRIMARY KEY (id) NOT ENFORCED) WITH (
           'connector' = 'upsert-kafka', 'topic' = '{topic}',
           'properties.bootstrap.servers' = '{bootstrap}',
           'key.format' = 'json', 'value.format' = 'json')"
    );
    let mut users = UpsertSink::from_ddl(&*ddl, &PlanOptions::default()).await?;
    users.write(RowKind::Insert, &[Value::BigInt(1), Value::String("Ada")]).await?;
    users.write(RowKind::UpdateAfter, &[Value::BigInt(1), Value::String("Ada L.")]).await?;
    users.write(RowKind::Delete, &[Value::BigInt(1), Value::Null]).await?;
    users.flush().await?;
    Ok(())
}

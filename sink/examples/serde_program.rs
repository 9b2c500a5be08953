//! Structs into an upsert-kafka table and back: `cargo run --features serde --example serde_program 127.0.0.1:9092`.

use std::collections::BTreeMap;
use std::error::Error;

use serde::{Deserialize, Serialize};
use upsert_kafka_sink::types::LogicalType;
use upsert_kafka_sink::{KafkaTable, SourceOptions, TableSource, TypedChange, UpsertSink};

/// A row of the table. The key is `symbol`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Quote {
    symbol: String,
    price: Price,
    traded_at: String,
    venues: Vec<String>,
}

/// Cents, as text with its point, which is what a DECIMAL takes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Price(String);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let bootstrap = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:9092".into());
    for (symbol, quote) in run(&bootstrap, "quotes").await? {
        println!("{symbol}: {quote:?}");
    }
    Ok(())
}

/// Writes three quotes, takes one back, and reads the table to its end.
pub(crate) async fn run(bootstrap: &str, topic: &str) -> Result<BTreeMap<String, Quote>, Box<dyn Error>> {
    let table = KafkaTable::builder("quotes")
        .column("symbol", LogicalType::STRING.not_null())
        .column("price", LogicalType::Decimal { precision: 10, scale: 2 }.nullable())
        .column("traded_at", LogicalType::TimestampLtz(3).nullable())
        .column("venues", LogicalType::Array(Box::new(LogicalType::STRING.not_null())).nullable())
        .primary_key(["symbol"])
        .topic(topic)
        .key_format("json")
        .value_format("json")
        .property("bootstrap.servers", bootstrap)
        .option("scan.bounded.mode", "latest-offset")
        .build()?;

    let mut sink = UpsertSink::open(&table).await?;
    let quote = |symbol: &str, price: &str| Quote {
        symbol: symbol.into(),
        price: Price(price.into()),
        traded_at: "2026-01-31T12:00:00.5Z".into(),
        venues: vec!["XETR".into()],
    };
    for quote in [quote("AAA", "1.50"), quote("BBB", "20.00"), quote("AAA", "1.55")] {
        sink.upsert(&quote).await?;
    }
    sink.delete("BBB").await?;
    sink.flush().await?;

    let mut quotes = BTreeMap::new();
    let mut source = TableSource::open(&table, SourceOptions::new()).await?;
    while let Some(change) = source.next_change::<Quote, String>().await? {
        match change {
            TypedChange::Upsert(quote) => drop(quotes.insert(quote.symbol.clone(), quote)),
            TypedChange::Delete(symbol) => drop(quotes.remove(&symbol)),
        }
    }
    Ok(quotes)
}

//! Writes three records and reads them back: `cargo run --example produce_consume 127.0.0.1:9092 topic`.

use std::error::Error;

use upsert_kafka_client::{Assignment, Client, Config, OffsetSpec, Position, Record, Role};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let bootstrap = args.next().unwrap_or_else(|| "127.0.0.1:9092".into());
    let topic = args.next().unwrap_or_else(|| "example".into());
    for line in run(&bootstrap, &topic).await? {
        println!("{line}");
    }
    Ok(())
}

/// Says what was written and read, a line each.
pub(crate) async fn run(bootstrap: &str, topic: &str) -> Result<Vec<String>, Box<dyn Error>> {
    let mut lines = Vec::new();
    let (config, notices) = Config::from_properties([("bootstrap.servers", bootstrap)], Role::Any)?;
    notices.iter().for_each(|notice| eprintln!("{notice}"));
    let client = Client::open(config).await?;

    let producer = client.producer();
    let handle = producer.topic(topic).await?;
    let mut deliveries = Vec::new();
    for (key, value) in [("a", Some("1")), ("b", Some("2")), ("a", None)] {
        let value = value.map(str::as_bytes);
        let record = Record { value, ..Record::new(&handle).key(key.as_bytes()) };
        deliveries.push(producer.send(record).await?);
    }
    for delivery in deliveries {
        let receipt = delivery.await?;
        lines.push(format!("written to partition {} at offset {}", receipt.partition, receipt.offset));
    }

    let mut consumer = client.consumer();
    let ends = consumer.offsets(topic, OffsetSpec::Latest).await?;
    let mut left: i64 = ends.iter().map(|(_, end)| end).sum();
    let all = ends.iter().map(|(partition, _)| Assignment::new(topic, *partition, Position::Earliest));
    consumer.assign(all.collect());
    while left > 0 {
        for record in &consumer.poll().await? {
            let record = record?;
            let text = |bytes: Option<&[u8]>| bytes.map(|bytes| String::from_utf8_lossy(bytes).into_owned());
            lines.push(format!("read {:?} = {:?}", text(record.key), text(record.value)));
            left -= 1;
        }
    }
    Ok(lines)
}

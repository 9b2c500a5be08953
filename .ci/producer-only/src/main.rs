//! Writes the lines of standard input: producer-only 127.0.0.1:9092 topic < lines

use std::error::Error;
use std::io::BufRead;

use upsert_kafka_client::{Client, Config, Record};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let (Some(bootstrap), Some(topic)) = (args.next(), args.next()) else {
        return Err("usage: producer-only ADDRESS TOPIC < LINES".into());
    };
    let producer = Client::open(Config::new([bootstrap.parse()?])).await?.producer();
    let topic = producer.topic(&topic).await?;
    for line in std::io::stdin().lock().lines() {
        // Nobody awaits its delivery: the flush gives the first failure.
        drop(producer.send(Record::new(&topic).value(line?.as_bytes())).await?);
    }
    producer.flush().await?;
    Ok(())
}

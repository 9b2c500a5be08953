//! A record there and back by our client, given a user's properties; and what a failure tells.

use std::error::Error as _;
use std::time::Duration;

use tokio::time::timeout;
use upsert_kafka_client::{Assignment, Client, Config, Error, Position, Record, Role};
use upsert_kafka_tests::kafka::Properties;

use super::ways::SECRETS;

/// Writes a record and reads it where it was written.
pub(super) fn run(properties: &Properties, topic: &str, value: &str) -> Result<(), Error> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let within = timeout(PATIENCE, there_and_back(properties, topic, value)).await;
        within.unwrap_or_else(|_| panic!("{value}: nothing within {PATIENCE:?}"))
    })
}

async fn there_and_back(properties: &Properties, topic: &str, value: &str) -> Result<(), Error> {
    let client = open(properties).await?;
    let producer = client.producer();
    let handle = producer.topic(topic).await?;
    let receipt = producer.send(Record::new(&handle).value(value.as_bytes())).await?.await?;
    let mut consumer = client.consumer();
    consumer.assign(vec![Assignment::new(topic, receipt.partition, Position::Offset(receipt.offset))]);
    loop {
        let fetched = consumer.poll().await?;
        if let Some(record) = (&fetched).into_iter().next() {
            assert_eq!(record?.value, Some(value.as_bytes()));
            return Ok(());
        }
    }
}

/// A client with those properties, all of which it must know.
pub(super) async fn open(properties: &Properties) -> Result<Client, Error> {
    let pairs = properties.iter().map(|(key, value)| (*key, value.as_str()));
    let (config, notices) = Config::from_properties(pairs, Role::Any)?;
    assert!(notices.is_empty(), "{notices:?}");
    Client::open(config).await
}

/// Everything that an error says, in which no secret stands.
pub(super) fn told(error: &Error) -> String {
    let mut out = format!("{error} | {error:?}");
    let mut cause = error.source();
    while let Some(it) = cause {
        out.push_str(&format!(" | {it} | {it:?}"));
        cause = it.source();
    }
    for secret in SECRETS {
        assert!(!out.contains(secret), "a secret is told: {out}");
    }
    out
}

const PATIENCE: Duration = Duration::from_secs(60);

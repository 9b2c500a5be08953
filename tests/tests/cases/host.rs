//! Where a job runs, and how the test writes and reads there: our client embedded, Java's on a real Kafka.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::block_in_place;
use tokio::time::timeout;
use upsert_kafka_broker::{Broker, BrokerConfig};
use upsert_kafka_client::{
    Assignment, Client, Config, Consumer, ConsumerRecord, Error, Header, IsolationLevel, NewTopic,
    OffsetSpec, Position, Role,
};
use upsert_kafka_tests::kafka::{self, Kafka};
use upsert_kafka_tests::record::{NewRecord, Record};

pub(super) enum Host {
    Embedded(Box<Broker>, Client),
    Real(&'static Kafka),
}

impl Host {
    /// A broker of its own, which makes no topic by itself.
    pub(super) async fn embedded() -> Self {
        let config = BrokerConfig::default().with_auto_create_topics(false);
        let broker = Broker::start(config).await.expect("an embedded broker");
        let servers = broker.address().to_string();
        let (config, _) =
            Config::from_properties([("bootstrap.servers", &*servers)], Role::Any).expect("a config");
        let client = Client::open(config).await.expect("a client of the embedded broker");
        Self::Embedded(Box::new(broker), client)
    }

    pub(super) fn bootstrap(&self) -> String {
        match self {
            Self::Embedded(broker, _) => broker.address().to_string(),
            Self::Real(kafka) => kafka.bootstrap(),
        }
    }

    /// Not compacted, so that every record stays to be compared.
    pub(super) async fn create(&self, name: &str, partitions: i32) {
        match self {
            Self::Embedded(_, client) => {
                let topic = NewTopic::new(name).partitions(partitions).replication_factor(1);
                client.admin().create_topics(&[topic]).await.expect("a new topic");
            }
            Self::Real(kafka) => block_in_place(|| {
                kafka.java(|it, at| it.create(at, &[kafka::NewTopic { name, partitions, configs: &[] }]));
            }),
        }
    }

    /// In order, and acknowledged on return.
    pub(super) async fn produce(&self, records: &[NewRecord]) {
        match self {
            Self::Embedded(_, client) => produce(client, records).await.expect("records are written"),
            Self::Real(kafka) => block_in_place(|| {
                kafka.java(|it, at| it.produce(at, &[], records));
            }),
        }
    }

    /// Waits until a topic holds so many records.
    pub(super) async fn await_records(&self, topic: &str, count: usize) -> Result<(), String> {
        match self {
            Self::Embedded(_, client) => {
                let reading = read(client, topic, |records, _| records.len() >= count);
                match timeout(PATIENCE, reading).await {
                    Ok(read) => read.map(drop).map_err(|e| e.to_string()),
                    Err(_) => Err(format!("{topic}: {count} records have not come in {PATIENCE:?}")),
                }
            }
            Self::Real(kafka) => block_in_place(|| {
                kafka.java(|it, at| it.consume_count(at, topic, count));
                Ok(())
            }),
        }
    }

    /// Waits until the ends of a topic's partitions add up to so much.
    pub(super) async fn await_end(&self, topic: &str, count: usize) -> Result<(), String> {
        let reached = async {
            while self.ends(topic).await < count {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        timeout(PATIENCE, reached)
            .await
            .map_err(|_| format!("{topic}: {count} is not reached in {PATIENCE:?}"))
    }

    /// What the ends of a topic's partitions add up to, markers among it.
    pub(super) async fn ends(&self, topic: &str) -> usize {
        let ends = self.client().await.consumer().offsets(topic, OffsetSpec::Latest).await.expect("ends");
        ends.iter().map(|(_, end)| usize::try_from(*end).expect("an end")).sum()
    }

    /// The transactional ids with this prefix, each with its state.
    pub(super) async fn transactions(&self, prefix: &str) -> Vec<(String, String)> {
        let listed = self.client().await.admin().list_transactions(&[]).await.expect("transactions");
        let meant = listed.into_iter().filter(|it| it.transactional_id.starts_with(prefix));
        meant.map(|it| (it.transactional_id, it.state)).collect()
    }

    async fn client(&self) -> Client {
        match self {
            Self::Embedded(_, client) => client.clone(),
            Self::Real(kafka) => {
                let (config, _) =
                    Config::from_properties([("bootstrap.servers", kafka.bootstrap())], Role::Any)
                        .expect("a config");
                Client::open(config).await.expect("a client")
            }
        }
    }

    /// Everything in a topic, by partition and offset.
    pub(super) async fn dump(&self, topic: &str, read_committed: bool) -> Vec<Record> {
        let mut records = match self {
            Self::Embedded(_, client) => {
                let level = if read_committed {
                    IsolationLevel::ReadCommitted
                } else {
                    IsolationLevel::ReadUncommitted
                };
                let config = client.config().clone().with(|it| it.isolation_level = level);
                dump(&client.with_config(config).expect("a client"), topic).await.expect("a dump")
            }
            Self::Real(kafka) => {
                block_in_place(|| kafka.java(|it, at| it.consume(at, topic, read_committed)))
            }
        };
        records.sort_by_key(|it| (it.partition, it.offset));
        records
    }
}

async fn produce(client: &Client, records: &[NewRecord]) -> Result<(), Error> {
    let producer = client.producer();
    for new in records {
        let topic = producer.topic(&new.topic).await?;
        let headers: Vec<_> =
            new.headers.iter().map(|(key, value)| Header { key, value: value.as_deref() }).collect();
        let record = upsert_kafka_client::Record {
            topic: &topic,
            partition: new.partition,
            key: new.key.as_deref(),
            value: new.value.as_deref(),
            timestamp_ms: new.timestamp_ms,
            headers: &headers,
        };
        // The flush tells what became of it.
        let _delivery = producer.send(record).await?;
    }
    producer.flush().await
}

async fn dump(client: &Client, topic: &str) -> Result<Vec<Record>, Error> {
    let ends: HashMap<i32, i64> =
        client.consumer().offsets(topic, OffsetSpec::Latest).await?.into_iter().collect();
    read(client, topic, |_, next| ends.iter().all(|(partition, end)| next[partition] >= *end)).await
}

/// Reads from the beginning until `enough` of the records and of each partition's next offset.
async fn read(
    client: &Client,
    topic: &str,
    enough: impl Fn(&[Record], &HashMap<i32, i64>) -> bool,
) -> Result<Vec<Record>, Error> {
    let mut consumer: Consumer = client.consumer();
    let mut next: HashMap<i32, i64> =
        consumer.offsets(topic, OffsetSpec::Earliest).await?.into_iter().collect();
    let name: Arc<str> = topic.into();
    let all = next
        .iter()
        .map(|(partition, offset)| Assignment::new(Arc::clone(&name), *partition, Position::Offset(*offset)));
    consumer.assign(all.collect());
    let mut records = Vec::new();
    while !enough(&records, &next) {
        for partition in consumer.poll().await?.partitions() {
            for record in partition.records() {
                records.push(owned(topic, partition.partition(), &record?));
            }
            next.insert(partition.partition(), partition.next_offset());
        }
    }
    Ok(records)
}

fn owned(topic: &str, partition: i32, record: &ConsumerRecord<'_>) -> Record {
    Record {
        topic: topic.to_owned(),
        partition,
        offset: record.offset,
        timestamp_ms: record.timestamp_ms,
        headers: record.headers().map(|(key, value)| (key.into_owned(), value.map(<[u8]>::to_vec))).collect(),
        key: record.key.map(<[u8]>::to_vec),
        value: record.value.map(<[u8]>::to_vec),
    }
}

const PATIENCE: Duration = Duration::from_secs(60);

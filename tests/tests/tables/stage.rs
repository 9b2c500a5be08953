//! A broker with topics, and jobs that run to the end there is now.

use std::collections::BTreeMap;

use upsert_kafka_broker::{Broker, BrokerConfig, Fault, FaultHandle};
use upsert_kafka_client::{Assignment, Client, Config, Header, NewTopic, OffsetSpec, Position, Record, Role};
use upsert_kafka_sink::plan::{self, PlanOptions};
use upsert_kafka_sink::{Error, Job, JobOptions, Summary};

pub(super) struct Stage {
    broker: Broker,
    client: Client,
}

/// A record as it was read back.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Read {
    pub(super) partition: i32,
    pub(super) key: Option<String>,
    pub(super) value: Option<String>,
    pub(super) timestamp_ms: i64,
    pub(super) headers: Vec<(String, Option<Vec<u8>>)>,
}

impl Stage {
    /// Topics with so many partitions.
    pub(super) async fn set(topics: &[(&str, i32)]) -> Self {
        let broker = Broker::start(BrokerConfig::default()).await.expect("a broker");
        let address = broker.address().to_string();
        let pairs = [("bootstrap.servers", address.as_str())];
        let client = Client::open(Config::from_properties(pairs, Role::Any).expect("a config").0).await;
        let client = client.expect("a client");
        let stage = Self { broker, client };
        for (name, partitions) in topics {
            stage.create(name, *partitions).await;
        }
        stage
    }

    pub(super) async fn create(&self, name: &str, partitions: i32) {
        let topic = NewTopic::new(name).partitions(partitions);
        let made = self.client.admin().create_topics(&[topic]).await.expect("an answer");
        assert!(made.iter().all(Result::is_ok), "{made:?}");
    }

    /// Writes key and value, by the key's partition where none is said.
    pub(super) async fn feed(&self, topic: &str, records: &[(Option<&str>, Option<&str>)]) {
        let producer = self.client.producer();
        let topic = producer.topic(topic).await.expect("the topic");
        for (key, value) in records {
            let record = Record {
                key: key.map(str::as_bytes),
                value: value.map(str::as_bytes),
                ..Record::new(&topic)
            };
            let _flushed_below = producer.send(record).await.expect("room");
        }
        producer.flush().await.expect("written");
    }

    /// Writes values into one partition.
    pub(super) async fn feed_partition(&self, topic: &str, partition: i32, values: &[String]) {
        let producer = self.client.producer();
        let topic = producer.topic(topic).await.expect("the topic");
        for value in values {
            let record =
                Record { partition: Some(partition), value: Some(value.as_bytes()), ..Record::new(&topic) };
            let _flushed_below = producer.send(record).await.expect("room");
        }
        producer.flush().await.expect("written");
    }

    /// Writes one record with a time and headers.
    pub(super) async fn feed_one(
        &self,
        topic: &str,
        key: &str,
        value: &str,
        timestamp_ms: i64,
        headers: &[Header<'_>],
    ) {
        let producer = self.client.producer();
        let topic = producer.topic(topic).await.expect("the topic");
        let record = Record::new(&topic).key(key.as_bytes()).value(value.as_bytes());
        let _flushed_below =
            producer.send(record.timestamp_ms(timestamp_ms).headers(headers)).await.expect("room");
        producer.flush().await.expect("written");
    }

    pub(super) fn bootstrap(&self) -> String {
        self.broker.address().to_string()
    }

    /// Orders a fault of the broker.
    pub(super) async fn fault(&self, fault: Fault) -> FaultHandle {
        self.broker.fault(fault).await
    }

    /// Opens a job that shares nothing.
    pub(super) async fn open(&self, sql: &str) -> Result<Job, Error> {
        let options = PlanOptions::new().with_bootstrap(self.broker.address().to_string());
        Job::open(plan::plan(sql, &options)?, JobOptions::new().alone()).await
    }

    /// Runs a job up to the end there is now.
    pub(super) async fn run(&self, sql: &str) -> Result<Summary, Error> {
        let mut job = self.open(sql).await?;
        job.stop_at_end().await.expect("the ends");
        job.run().await
    }

    /// All records of a topic, by partition and offset.
    pub(super) async fn read(&self, topic: &str) -> Vec<Read> {
        let mut consumer = self.client.consumer();
        let ends: BTreeMap<i32, i64> =
            consumer.offsets(topic, OffsetSpec::Latest).await.expect("ends").into_iter().collect();
        let assignments = ends.keys().map(|it| Assignment::new(topic, *it, Position::Earliest));
        consumer.assign(assignments.collect());
        let mut read: BTreeMap<i32, Vec<Read>> = BTreeMap::new();
        let mut next: BTreeMap<i32, i64> = ends.keys().map(|it| (*it, 0)).collect();
        while ends.iter().any(|(partition, end)| next[partition] < *end) {
            for records in consumer.poll().await.expect("records").partitions() {
                let own = read.entry(records.partition()).or_default();
                for record in records.records() {
                    let record = record.expect("a record");
                    let text = |it: Option<&[u8]>| it.map(|it| String::from_utf8_lossy(it).into_owned());
                    own.push(Read {
                        partition: records.partition(),
                        key: text(record.key),
                        value: text(record.value),
                        timestamp_ms: record.timestamp_ms,
                        headers: record
                            .headers()
                            .map(|(name, value)| (name.into_owned(), value.map(<[u8]>::to_vec)))
                            .collect(),
                    });
                }
                next.insert(records.partition(), records.next_offset());
            }
        }
        read.into_values().flatten().collect()
    }

    pub(super) async fn values(&self, topic: &str) -> Vec<String> {
        self.read(topic).await.into_iter().map(|it| it.value.unwrap_or("null".to_owned())).collect()
    }
}

/// An upsert-kafka table of JSON over that topic.
pub(super) fn upsert(name: &str, columns: &str, topic: &str, options: &str) -> String {
    format!(
        "CREATE TABLE {name} ({columns}) WITH ('connector' = 'upsert-kafka', 'topic' = '{topic}', \
         'properties.bootstrap.servers' = 'x:1', {options} 'key.format' = 'json', 'value.format' = 'json');\n"
    )
}

/// A kafka table of that format over that topic, read from its beginning.
pub(super) fn kafka(name: &str, columns: &str, topic: &str, format: &str, options: &str) -> String {
    format!(
        "CREATE TABLE {name} ({columns}) WITH ('connector' = 'kafka', 'topic' = '{topic}', \
         'properties.bootstrap.servers' = 'x:1', 'scan.startup.mode' = 'earliest-offset', {options} \
         'format' = '{format}');\n"
    )
}

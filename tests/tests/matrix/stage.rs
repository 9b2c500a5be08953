//! An embedded broker with a job's topics, its input, and a look at its sinks.

use std::time::{Duration, Instant};

use upsert_kafka_broker::{Broker, BrokerConfig};
use upsert_kafka_client::{Client, Config, NewTopic, Producer, Record, Role};
use upsert_kafka_protocol::records::batches;

use super::oracle::{Gaps, Input};

pub(super) struct Stage {
    pub(super) broker: Broker,
    pub(super) client: Client,
    producer: Producer,
    pub(super) input: Input,
    sinks: usize,
}

impl Stage {
    pub(super) async fn set(sinks: usize) -> Self {
        let broker = Broker::start(BrokerConfig::default()).await.expect("a broker");
        let address = broker.address().to_string();
        let pairs = [
            ("bootstrap.servers", address.as_str()),
            ("linger.ms", "0"),
            ("retry.backoff.ms", "5"),
            ("reconnect.backoff.ms", "5"),
            ("reconnect.backoff.max.ms", "20"),
        ];
        let (config, _) = Config::from_properties(pairs, Role::Any).expect("a config");
        let client = Client::open(config).await.expect("a client");
        let stage = Self { broker, producer: client.producer(), client, input: Input::default(), sinks };
        stage.create("in", IN_PARTITIONS, "delete").await;
        for sink in 0..sinks {
            stage.create(&format!("out{sink}"), 2, "compact").await;
        }
        stage
    }

    pub(super) fn bootstrap(&self) -> String {
        self.broker.address().to_string()
    }

    pub(super) async fn create(&self, topic: &str, partitions: i32, policy: &str) {
        let topic = NewTopic {
            partitions: Some(partitions),
            configs: vec![("cleanup.policy".into(), policy.into())],
            ..NewTopic::new(topic)
        };
        let made = self.client.admin().create_topics(&[topic]).await.expect("an answer");
        assert!(made.iter().all(Result::is_ok), "{made:?}");
    }

    /// Appends rows to the input, each key's in one partition.
    pub(super) async fn feed(&mut self, rows: u32) {
        // Another handle for each time: the topic may be another one by now.
        let topic = self.producer.topic("in").await.expect("the topic");
        for row in 0..rows {
            let key = row % KEYS;
            let value = self.input.row(key);
            let partition = key as i32 % IN_PARTITIONS;
            let record = Record { partition: Some(partition), ..Record::new(&topic).value(value.as_bytes()) };
            let _flushed_below = self.producer.send(record).await.expect("room");
        }
        self.producer.flush().await.expect("written");
    }

    /// A sink's log: key and number of every record, by offset within each partition.
    pub(super) async fn log(&self, sink: usize) -> Vec<(u32, u32)> {
        let mut log = Vec::new();
        for partition in 0..2 {
            for (_, bytes) in self.broker.log(&format!("out{sink}"), partition).await {
                for batch in batches(&bytes) {
                    let body = batch.and_then(|it| it.body(1 << 20)).expect("a batch");
                    log.extend(body.iter().map(|it| row(it.expect("a record").value.expect("a value"))));
                }
            }
        }
        log
    }

    /// Returns when every sink has the newest value of every key.
    pub(super) async fn caught_up(&self) -> Result<(), String> {
        let deadline = Instant::now() + PATIENCE;
        for sink in 0..self.sinks {
            while !self.input.is_reached_by(&self.log(sink).await) {
                if Instant::now() > deadline {
                    self.input.judge(&self.log(sink).await, usize::MAX, Gaps::Allowed)?;
                }
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        }
        Ok(())
    }

    pub(super) async fn judge(&self, restarts: usize, gaps: Gaps) -> Result<(), String> {
        for sink in 0..self.sinks {
            let judged = self.input.judge(&self.log(sink).await, restarts, gaps);
            judged.map_err(|why| format!("out{sink}: {why}"))?;
        }
        Ok(())
    }
}

/// `{"id":1,"n":2}`
fn row(value: &[u8]) -> (u32, u32) {
    let row: serde_json::Value = serde_json::from_slice(value).expect("JSON");
    let number = |name: &str| u32::try_from(row[name].as_u64().expect("a number")).expect("a small one");
    (number("id"), number("n"))
}

pub(super) const IN_PARTITIONS: i32 = 2;
const KEYS: u32 = 6;
/// Nothing here takes so long unless it hangs.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

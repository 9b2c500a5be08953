//! Where a scenario runs.

use std::fmt;
use std::time::Duration;

use upsert_kafka_client::{Config, Role};
use upsert_kafka_tests::kafka::Kafka;

/// A cluster with transactions.
pub(super) struct Host {
    name: &'static str,
    bootstrap: String,
    kafka: Option<&'static Kafka>,
}

impl Host {
    /// All there are on this machine.
    pub(super) async fn all() -> Vec<Self> {
        let mut all = Vec::new();
        if let Some(kafka) = tokio::task::spawn_blocking(Kafka::shared).await.unwrap() {
            all.push(Self { name: "Apache Kafka", bootstrap: kafka.bootstrap(), kafka: Some(kafka) });
        }
        all
    }

    /// For clients that need not be patient.
    pub(super) fn config(&self) -> Config {
        let pairs = [("bootstrap.servers", self.bootstrap.as_str()), ("max.request.size", "2000000")];
        let (config, _) = Config::from_properties(pairs, Role::Any).unwrap();
        Config { retry_backoff: Duration::from_millis(20), ..config }
    }

    /// How many records Java sees in committed transactions.
    pub(super) fn seen_by_java(&self, topic: &str) -> usize {
        match self.kafka {
            Some(kafka) => kafka.java(|it, at| it.consume(at, topic, true)).len(),
            None => panic!("no Java here"),
        }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

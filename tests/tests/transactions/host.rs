//! Where a scenario runs.

use std::fmt;
use std::time::Duration;

use upsert_kafka_broker::{Broker, BrokerConfig};
use upsert_kafka_client::{Config, Role};
use upsert_kafka_tests::kafka::Kafka;

/// A cluster with transactions.
pub(super) struct Host {
    name: &'static str,
    bootstrap: String,
    kafka: Option<&'static Kafka>,
    /// Held for as long as it is needed.
    _broker: Option<Broker>,
}

impl Host {
    /// All there are on this machine.
    pub(super) async fn all() -> Vec<Self> {
        let mut all = Vec::new();
        for (name, transaction_version) in [("embedded, KIP-890", 2), ("embedded, classic", 1)] {
            let marker_delay = Duration::from_millis(5);
            let config = BrokerConfig::default()
                .with_transaction_version(transaction_version)
                .with_marker_delay(marker_delay);
            let broker = Broker::start(config).await.unwrap();
            let bootstrap = broker.address().to_string();
            all.push(Self { name, bootstrap, kafka: None, _broker: Some(broker) });
        }
        if let Some(kafka) = tokio::task::spawn_blocking(Kafka::shared).await.unwrap() {
            all.push(Self {
                name: "Apache Kafka",
                bootstrap: kafka.bootstrap(),
                kafka: Some(kafka),
                _broker: None,
            });
        }
        all
    }

    /// For clients that need not be patient.
    pub(super) fn config(&self) -> Config {
        let pairs = [("bootstrap.servers", self.bootstrap.as_str()), ("max.request.size", "2000000")];
        let (config, _) = Config::from_properties(pairs, Role::Any).unwrap();
        config.with(|it| it.retry_backoff = Duration::from_millis(20))
    }

    /// How many records Java sees in committed transactions, where the cluster is Java's.
    pub(super) fn seen_by_java(&self, topic: &str) -> Option<usize> {
        self.kafka.map(|kafka| kafka.java(|it, at| it.consume(at, topic, true)).len())
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

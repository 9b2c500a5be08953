//! Where statements run: on a cluster that the flags name, or on a broker inside this process.

use upsert_kafka_broker::{Broker, BrokerConfig};

use crate::args::Args;
use crate::exit::{Exit, Failure};

/// A cluster.
pub(super) enum SqlCluster {
    /// Tables and flags say where.
    Cluster,
    /// In memory, until the process ends.
    Embedded(Box<Broker>),
}

impl SqlCluster {
    /// By the flags; without one of those that name a cluster a broker is started.
    ///
    /// # Errors
    /// The broker cannot be started.
    pub(super) async fn find(args: &Args) -> Result<Self, Failure> {
        if CLUSTER_FLAGS.iter().any(|flag| args.has(flag)) {
            return Ok(Self::Cluster);
        }
        let broker = Broker::start(BrokerConfig::default()).await;
        broker
            .map(|broker| Self::Embedded(Box::new(broker)))
            .map_err(|e| Failure::new(Exit::Cluster, format!("the embedded broker: {e}")))
    }

    pub(super) fn is_embedded(&self) -> bool {
        matches!(self, Self::Embedded(_))
    }

    /// The broker's address, which all tables mean.
    pub(super) fn bootstrap(&self) -> Option<String> {
        match self {
            Self::Cluster => None,
            Self::Embedded(broker) => Some(broker.address().to_string()),
        }
    }

    pub(super) async fn leave(self) {
        if let Self::Embedded(broker) = self {
            broker.stop().await;
        }
    }
}

const CLUSTER_FLAGS: [&str; 4] = ["--bootstrap", "--properties", "--property", "--profile"];

//! The clients of a job: one for all tables that reach their cluster in the same way.
//!
//! Every table has settings of its own: they follow from its `properties.*` and from its role. Most of them belong to
//! the producer or the consumer that reads them, such as `acks` or `fetch.min.bytes`; the others say how a cluster is
//! reached, such as `bootstrap.servers` or `client.id`. Tables that agree in the latter have one view of the cluster
//! and one connection to each broker, whatever their role (fetches and groups have others, since brokers hold them back).
//! [`Config::connects_like`] knows which settings these are.

use upsert_kafka_client::{Client, Clock, Config, Environment, Error};

/// Opens clients in one environment, and shares those that are open.
pub(crate) struct Clients {
    environment: Environment,
    /// Whether writing may make a topic that is missing, where brokers do so.
    creates_topics: bool,
    /// One for each way of reaching a cluster.
    open: Vec<Client>,
}

impl Clients {
    /// A job sees to its topics before it begins; one that is deleted since is not made again by writing.
    pub(crate) fn of_job(environment: Environment) -> Self {
        Self { environment, creates_topics: false, open: Vec::new() }
    }

    /// A program that writes one table leaves it to the brokers, as Java's producers do.
    pub(crate) fn of_program(environment: Environment) -> Self {
        Self { environment, creates_topics: true, open: Vec::new() }
    }

    /// A client with these settings.
    pub(crate) async fn open(&mut self, mut config: Config) -> Result<Client, Error> {
        config.allow_auto_create_topics = self.creates_topics;
        if let Some(client) = self.open.iter().find(|it| it.config().connects_like(&config)) {
            return client.with_config(config);
        }
        let client = Client::open_in(config, self.environment.clone()).await?;
        self.open.push(client.clone());
        Ok(client)
    }

    /// A seed for one owner of chance.
    pub(crate) fn seed(&self) -> u64 {
        self.environment.seed()
    }

    /// Where time is taken from.
    pub(crate) fn clock(&self) -> &Clock {
        self.environment.clock()
    }
}

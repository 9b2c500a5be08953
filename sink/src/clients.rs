//! The clients of a job.

use upsert_kafka_client::{Client, Config, Environment, Error};

/// Opens clients in one environment.
pub(crate) struct Clients {
    environment: Environment,
    /// Whether writing may make a topic that is missing, where brokers do so.
    creates_topics: bool,
}

impl Clients {
    /// A job sees to its topics before it begins; one that is deleted since is not made again by writing.
    pub(crate) fn of_job(environment: Environment) -> Self {
        Self { environment, creates_topics: false }
    }

    /// A program that writes one table leaves it to the brokers, as Java's producers do.
    pub(crate) fn of_program(environment: Environment) -> Self {
        Self { environment, creates_topics: true }
    }

    /// A client with these settings.
    pub(crate) async fn open(&mut self, mut config: Config) -> Result<Client, Error> {
        config.allow_auto_create_topics = self.creates_topics;
        Client::open_in(config, self.environment.clone()).await
    }

    /// Where time is taken from.
    pub(crate) fn clock(&self) -> &upsert_kafka_client::Clock {
        self.environment.clock()
    }
}

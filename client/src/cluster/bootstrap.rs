//! The search for a broker that answers, and asking one for metadata.
//!
//! Addresses are tried in turn, and each failure keeps its cause, so that the error tells why every one of them failed.

use std::collections::HashSet;
use std::pin::pin;
use std::time::{Duration, Instant};

use tokio::time::{sleep_until, timeout_at};
use upsert_kafka_protocol::messages::metadata::MetadataResponseTopic;
use upsert_kafka_protocol::messages::{MetadataRequest, MetadataResponse};
use upsert_kafka_protocol::{ErrorCode, Str};

use super::metadata;
use super::metadata_update::MetadataUpdate;
use super::outage::seconds;
use super::outage::shared::servers;
use crate::config::Address;
use crate::connection::{Connection, Connector};
use crate::retry::Backoff;
use crate::{Config, Error, ErrorKind};

/// Tries every bootstrap address, round after round, until one answers or `bootstrap.timeout.ms` is over. A broker that
/// refuses this client's login ends the search, as in Java. After a second a warning says what the client is waiting for.
pub(super) async fn bootstrap(connector: &Connector) -> Result<(Connection, MetadataUpdate), Error> {
    let config = &connector.config;
    if config.bootstrap_servers.is_empty() {
        return Err(Error::new(ErrorKind::Config, "property bootstrap.servers names no address"));
    }
    let mut search = BootstrapSearch::new(connector);
    let mut backoff = Backoff::new(config.reconnect_backoff, config.reconnect_backoff_max);
    let mut chance = connector.environment.chance();
    loop {
        if let Some(found) = search.round().await? {
            return Ok(found);
        }
        let wait = backoff.wait(chance.draw());
        let next = search.now() + wait;
        if next >= search.deadline {
            return Err(search.exhausted());
        }
        search.meanwhile(sleep_until(next.into())).await;
    }
}

/// The search for a first broker.
struct BootstrapSearch<'a> {
    connector: &'a Connector,
    began: Instant,
    deadline: Instant,
    /// Why the addresses of the last whole round, or of the first one so far, did not answer.
    causes: Vec<String>,
    noticed: bool,
}

/// So long nobody need be told that he waits.
const QUIET: Duration = Duration::from_secs(1);

impl<'a> BootstrapSearch<'a> {
    fn new(connector: &'a Connector) -> Self {
        let began = connector.environment.clock().now();
        let deadline = began + connector.config.bootstrap_timeout;
        Self { connector, began, deadline, causes: Vec::new(), noticed: false }
    }

    fn now(&self) -> Instant {
        self.connector.environment.clock().now()
    }

    /// Tries each address once.
    async fn round(&mut self) -> Result<Option<(Connection, MetadataUpdate)>, Error> {
        let addresses = &self.connector.config.bootstrap_servers;
        let mut causes = Vec::new();
        for (at, address) in addresses.iter().enumerate() {
            // One silent address must leave time for the others.
            let left = self.deadline.saturating_duration_since(self.now());
            let share = left / u32::try_from(addresses.len() - at).unwrap_or(1);
            match self.meanwhile(open_and_ask(address, self.connector, share)).await {
                Ok(found) => {
                    if self.noticed {
                        let waited = self.now().saturating_duration_since(self.began);
                        tracing::warn!("connected to {address} after {} s", seconds(waited));
                    }
                    return Ok(Some(found));
                }
                Err(error) if error.is_refusal() => return Err(error),
                Err(error) => causes.push(error.to_string()),
            }
            if self.causes.len() < addresses.len() {
                self.causes.clone_from(&causes);
            }
        }
        self.causes = causes;
        Ok(None)
    }

    /// Awaits a step of the search, and says within it that the search takes long, once.
    async fn meanwhile<T>(&mut self, step: impl Future<Output = T>) -> T {
        let mut step = pin!(step);
        let quiet = self.began + QUIET;
        loop {
            // A branch that is lost only waited.
            tokio::select! {
                biased;
                done = &mut step => return done,
                () = sleep_until(quiet.into()), if !self.noticed => {
                    self.noticed = true;
                    let so_far = match self.causes.is_empty() {
                        true => "no answer".to_owned(),
                        false => self.causes.join("; "),
                    };
                    tracing::warn!(
                        "still connecting to {} ({so_far}): giving up after {} s more (bootstrap.timeout.ms)",
                        servers(&self.connector.config),
                        seconds(self.deadline.saturating_duration_since(self.now())),
                    );
                }
            }
        }
    }

    fn exhausted(&self) -> Error {
        let sentence = format!(
            "no bootstrap server could be reached within {} ms (bootstrap.timeout.ms): {}",
            self.connector.config.bootstrap_timeout.as_millis(),
            self.causes.join("; ")
        );
        Error::new(ErrorKind::Unreachable, sentence)
    }
}

/// Tries the candidates in order; the error is the last cause, or the first refusal.
pub(super) async fn open_first(
    candidates: Result<Vec<Candidate>, Error>,
    connector: &Connector,
) -> Result<(Candidate, Connection), OpenFailure> {
    let mut last = Error::new(ErrorKind::Unreachable, "no broker is known");
    for candidate in candidates? {
        match connector.open(&candidate.address, connector.config.connection_setup_timeout).await {
            Ok(connection) => return Ok((candidate, connection)),
            Err(error) if error.is_refusal() => {
                return Err(OpenFailure { error, refused_by: Some(candidate.address) });
            }
            Err(error) => last = error,
        }
    }
    Err(last.into())
}

/// Why no connection was opened, or nothing came of it.
pub(super) struct OpenFailure {
    pub(super) error: Error,
    /// Who does not let this client in.
    pub(super) refused_by: Option<Address>,
}

impl From<Error> for OpenFailure {
    fn from(error: Error) -> Self {
        Self { error, refused_by: None }
    }
}

/// An address and, unless it is a bootstrap one, whose it is.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    pub(super) node_id: Option<i32>,
    pub(super) address: Address,
}

/// Asks for these topics and for the brokers. Then it asks again for those that are missing and written to, so
/// that the broker creates them: one request cannot create some of its topics and only look for the others.
async fn request_topics(
    connection: &Connection,
    topics: &[Str],
    written: &HashSet<Str>,
    config: &Config,
) -> Result<MetadataResponse, Error> {
    let mut answer = request_once(connection, topics, false, config).await?;
    let creates = |topic: &MetadataResponseTopic| {
        topic.error_code == ErrorCode::UNKNOWN_TOPIC_OR_PARTITION
            && topic.name.as_ref().is_some_and(|name| written.contains(name))
    };
    if config.allow_auto_create_topics && answer.topics.iter().any(creates) {
        let (missing, found) = std::mem::take(&mut answer.topics).into_iter().partition(creates);
        let missing: Vec<MetadataResponseTopic> = missing;
        let names: Vec<Str> = missing.into_iter().filter_map(|topic| topic.name).collect();
        answer = request_once(connection, &names, true, config).await?;
        answer.topics.extend::<Vec<_>>(found);
    }
    Ok(answer)
}

async fn request_once(
    connection: &Connection,
    topics: &[Str],
    create: bool,
    config: &Config,
) -> Result<MetadataResponse, Error> {
    let version = connection.version::<MetadataRequest>()?;
    let request = metadata::request(topics, version, create);
    let response = connection.call_at(&request, version, config.request_timeout).await?;
    match response.error_code {
        ErrorCode::NONE => Ok(response),
        code => Err(connection.named(Error::from_code(code, "Metadata"), "Metadata")),
    }
}

/// The same, read for what was asked.
pub(super) async fn fetch_metadata(
    connection: &Connection,
    topics: &[Str],
    written: &HashSet<Str>,
    config: &Config,
) -> Result<MetadataUpdate, Error> {
    let response = request_topics(connection, topics, written, config).await?;
    MetadataUpdate::read(&response, topics).map_err(|error| connection.named(error, "Metadata"))
}

/// A listener with logins answers ApiVersions to anybody, and closes the connection at the next request.
fn without_login(error: Error, config: &Config) -> Error {
    let is_suspect = error.kind() == ErrorKind::Disconnected && !config.security_protocol.has_sasl();
    match is_suspect {
        true => error.within(
            "it let this client no further than ApiVersions, as a listener does where everybody logs in \
             (security.protocol SASL_PLAINTEXT or SASL_SSL)",
        ),
        false => error,
    }
}

async fn open_and_ask(
    address: &Address,
    connector: &Connector,
    limit: Duration,
) -> Result<(Connection, MetadataUpdate), Error> {
    let config = &connector.config;
    let deadline = connector.environment.clock().now() + limit;
    let connection = connector.open(address, limit.min(config.connection_setup_timeout)).await?;
    match timeout_at(deadline.into(), fetch_metadata(&connection, &[], &HashSet::new(), config)).await {
        Ok(answer) => Ok((connection, answer.map_err(|error| without_login(error, config))?)),
        Err(_) => Err(connection.named(Error::new(ErrorKind::Timeout, "no answer"), "Metadata")),
    }
}

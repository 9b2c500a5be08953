//! To some broker that answers: addresses are tried in turn, and each failure keeps its cause.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use upsert_kafka_protocol::messages::metadata::MetadataResponseTopic;
use upsert_kafka_protocol::messages::{MetadataRequest, MetadataResponse};
use upsert_kafka_protocol::{ErrorCode, Str};

use super::metadata;
use crate::config::Address;
use crate::connection::{self, Connection};
use crate::retry::{Backoff, Chance};
use crate::{Config, Error, ErrorKind};

/// Tries every bootstrap address, round after round, until one answers or the time is up.
pub(super) async fn bootstrap(config: &Config) -> Result<(Connection, MetadataResponse), Error> {
    if config.bootstrap_servers.is_empty() {
        return Err(Error::new(ErrorKind::Config, "property bootstrap.servers names no address"));
    }
    let deadline = Instant::now() + config.bootstrap_timeout;
    let mut backoff = Backoff::new(config.reconnect_backoff, config.reconnect_backoff_max);
    let mut chance = Chance::from_process();
    loop {
        let mut causes = Vec::new();
        for (at, address) in config.bootstrap_servers.iter().enumerate() {
            // One silent address must leave time for the others.
            let left = deadline.saturating_duration_since(Instant::now());
            let share = left / u32::try_from(config.bootstrap_servers.len() - at).unwrap_or(1);
            match introduced(address, config, share).await {
                Ok(found) => return Ok(found),
                Err(error) => causes.push(error.to_string()),
            }
        }
        let wait = backoff.wait(chance.draw());
        if Instant::now() + wait >= deadline {
            let sentence = format!(
                "no bootstrap server could be reached within {} ms: {}",
                config.bootstrap_timeout.as_millis(),
                causes.join("; ")
            );
            return Err(Error::new(ErrorKind::Unreachable, sentence));
        }
        tokio::time::sleep(wait).await;
    }
}

/// Tries the candidates in order; the error is the last cause.
pub(super) async fn first(
    candidates: Vec<Candidate>,
    config: &Config,
) -> Result<(Candidate, Connection), Error> {
    let mut last = Error::new(ErrorKind::Unreachable, "no broker is known");
    for candidate in candidates {
        match connection::open(&candidate.address, config, config.connection_setup_timeout).await {
            Ok(connection) => return Ok((candidate, connection)),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// An address and, unless it is a bootstrap one, whose it is.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    pub(super) node_id: Option<i32>,
    pub(super) address: Address,
}

/// Asks for these topics and for the brokers. Then it asks again for those that are missing and written to, so
/// that the broker creates them: one request cannot create some of its topics and only look for the others.
pub(super) async fn ask(
    connection: &Connection,
    topics: &[Str],
    written: &HashSet<Str>,
    config: &Config,
) -> Result<MetadataResponse, Error> {
    let mut answer = ask_once(connection, topics, false, config).await?;
    let creates = |topic: &MetadataResponseTopic| {
        topic.error_code == ErrorCode::UNKNOWN_TOPIC_OR_PARTITION
            && topic.name.as_ref().is_some_and(|name| written.contains(name))
    };
    if config.allow_auto_create_topics && answer.topics.iter().any(creates) {
        let (missing, found) = std::mem::take(&mut answer.topics).into_iter().partition(creates);
        let missing: Vec<MetadataResponseTopic> = missing;
        let names: Vec<Str> = missing.into_iter().filter_map(|topic| topic.name).collect();
        answer = ask_once(connection, &names, true, config).await?;
        answer.topics.extend::<Vec<_>>(found);
    }
    Ok(answer)
}

async fn ask_once(
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

async fn introduced(
    address: &Address,
    config: &Config,
    limit: Duration,
) -> Result<(Connection, MetadataResponse), Error> {
    let deadline = Instant::now() + limit;
    let connection = connection::open(address, config, limit.min(config.connection_setup_timeout)).await?;
    match tokio::time::timeout_at(deadline.into(), ask(&connection, &[], &HashSet::new(), config)).await {
        Ok(answer) => Ok((connection, answer?)),
        Err(_) => Err(connection.named(Error::new(ErrorKind::Timeout, "no answer"), "Metadata")),
    }
}

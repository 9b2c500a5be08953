//! Settings that cannot hold together: each refusal names both.

use std::collections::HashSet;
use std::time::Duration;

use super::refusal::refuse;
use super::{Acks, Config, GroupProtocol, Notice};
use crate::Error;

pub(super) mod security;

impl Config {
    /// Refuses what cannot hold together, naming both fields.
    pub fn check(&self) -> Result<(), Error> {
        check(self)
    }
}

/// As Java does, lets a default give way to what was asked for, and says so.
pub(super) fn adjust(config: &mut Config, given: &HashSet<&str>, notices: &mut Vec<Notice>) {
    if config.enable_idempotence
        && !given.contains("enable.idempotence")
        && config.max_in_flight <= IDEMPOTENT_IN_FLIGHT_MAX
        && let Some((key, value)) = against_idempotence(config)
    {
        config.enable_idempotence = false;
        let sentence =
            format!("enable.idempotence becomes false, since {key} is {value}: retries may write twice");
        notices.push(Notice::adjusted("enable.idempotence", sentence));
    }
    if !given.contains("bootstrap.timeout.ms") {
        // Java's clients connect with their first call, which these bound.
        let first_call =
            [("max.block.ms", config.max_block), ("default.api.timeout.ms", config.default_api_timeout)];
        let bound = first_call.into_iter().find(|(key, _)| given.contains(key));
        config.bootstrap_timeout = bound.map_or(config.bootstrap_timeout, |(_, limit)| limit);
    }
    let needed = config.linger + config.request_timeout;
    if config.delivery_timeout < needed && !given.contains("delivery.timeout.ms") {
        config.delivery_timeout = needed;
        let sentence = format!(
            "delivery.timeout.ms becomes {}, since linger.ms and request.timeout.ms are that much",
            needed.as_millis()
        );
        notices.push(Notice::adjusted("delivery.timeout.ms", sentence));
    }
    if !config.partitioner_adaptive && given.contains("partitioner.availability.timeout.ms") {
        let sentence = "property partitioner.availability.timeout.ms changes nothing while \
                        partitioner.adaptive.partitioning.enable is false";
        notices.push(Notice::unused("partitioner.availability.timeout.ms", sentence.to_owned()));
    }
    if config.group_protocol == GroupProtocol::Consumer {
        for key in ["heartbeat.interval.ms", "partition.assignment.strategy", "session.timeout.ms"] {
            if given.contains(key) {
                let sentence = format!(
                    "property {key} changes nothing while group.protocol is consumer: the broker says it"
                );
                notices.push(Notice::unused(key, sentence));
            }
        }
    }
    raise(config.retry_backoff, &mut config.retry_backoff_max, "retry.backoff.max.ms", given, notices);
    raise(
        config.reconnect_backoff,
        &mut config.reconnect_backoff_max,
        "reconnect.backoff.max.ms",
        given,
        notices,
    );
    raise(
        config.connection_setup_timeout,
        &mut config.connection_setup_timeout_max,
        "socket.connection.setup.timeout.max.ms",
        given,
        notices,
    );
}

/// Refuses what is left.
pub(super) fn check(config: &Config) -> Result<(), Error> {
    at_least_one("max.in.flight.requests.per.connection", config.max_in_flight as u128)?;
    at_least_one("request.timeout.ms", ms(config.request_timeout))?;
    at_least_one("metrics.num.samples", config.metrics_num_samples)?;
    if config.fetch_max_decompressed_bytes == 0 {
        return refuse("fetch.max.decompressed.bytes: 0 is too small, 1 is the least".to_owned());
    }
    writes(config)?;
    security::check(config)?;
    let needed = config.linger + config.request_timeout;
    if config.delivery_timeout < needed {
        let others = format!("{} ms, which it must cover", needed.as_millis());
        return clash(
            "delivery.timeout.ms",
            ms(config.delivery_timeout),
            "linger.ms + request.timeout.ms",
            &others,
        );
    }
    if config.batch_size > config.buffer_memory {
        return clash("batch.size", config.batch_size, "buffer.memory", &config.buffer_memory);
    }
    let rack = config.client_rack.as_deref().unwrap_or_default();
    if config.partitioner_rack_aware && rack.trim().is_empty() {
        return clash("partitioner.rack.aware", "true", "client.rack", &"empty: no rack to prefer");
    }
    if config.fetch_max_wait >= config.request_timeout {
        return clash(
            "fetch.max.wait.ms",
            ms(config.fetch_max_wait),
            "request.timeout.ms",
            &ms(config.request_timeout),
        );
    }
    for (low, low_key, high, high_key) in [
        (config.retry_backoff, "retry.backoff.ms", config.retry_backoff_max, "retry.backoff.max.ms"),
        (
            config.reconnect_backoff,
            "reconnect.backoff.ms",
            config.reconnect_backoff_max,
            "reconnect.backoff.max.ms",
        ),
        (
            config.connection_setup_timeout,
            "socket.connection.setup.timeout.ms",
            config.connection_setup_timeout_max,
            "socket.connection.setup.timeout.max.ms",
        ),
    ] {
        if low > high {
            return clash(low_key, ms(low), high_key, &ms(high));
        }
    }
    groups(config)?;
    levels(config)
}

/// Members of groups, and who judges them.
fn groups(config: &Config) -> Result<(), Error> {
    at_least_one("heartbeat.interval.ms", ms(config.heartbeat_interval))?;
    at_least_one("max.poll.interval.ms", ms(config.max_poll_interval))?;
    if config.heartbeat_interval >= config.session_timeout {
        return clash(
            "heartbeat.interval.ms",
            ms(config.heartbeat_interval),
            "session.timeout.ms",
            &ms(config.session_timeout),
        );
    }
    match (&config.group_remote_assignor, config.group_protocol) {
        (Some(assignor), GroupProtocol::Classic) => {
            clash("group.remote.assignor", assignor, "group.protocol", &"classic: a member assigns")
        }
        _ => Ok(()),
    }
}

/// Idempotence, and what needs it.
fn writes(config: &Config) -> Result<(), Error> {
    let against = against_idempotence(config);
    match (&config.transactional_id, config.enable_idempotence, against) {
        (Some(id), _, Some((key, value))) => clash("transactional.id", id, key, &value),
        (Some(id), false, None) => clash("transactional.id", id, "enable.idempotence", &"false"),
        (None, true, Some((key, value))) => clash("enable.idempotence", "true", key, &value),
        _ if i32::try_from(ms(config.transaction_timeout)).is_err() => refuse(format!(
            "property transaction.timeout.ms: {} is too large, {} is the most",
            ms(config.transaction_timeout),
            i32::MAX
        )),
        _ => Ok(()),
    }
}

fn levels(config: &Config) -> Result<(), Error> {
    built(config.compression.name(), config.compression.is_built())?;
    match (config.compression_gzip_level, config.compression_zstd_level) {
        (Some(level), _) if !(1..=9).contains(&level) => {
            refuse(format!("property compression.gzip.level: {level} is neither -1 nor within 1 to 9"))
        }
        (_, level) if !(-131_072..=22).contains(&level) => {
            refuse(format!("property compression.zstd.level: {level} is not within -131072 to 22"))
        }
        _ => Ok(()),
    }
}

/// A codec that was left out would be replaced by none at all, which nobody asked for.
fn built(codec: &str, is_built: bool) -> Result<(), Error> {
    if is_built {
        return Ok(());
    }
    refuse(format!("property compression.type: this build has no {codec}, a feature of upsert-kafka-client"))
}

fn against_idempotence(config: &Config) -> Option<(&'static str, String)> {
    match config {
        Config { max_in_flight, .. } if *max_in_flight > IDEMPOTENT_IN_FLIGHT_MAX => {
            Some(("max.in.flight.requests.per.connection", max_in_flight.to_string()))
        }
        Config { acks: Acks::Leader, .. } => Some(("acks", "1".to_owned())),
        Config { acks: Acks::None, .. } => Some(("acks", "0".to_owned())),
        Config { retries: 0, .. } => Some(("retries", "0".to_owned())),
        _ => None,
    }
}

fn raise(low: Duration, high: &mut Duration, key: &str, given: &HashSet<&str>, notices: &mut Vec<Notice>) {
    if low > *high && !given.contains(key) {
        *high = low;
        notices.push(Notice::adjusted(
            key,
            format!("{key} becomes {}, as its lower bound was set", low.as_millis()),
        ));
    }
}

fn at_least_one(key: &str, value: impl Into<u128>) -> Result<(), Error> {
    match value.into() {
        0 => refuse(format!("property {key}: 0 is too small, 1 is the least")),
        _ => Ok(()),
    }
}

fn clash<T>(
    key: &str,
    value: impl std::fmt::Display,
    other_key: &str,
    other: &impl std::fmt::Display,
) -> Result<T, Error> {
    refuse(format!("properties {key} ({value}) and {other_key} ({other}) contradict each other"))
}

fn ms(time: Duration) -> u128 {
    time.as_millis()
}

/// How many batches a broker remembers of each idempotent producer and partition. More in flight are
/// refused, since Kafka 4.0 even where idempotence is only the default.
const IDEMPOTENT_IN_FLIGHT_MAX: usize = 5;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_codec_that_was_left_out_is_refused() {
        built("zstd", true).unwrap();
        let error = built("zstd", false).unwrap_err().to_string();
        assert_eq!(
            error,
            "property compression.type: this build has no zstd, a feature of upsert-kafka-client"
        );
    }
}

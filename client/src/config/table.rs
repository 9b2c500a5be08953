//! Every property of Java's producer, consumer and admin client, and what becomes of it here; and a few of our own.

use super::Role;
use super::setting::Setting;

mod property;
mod security;

use property::{ADMIN, ALL, CONSUMER, DATA, PRODUCER, READ, WRITE, honoured, ignored, refused};
pub(super) use property::{Fate, Property};

/// Keys that Java does not have, for what only this client does or lets be set: those that a role has, by name.
#[cfg(test)]
pub(super) fn ours(role: Role) -> Vec<&'static str> {
    let all = [
        ("bootstrap.timeout.ms", ALL),
        ("fetch.max.decompressed.bytes", CONSUMER),
        // System properties in Java, where they hold for all clients of a process.
        ("java.security.auth.login.config", ALL),
        ("java.security.krb5.conf", ALL),
        // Huawei's.
        ("kerberos.domain.name", ALL),
        // librdkafka's.
        ("ssl.crl.location", ALL),
        ("topic.metadata.propagation.max.ms", ALL),
    ];
    all.into_iter().filter(|(_, roles)| roles.include(role)).map(|(name, _)| name).collect()
}

/// The row of a key: the role's own, else that of the clients that have it.
pub(super) fn find(name: &str, role: Role) -> Option<&'static Property> {
    let named = || rows().filter(|property| property.name == name);
    named().find(|property| property.roles.include(role)).or_else(|| named().next())
}

/// All of them.
pub(super) fn rows() -> impl Iterator<Item = &'static Property> {
    PROPERTIES.iter().chain(security::TLS).chain(security::SASL)
}

const BUFFERS: &str = "a buffer begins as large as its partition's last batch, and grows as records come";
const BYTES: &str = "keys and values are bytes here";
const SHARE_GROUPS: &str = "share groups (KIP-932) are not supported yet";
const INTERNAL_TOPICS: &str = "the broker matches patterns, and leaves internal topics out";
const JAVA_CLASS: &str = "a Java class cannot be loaded here";

static PROPERTIES: &[Property] = &[
    // Of every client.
    ignored(
        ALL,
        "bootstrap.resolve.timeout.ms",
        "names are looked up again at every attempt, within the time that opening a client may take",
    ),
    honoured!(ALL, "bootstrap.servers", bootstrap_servers),
    honoured!(ALL, "bootstrap.timeout.ms", bootstrap_timeout),
    refused(
        ALL,
        "client.dns.lookup",
        &["use_all_dns_ips"],
        "canonical names are not looked up; every IP of a name is tried",
    ),
    honoured!(ALL, "client.id", client_id),
    refused(ALL, "config.providers", &[], "values are taken as they stand and not looked up elsewhere"),
    honoured!(ALL, "connections.max.idle.ms", connections_max_idle),
    ignored(
        ALL,
        "enable.metrics.push",
        "metrics are read from the producer and not pushed to brokers (KIP-714)",
    ),
    ignored(
        ALL,
        "metadata.cluster.check.enable",
        "brokers are not asked yet whether they belong to the cluster known",
    ),
    honoured!(ALL, "metadata.max.age.ms", metadata_max_age),
    honoured!(ALL, "metadata.recovery.rebootstrap.trigger.ms", metadata_rebootstrap_trigger),
    honoured!(ALL, "metadata.recovery.strategy", metadata_recovery),
    ignored(
        ALL,
        "metric.reporters",
        "a Java class cannot be loaded here; Producer::metrics tells the figures",
    ),
    honoured!(ALL, "metrics.num.samples", metrics_num_samples),
    ignored(
        ALL,
        "metrics.recording.level",
        "all metrics are gathered at every level; they cost nothing per record",
    ),
    honoured!(ALL, "metrics.sample.window.ms", metrics_sample_window),
    honoured!(ALL, "receive.buffer.bytes", receive_buffer_bytes),
    honoured!(ALL, "reconnect.backoff.max.ms", reconnect_backoff_max),
    honoured!(ALL, "reconnect.backoff.ms", reconnect_backoff),
    honoured!(ALL, "request.timeout.ms", request_timeout),
    honoured!(ALL, "retry.backoff.max.ms", retry_backoff_max),
    honoured!(ALL, "retry.backoff.ms", retry_backoff),
    honoured!(ALL, "security.protocol", security_protocol),
    ignored(ALL, "security.providers", "the JVM's security providers mean nothing here"),
    honoured!(ALL, "send.buffer.bytes", send_buffer_bytes),
    honoured!(ALL, "socket.connection.setup.timeout.max.ms", connection_setup_timeout_max),
    honoured!(ALL, "socket.connection.setup.timeout.ms", connection_setup_timeout),
    honoured!(ALL, "topic.metadata.propagation.max.ms", topic_metadata_propagation_max),
    // Of two of the three.
    refused(ADMIN, "bootstrap.controllers", &[], "only brokers are asked, so give bootstrap.servers"),
    honoured!(DATA, "client.rack", client_rack),
    honoured!(READ, "default.api.timeout.ms", default_api_timeout),
    refused(DATA, "interceptor.classes", &[], JAVA_CLASS),
    honoured!(WRITE, "retries", retries),
    // Of producers.
    honoured!(PRODUCER, "acks", acks),
    honoured!(PRODUCER, "batch.size", batch_size),
    honoured!(PRODUCER, "buffer.memory", buffer_memory),
    ignored(PRODUCER, "buffer.memory.allocation.strategy", BUFFERS),
    honoured!(PRODUCER, "compression.gzip.level", compression_gzip_level),
    ignored(PRODUCER, "compression.lz4.level", "lz4 has one level here"),
    honoured!(PRODUCER, "compression.type", compression),
    honoured!(PRODUCER, "compression.zstd.level", compression_zstd_level),
    honoured!(PRODUCER, "delivery.timeout.ms", delivery_timeout),
    honoured!(PRODUCER, "enable.idempotence", enable_idempotence),
    ignored(PRODUCER, "key.serializer", BYTES),
    honoured!(PRODUCER, "linger.ms", linger),
    honoured!(PRODUCER, "max.block.ms", max_block),
    honoured!(PRODUCER, "max.in.flight.requests.per.connection", max_in_flight),
    honoured!(PRODUCER, "max.request.size", max_request_size),
    Property {
        name: "metadata.max.idle.ms",
        roles: PRODUCER,
        fate: Fate::Honoured {
            set: |draft, text| {
                draft.config.metadata_max_idle = Setting::parse(text)?;
                match draft.config.metadata_max_idle.as_millis() {
                    // As in Java.
                    ..5000 => Err(format!("{text} is too small, 5000 is the least")),
                    _ => Ok(()),
                }
            },
            show: |config| config.metadata_max_idle.show(),
        },
    },
    honoured!(PRODUCER, "partitioner.adaptive.partitioning.enable", partitioner_adaptive),
    honoured!(PRODUCER, "partitioner.availability.timeout.ms", partitioner_availability_timeout),
    honoured!(PRODUCER, "partitioner.class", partitioner_class),
    honoured!(PRODUCER, "partitioner.ignore.keys", partitioner_ignore_keys),
    honoured!(PRODUCER, "partitioner.rack.aware", partitioner_rack_aware),
    honoured!(PRODUCER, "transaction.timeout.ms", transaction_timeout),
    refused(
        PRODUCER,
        "transaction.two.phase.commit.enable",
        &["false"],
        "two-phase commit (KIP-939) is unstable in Kafka 4.4, whose brokers do not offer it",
    ),
    honoured!(PRODUCER, "transactional.id", transactional_id),
    ignored(PRODUCER, "value.serializer", BYTES),
    // Of consumers.
    ignored(CONSUMER, "allow.auto.create.topics", "a topic is never created by reading it"),
    honoured!(CONSUMER, "auto.commit.interval.ms", auto_commit_interval),
    honoured!(CONSUMER, "auto.offset.reset", auto_offset_reset),
    honoured!(CONSUMER, "check.crcs", check_crcs),
    honoured!(CONSUMER, "enable.auto.commit", enable_auto_commit),
    ignored(CONSUMER, "exclude.internal.topics", INTERNAL_TOPICS),
    honoured!(CONSUMER, "fetch.max.bytes", fetch_max_bytes),
    honoured!(CONSUMER, "fetch.max.decompressed.bytes", fetch_max_decompressed_bytes),
    honoured!(CONSUMER, "fetch.max.wait.ms", fetch_max_wait),
    honoured!(CONSUMER, "fetch.min.bytes", fetch_min_bytes),
    honoured!(CONSUMER, "group.id", group_id),
    honoured!(CONSUMER, "group.instance.id", group_instance_id),
    honoured!(CONSUMER, "group.protocol", group_protocol),
    honoured!(CONSUMER, "group.remote.assignor", group_remote_assignor),
    honoured!(CONSUMER, "heartbeat.interval.ms", heartbeat_interval),
    ignored(CONSUMER, "internal.throw.on.fetch.stable.offset.unsupported", "internal to Java's streams"),
    honoured!(CONSUMER, "isolation.level", isolation_level),
    ignored(CONSUMER, "key.deserializer", BYTES),
    honoured!(CONSUMER, "max.partition.fetch.bytes", max_partition_fetch_bytes),
    honoured!(CONSUMER, "max.poll.interval.ms", max_poll_interval),
    ignored(
        CONSUMER,
        "max.poll.records",
        "a poll hands over whole fetched answers, bounded by fetch.max.bytes",
    ),
    honoured!(CONSUMER, "partition.assignment.strategy", partition_assignment_strategy),
    honoured!(CONSUMER, "session.timeout.ms", session_timeout),
    ignored(CONSUMER, "share.acknowledgement.mode", SHARE_GROUPS),
    ignored(CONSUMER, "share.acquire.mode", SHARE_GROUPS),
    ignored(CONSUMER, "value.deserializer", BYTES),
];

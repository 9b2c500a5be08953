//! What a client may be told: typed fields with Java's defaults, and what each costs.

use std::time::Duration;

use upsert_kafka_protocol::records::{Codec, Compression, DECOMPRESSED_BYTES_MAX};

use crate::Assignor;
use crate::metrics::Windows;

mod address;
mod connects_like;
mod contradictions;
mod draft;
mod jaas;
mod java_class;
mod nearest;
mod notice;
mod oauth;
#[cfg(test)]
#[path = "tests/oracle.rs"]
mod oracle;
mod other_names;
mod properties;
mod properties_file;
mod refusal;
mod sasl;
mod security;
mod setting;
mod table;
#[cfg(feature = "tls")]
mod tls_provider;
mod token_source;

pub use address::Address;
#[cfg(feature = "__hostile")]
pub use jaas::jaas_file_login;
pub use notice::{Explained, Notice, NoticeKind};
pub use oauth::{AssertionAlgorithm, AssertionConfig, JwtRetriever, OAuthConfig, OAuthLoginHandler};
pub use properties_file::parse_properties;
pub use sasl::{AwsRoleKeys, KerberosConfig, KerberosLogin, LoginModule, SaslConfig, SaslMechanism};
pub use security::{
    EndpointIdentification, SecurityProtocol, Store, StoreSource, StoreType, TlsConfig, TlsVersion,
};
#[cfg(feature = "tls")]
pub use tls_provider::TlsProvider;
pub use token_source::{BearerToken, FetchToken, FetchingToken, TokenSource};

/// Everything a client can be told. Fields carry the names of Java's properties, and their defaults;
/// the one departure is that socket buffers are left to the kernel, which tunes them better.
///
/// ```
/// use std::time::Duration;
/// use upsert_kafka_client::Config;
///
/// let config = Config::new(["kafka-1:9092".parse()?, "kafka-2:9092".parse()?]).with(|it| {
///     it.linger = Duration::from_millis(20);
///     it.batch_size = 256 << 10;
/// });
/// config.check()?;
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Config {
    /// `bootstrap.servers`: where to begin; the cluster tells the rest.
    pub bootstrap_servers: Vec<Address>,
    /// `bootstrap.timeout.ms`, which Java does not have: how long opening a client tries all addresses before it says
    /// why none answered. Java's clients connect with their first call; so where it is not given,
    /// `max.block.ms` of a producer and `default.api.timeout.ms` of the others stand for it, where they are.
    pub bootstrap_timeout: Duration,
    /// `client.id`: named in the broker's logs, quotas and metrics; `upsert-kafka` when empty.
    pub client_id: String,
    /// `client.rack`: where this client stands. A producer prefers leaders there if
    /// `partitioner_rack_aware`; a consumer reads from a follower there, where the brokers name one (KIP-392,
    /// `replica.selector.class`), and members of a group tell their rack to whoever assigns.
    pub client_rack: Option<String>,
    /// `security.protocol`.
    pub security_protocol: SecurityProtocol,
    /// `ssl.*`: read where `security_protocol` has TLS.
    pub tls: TlsConfig,
    /// `sasl.*`: read where `security_protocol` has SASL.
    pub sasl: SaslConfig,
    /// `request.timeout.ms`: an answer later than this means that the connection is dead.
    pub request_timeout: Duration,
    /// `default.api.timeout.ms`: a call with all its retries takes no longer.
    pub default_api_timeout: Duration,
    /// `retry.backoff.ms`: the wait before the first retry; it doubles with each.
    pub retry_backoff: Duration,
    /// `retry.backoff.max.ms`: where the doubling ends.
    pub retry_backoff_max: Duration,
    /// `reconnect.backoff.ms`: the wait before a broker that refused is dialled again.
    pub reconnect_backoff: Duration,
    /// `reconnect.backoff.max.ms`: where the doubling ends.
    pub reconnect_backoff_max: Duration,
    /// `socket.connection.setup.timeout.ms`: how long one address may take to answer a dial.
    pub connection_setup_timeout: Duration,
    /// `socket.connection.setup.timeout.max.ms`: where the doubling after failures ends.
    pub connection_setup_timeout_max: Duration,
    /// `connections.max.idle.ms`: an unused connection is closed after this; `None` keeps it.
    pub connections_max_idle: Option<Duration>,
    /// `metadata.max.age.ms`: the maximum age of cached metadata before it is refreshed.
    pub metadata_max_age: Duration,
    /// `metadata.recovery.strategy`: what to do when no known broker answers.
    pub metadata_recovery: MetadataRecovery,
    /// `metadata.recovery.rebootstrap.trigger.ms`: how long no known broker may answer before that.
    pub metadata_rebootstrap_trigger: Duration,
    /// `topic.metadata.propagation.max.ms`, which librdkafka has and Java does not: how long a topic is looked for that
    /// brokers say they do not know, since a new one is not known to all of them at once. A mistyped name costs as
    /// much; Java's producer would wait for all of `max.block.ms`, its consumer for `default.api.timeout.ms`.
    pub topic_metadata_propagation_max: Duration,
    /// `metrics.num.samples`: over so many windows a producer's averages and rates are taken.
    pub metrics_num_samples: u32,
    /// `metrics.sample.window.ms`: how long one of those windows is.
    pub metrics_sample_window: Duration,
    /// `send.buffer.bytes`: `None` lets the kernel tune it, which a number switches off.
    pub send_buffer_bytes: Option<u32>,
    /// `receive.buffer.bytes`: `None` lets the kernel tune it, which a number switches off.
    pub receive_buffer_bytes: Option<u32>,
    /// The largest answer believed; a longer length closes the connection.
    pub response_bytes_max: usize,

    /// `acks`: how many replicas must hold a record before it counts as written.
    pub acks: Acks,
    /// Whether a topic that a producer writes to is created when it is missing, where brokers do so: Java's
    /// producer always asks for it. Consumers and admins never do, whatever this says.
    pub allow_auto_create_topics: bool,
    /// `batch.size`: a partition's batch leaves when it is this full. Memory is taken per partition.
    pub batch_size: usize,
    /// `buffer.memory`: what waits to be sent may take this much; then `send` waits.
    pub buffer_memory: usize,
    /// `compression.type`.
    pub compression: Compression,
    /// `compression.gzip.level`: `None` is the codec's own.
    pub compression_gzip_level: Option<i32>,
    /// `compression.zstd.level`.
    pub compression_zstd_level: i32,
    /// `delivery.timeout.ms`: a record is acknowledged or failed within this, retries included.
    pub delivery_timeout: Duration,
    /// `enable.idempotence`: retries never write twice. Needs `acks=all`.
    pub enable_idempotence: bool,
    /// `linger.ms`: how long a batch may wait to be filled. Latency for throughput.
    pub linger: Duration,
    /// `max.block.ms`: how long `send` may wait for metadata or for memory.
    pub max_block: Duration,
    /// `max.in.flight.requests.per.connection`.
    pub max_in_flight: usize,
    /// `max.request.size`: no record and no request is larger.
    pub max_request_size: usize,
    /// `metadata.max.idle.ms`: a topic that a producer did not write to for this long is no longer asked
    /// for, until it does again.
    pub metadata_max_idle: Duration,
    /// `partitioner.adaptive.partitioning.enable`: fewer keyless records to partitions with long queues.
    pub partitioner_adaptive: bool,
    /// `partitioner.availability.timeout.ms`: a broker that takes nothing for this long gets no keyless
    /// records until it does; zero never leaves one out. Without adaptive partitioning it means nothing.
    pub partitioner_availability_timeout: Duration,
    /// `partitioner.class`.
    pub partitioner_class: PartitionerClass,
    /// `partitioner.ignore.keys`: spread records as if they had no key.
    pub partitioner_ignore_keys: bool,
    /// `partitioner.rack.aware`: keyless records go to leaders in `client_rack`, while there are any.
    pub partitioner_rack_aware: bool,
    /// `retries`.
    pub retries: u32,
    /// `transaction.timeout.ms`: the coordinator aborts a transaction that is open for longer; a broker
    /// refuses more than its own `transaction.max.timeout.ms`.
    pub transaction_timeout: Duration,
    /// `transactional.id`: the name under which a producer writes in transactions; `None` has none.
    pub transactional_id: Option<String>,

    /// `auto.offset.reset`: where to read when the offset asked for is gone.
    pub auto_offset_reset: OffsetReset,
    /// `check.crcs`: 20 GB/s; switch it off only with a reason.
    pub check_crcs: bool,
    /// `fetch.max.bytes`: what all fetched answers of a consumer hold together as they came, save that the first
    /// batch of an answer may be larger.
    pub fetch_max_bytes: u32,
    /// `fetch.max.decompressed.bytes`, which Java does not have, 64 MiB: the records of one poll take no more, whatever the
    /// partitions, and what comes after them stays compressed until the next poll. As much again may be prepared
    /// meanwhile, so a consumer holds at most twice this. A single batch that exceeds it is an error.
    pub fetch_max_decompressed_bytes: usize,
    /// `fetch.max.wait.ms`: how long a broker may hold a fetch that finds too little.
    pub fetch_max_wait: Duration,
    /// `fetch.min.bytes`: what a broker waits for before it answers.
    pub fetch_min_bytes: u32,
    /// `max.partition.fetch.bytes`: the share of one partition; a larger first batch is still read.
    pub max_partition_fetch_bytes: u32,
    /// `group.id`: the consumer group. A [`Member`](crate::Member) shares its partitions; `Consumer::commit` and
    /// `committed` are told their group, as a consumer without members may keep offsets for several.
    pub group_id: Option<String>,
    /// `group.instance.id`: the name of a static member, which may be away for `session.timeout.ms` without losing its
    /// partitions (KIP-345).
    pub group_instance_id: Option<String>,
    /// `group.protocol`: who assigns partitions, the broker or a member.
    pub group_protocol: GroupProtocol,
    /// `group.remote.assignor`: which of the broker's assignors a member would like, `uniform` or `range`; `None` leaves
    /// it to the broker. Only for `group.protocol=consumer`.
    pub group_remote_assignor: Option<String>,
    /// `enable.auto.commit`: whether a [`GroupConsumer`](crate::GroupConsumer) commits by itself what its caller has taken.
    /// False unless it is asked for, where Java's consumer commits. Nobody else has a use for it.
    pub enable_auto_commit: bool,
    /// `auto.commit.interval.ms`: how often it does so.
    pub auto_commit_interval: Duration,
    /// `heartbeat.interval.ms`: how often a member of the classic protocol says that it lives; the broker says it where
    /// `group.protocol` is `consumer`.
    pub heartbeat_interval: Duration,
    /// `max.poll.interval.ms`: a member that is asked for nothing for this long leaves its group; it is also how long a
    /// member may take to let partitions go.
    pub max_poll_interval: Duration,
    /// `partition.assignment.strategy`: how members of the classic protocol may share partitions, the one that this one
    /// likes best first.
    pub partition_assignment_strategy: Vec<Assignor>,
    /// `session.timeout.ms`: without a heartbeat for this long a member of the classic protocol is out.
    pub session_timeout: Duration,
    /// `isolation.level`.
    pub isolation_level: IsolationLevel,
}

impl Config {
    /// Java's defaults for all but the addresses of the cluster, of which one that answers is enough.
    pub fn new(bootstrap_servers: impl IntoIterator<Item = Address>) -> Self {
        Self { bootstrap_servers: bootstrap_servers.into_iter().collect(), ..Self::default() }
    }

    /// The same with some fields set: `config.with(|it| it.linger = Duration::ZERO)`.
    #[must_use]
    pub fn with(mut self, set: impl FnOnce(&mut Self)) -> Self {
        set(&mut self);
        self
    }

    /// Java's defaults for this kind of client.
    pub fn for_role(role: Role) -> Self {
        let idle = if role == Role::Admin { 300_000 } else { 540_000 };
        Self { connections_max_idle: Some(ms(idle)), ..Self::default() }
    }

    /// How far back metrics look.
    pub(crate) fn windows(&self) -> Windows {
        let samples = usize::try_from(self.metrics_num_samples).unwrap_or(usize::MAX);
        Windows { samples, window: self.metrics_sample_window }
    }

    /// The compression with its level.
    pub fn codec(&self) -> Codec {
        let level = match self.compression {
            Compression::Gzip => self.compression_gzip_level,
            Compression::Zstd => Some(self.compression_zstd_level),
            _ => None,
        };
        Codec { compression: self.compression, level }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            bootstrap_servers: Vec::new(),
            bootstrap_timeout: ms(10_000),
            client_id: String::new(),
            client_rack: None,
            security_protocol: SecurityProtocol::Plaintext,
            tls: TlsConfig::default(),
            sasl: SaslConfig::default(),
            request_timeout: ms(30_000),
            default_api_timeout: ms(60_000),
            retry_backoff: ms(100),
            retry_backoff_max: ms(1_000),
            reconnect_backoff: ms(50),
            reconnect_backoff_max: ms(1_000),
            connection_setup_timeout: ms(10_000),
            connection_setup_timeout_max: ms(30_000),
            connections_max_idle: Some(ms(540_000)),
            metadata_max_age: ms(300_000),
            metadata_recovery: MetadataRecovery::Rebootstrap,
            metadata_rebootstrap_trigger: ms(300_000),
            topic_metadata_propagation_max: ms(5_000),
            metrics_num_samples: 2,
            metrics_sample_window: ms(30_000),
            send_buffer_bytes: None,
            receive_buffer_bytes: None,
            response_bytes_max: 256 << 20,
            acks: Acks::All,
            allow_auto_create_topics: true,
            batch_size: 16_384,
            buffer_memory: 32 << 20,
            compression: Compression::None,
            compression_gzip_level: None,
            compression_zstd_level: 3,
            delivery_timeout: ms(120_000),
            enable_idempotence: true,
            linger: ms(5),
            max_block: ms(60_000),
            max_in_flight: 5,
            max_request_size: 1 << 20,
            metadata_max_idle: ms(300_000),
            partitioner_adaptive: true,
            partitioner_availability_timeout: ms(0),
            partitioner_class: PartitionerClass::BuiltIn,
            partitioner_ignore_keys: false,
            partitioner_rack_aware: false,
            retries: i32::MAX.unsigned_abs(),
            transaction_timeout: ms(60_000),
            transactional_id: None,
            auto_offset_reset: OffsetReset::Latest,
            check_crcs: true,
            fetch_max_bytes: 50 << 20,
            fetch_max_decompressed_bytes: DECOMPRESSED_BYTES_MAX,
            fetch_max_wait: ms(500),
            fetch_min_bytes: 1,
            max_partition_fetch_bytes: 1 << 20,
            group_id: None,
            group_instance_id: None,
            group_protocol: GroupProtocol::Classic,
            group_remote_assignor: None,
            enable_auto_commit: false,
            auto_commit_interval: ms(5_000),
            heartbeat_interval: ms(3_000),
            max_poll_interval: ms(300_000),
            partition_assignment_strategy: vec![Assignor::Range, Assignor::CooperativeSticky],
            session_timeout: ms(45_000),
            isolation_level: IsolationLevel::ReadUncommitted,
        }
    }
}

/// Which of Java's clients the properties are meant for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Role {
    /// Keys of `ProducerConfig`.
    Producer,
    /// Keys of `ConsumerConfig`.
    Consumer,
    /// Keys of `AdminClientConfig`.
    Admin,
    /// Keys of all three.
    Any,
}

/// What chooses partitions for records that name none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PartitionerClass {
    /// By the key; without one, sticky.
    BuiltIn,
    /// Each record to the next partition, whatever its key: see [`crate::RoundRobinPartitioner`].
    RoundRobin,
}

/// What to do when no known broker answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MetadataRecovery {
    /// Begin again at `bootstrap.servers`.
    Rebootstrap,
    /// Keep trying those known.
    None,
}

/// How many replicas must hold a record before it counts as written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Acks {
    /// All that are in sync.
    All,
    /// The leader.
    Leader,
    /// None: there is no answer, and nothing is known.
    None,
}

/// Where to read when the offset asked for is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OffsetReset {
    /// At the first record kept.
    Earliest,
    /// At the end.
    Latest,
    /// Nowhere: an error.
    None,
    /// At the first record not older than this.
    ByDuration(Duration),
}

/// Who assigns partitions to the members of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum GroupProtocol {
    /// One of the members, by an [`Assignor`].
    Classic,
    /// The broker (KIP-848); from Kafka 4.0 on.
    Consumer,
}

/// Whether records of open and aborted transactions are seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum IsolationLevel {
    /// They are.
    ReadUncommitted,
    /// They are not.
    ReadCommitted,
}

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

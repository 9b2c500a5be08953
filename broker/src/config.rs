//! The settings of a broker, with what each costs.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

mod acl;
mod delegation_tokens;
mod listener;
mod oauth;
mod principal_mapping;
mod sasl;
mod tls;

pub(crate) use acl::{ANY, CLUSTER_NAME};
pub use acl::{Acl, AclOperation, AclResource, AuthorizerConfig};
pub use delegation_tokens::DelegationTokenConfig;
pub use listener::{ListenerConfig, SecurityProtocol};
pub use oauth::{OauthConfig, TokenKey};
pub use principal_mapping::PrincipalMapping;
pub use sasl::{SaslConfig, SaslMechanism};
pub use tls::{ClientAuth, TlsConfig, TlsVersions};

const HOUR: Duration = Duration::from_secs(3600);

/// Settings of a broker, Kafka's defaults except where said.
///
/// ```
/// use upsert_kafka_broker::BrokerConfig;
///
/// let config = BrokerConfig::default().with_nodes(3).with_auto_create_topics(false);
/// assert_eq!(config.nodes, 3);
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct BrokerConfig {
    /// Where the first node listens, the others on the ports that follow; port 0 takes a free one for each.
    /// Loopback by default.
    pub listen: SocketAddr,
    /// How many nodes there are, numbered from 1. They share one state, so what one of them knew is never
    /// lost; but each partition has one leader among them, and each group and transaction one coordinator.
    pub nodes: i32,
    /// The host that metadata tells clients; empty takes the listening address, or loopback when that
    /// is unspecified.
    pub advertised_host: String,
    /// The port of the first node that metadata tells clients, the others' follow; 0 takes the listening
    /// ones.
    pub advertised_port: u16,
    /// The rack of each node, from the first on: `broker.rack`. Nodes beyond have none.
    pub racks: Vec<String>,
    /// Which node a consumer is to read from: `replica.selector.class` (KIP-392).
    pub replica_selector: ReplicaSelector,
    /// The listeners of every node, the first of which is meant where none is named. With none there is one of PLAINTEXT,
    /// which the four fields above describe; with any, these are not read but for [`nodes`](Self#structfield.nodes).
    pub listeners: Vec<ListenerConfig>,
    /// What listeners of TLS show and ask for that have no settings of their own.
    pub tls: TlsConfig,
    /// Who may log in to listeners of SASL, and how.
    pub sasl: SaslConfig,
    /// Who may do what; `None` lets everyone do everything, as a Kafka without authorizer.
    pub authorizer: Option<AuthorizerConfig>,
    /// The name of the cluster.
    pub cluster_id: String,
    /// Whether metadata makes a topic that is asked for and missing.
    pub auto_create_topics: bool,
    /// The partitions of a topic that is made without saying how many.
    pub default_partitions: i32,
    /// A longer request closes the connection: `socket.request.max.bytes`.
    pub frame_bytes_max: usize,
    /// The most that the requests which are being read or worked on take together: `queued.max.request.bytes`. Half
    /// of it is for those above 2 MiB, of which one at least is always read; those of 64 KiB and less do not count, so
    /// that a client of ordinary requests never waits for others' large ones.
    pub queued_request_bytes_max: usize,
    /// The most that one batch of records may decompress to, of which one is in memory for each processor but one. A
    /// larger one is `MESSAGE_TOO_LARGE`; Kafka has no such bound.
    pub decompressed_batch_bytes_max: usize,
    /// The most that all batches of one request may decompress to, one after the other.
    pub decompressed_request_bytes_max: usize,
    /// The most connections at a time, of all nodes: `max.connections`. One more is closed at once. Each costs a task,
    /// a file descriptor, and up to 64 KiB of a request that does not count elsewhere.
    pub connections_max: usize,
    /// A connection on which nothing happens for so long is closed: `connections.max.idle.ms`.
    pub connections_idle_max: Duration,
    /// The most topics. One more is refused with `POLICY_VIOLATION`.
    pub topics_max: usize,
    /// The most partitions of all topics together, which bounds what Metadata answers: a kilobyte of memory for each
    /// while it is written, and a third of that for as long as it is there. One more is refused with
    /// `POLICY_VIOLATION`.
    pub partitions_max: usize,
    /// A longer note beside a committed offset is refused.
    pub offset_metadata_bytes_max: usize,
    /// How transactions go: 0 and 1 the classic way, 2 that of KIP-890. Clients are told as the finalized
    /// feature `transaction.version`, and choose by it.
    pub transaction_version: i16,
    /// A producer that wants a longer transaction timeout is refused: `transaction.max.timeout.ms`.
    pub transaction_timeout_ms_max: i32,
    /// How long the end of a transaction takes: so much later its markers are written. Zero, where Kafka
    /// takes a round trip between brokers; more lets clients meet `CONCURRENT_TRANSACTIONS`.
    pub marker_delay: Duration,
    /// A transactional id that was not used for so long is forgotten: `transactional.id.expiration.ms`.
    pub transactional_id_expiration: Duration,
    /// A partition forgets a producer that did not write to it for so long: `producer.id.expiration.ms`.
    pub producer_id_expiration: Duration,
    /// How long the first member of an empty group waits for others: `group.initial.rebalance.delay.ms`. Zero,
    /// where Kafka waits 3 seconds.
    pub group_initial_rebalance_delay: Duration,
    /// A member that wants a shorter session timeout is refused: `group.min.session.timeout.ms`.
    pub session_timeout_min: Duration,
    /// A member that wants a longer session timeout is refused: `group.max.session.timeout.ms`.
    pub session_timeout_max: Duration,
    /// Whether there are consumer groups of KIP-848: 1, or 0 for classic groups alone. Clients are told as the finalized
    /// feature `group.version`.
    pub group_version: i16,
    /// A member of a consumer group that was not heard of for so long is out: `group.consumer.session.timeout.ms`.
    pub consumer_session_timeout: Duration,
    /// How often members of consumer groups are to be heard of: `group.consumer.heartbeat.interval.ms`. What changes in a
    /// group reaches its members with their heartbeats.
    pub consumer_heartbeat_interval: Duration,
    /// How long an assignment of a consumer group holds at least: `group.consumer.assignment.interval.ms`. Zero, where
    /// Kafka waits a second.
    pub consumer_assignment_interval: Duration,
    /// The most members of a consumer group: `group.consumer.max.size`. Kafka sets no bound unless it is told to.
    pub consumer_group_size_max: usize,
    /// The most fetch sessions of each node: `max.incremental.fetch.session.cache.slots`. A reader beyond them tells all
    /// its partitions in every Fetch. A session takes some 200 bytes for each partition.
    pub max_incremental_fetch_session_cache_slots: usize,
    /// How often records that the topics' retention lets go are deleted: `log.retention.check.interval.ms`. Zero is
    /// never, and [`Broker::clean`](crate::Broker::clean) does it.
    pub retention_check_interval: Duration,
    /// How often to look for something to compact: `log.cleaner.backoff.ms`. Zero as above. A log is compacted in turns
    /// of one batch at least, or 4 MiB decompressed, and between them requests are answered; all that is left of it is
    /// in memory twice in the end, and the keys are once more.
    pub cleaner_backoff: Duration,
    /// From which topic ids and member ids are made. 0 lets the shell choose, so that two brokers differ.
    pub seed: u64,
}

/// Which node a consumer is to read a partition from (KIP-392).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReplicaSelector {
    /// The leader: Kafka's default. No other node serves consumers.
    #[default]
    Leader,
    /// A node in the consumer's own rack, where there is one: `RackAwareReplicaSelector`. Every node that lives serves
    /// consumers, and since all share one state, none is behind the leader.
    RackAware,
}

impl Default for BrokerConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            nodes: 1,
            advertised_host: String::new(),
            advertised_port: 0,
            racks: Vec::new(),
            replica_selector: ReplicaSelector::Leader,
            listeners: Vec::new(),
            tls: TlsConfig::default(),
            sasl: SaslConfig::default(),
            authorizer: None,
            cluster_id: "upsert-kafka-embedded0".to_owned(),
            auto_create_topics: true,
            default_partitions: 1,
            frame_bytes_max: 100 << 20,
            queued_request_bytes_max: 256 << 20,
            decompressed_batch_bytes_max: 64 << 20,
            decompressed_request_bytes_max: 256 << 20,
            connections_max: 1_000,
            connections_idle_max: Duration::from_secs(600),
            topics_max: 10_000,
            partitions_max: 20_000,
            offset_metadata_bytes_max: 4096,
            transaction_version: 2,
            transaction_timeout_ms_max: 15 * 60 * 1000,
            marker_delay: Duration::ZERO,
            transactional_id_expiration: 7 * 24 * HOUR,
            producer_id_expiration: 24 * HOUR,
            group_initial_rebalance_delay: Duration::ZERO,
            session_timeout_min: Duration::from_secs(6),
            session_timeout_max: Duration::from_secs(30 * 60),
            group_version: 1,
            consumer_session_timeout: Duration::from_secs(45),
            consumer_heartbeat_interval: Duration::from_secs(5),
            consumer_assignment_interval: Duration::ZERO,
            consumer_group_size_max: 1_000,
            max_incremental_fetch_session_cache_slots: 1_000,
            retention_check_interval: Duration::from_secs(5 * 60),
            cleaner_backoff: Duration::from_secs(15),
            seed: 0,
        }
    }
}

impl BrokerConfig {
    /// Has one listener more.
    #[must_use]
    pub fn with_listener(mut self, listener: ListenerConfig) -> Self {
        self.listeners.push(listener);
        self
    }

    /// The listeners that there will be.
    pub(crate) fn all_listeners(&self) -> Vec<ListenerConfig> {
        match self.listeners.is_empty() {
            false => self.listeners.clone(),
            true => vec![
                ListenerConfig::new(SecurityProtocol::Plaintext, self.listen)
                    .with_advertised_host(&*self.advertised_host)
                    .with_advertised_port(self.advertised_port),
            ],
        }
    }
}

/// Declares a setter for each field.
macro_rules! setters {
    ($($setter:ident($field:ident: $type:ty))*) => {
        impl BrokerConfig {
            $(
                #[doc = concat!("Sets [`", stringify!($field), "`](Self#structfield.", stringify!($field), ").")]
                #[must_use]
                pub fn $setter(mut self, $field: $type) -> Self {
                    self.$field = $field.into();
                    self
                }
            )*
        }
    };
}

setters! {
    with_listen(listen: impl Into<SocketAddr>)
    with_nodes(nodes: i32)
    with_advertised_host(advertised_host: impl Into<String>)
    with_advertised_port(advertised_port: u16)
    with_racks(racks: impl Into<Vec<String>>)
    with_replica_selector(replica_selector: ReplicaSelector)
    with_tls(tls: TlsConfig)
    with_sasl(sasl: SaslConfig)
    with_authorizer(authorizer: AuthorizerConfig)
    with_cluster_id(cluster_id: impl Into<String>)
    with_auto_create_topics(auto_create_topics: bool)
    with_default_partitions(default_partitions: i32)
    with_frame_bytes_max(frame_bytes_max: usize)
    with_queued_request_bytes_max(queued_request_bytes_max: usize)
    with_decompressed_batch_bytes_max(decompressed_batch_bytes_max: usize)
    with_decompressed_request_bytes_max(decompressed_request_bytes_max: usize)
    with_connections_max(connections_max: usize)
    with_connections_idle_max(connections_idle_max: Duration)
    with_topics_max(topics_max: usize)
    with_partitions_max(partitions_max: usize)
    with_offset_metadata_bytes_max(offset_metadata_bytes_max: usize)
    with_transaction_version(transaction_version: i16)
    with_transaction_timeout_ms_max(transaction_timeout_ms_max: i32)
    with_marker_delay(marker_delay: Duration)
    with_transactional_id_expiration(transactional_id_expiration: Duration)
    with_producer_id_expiration(producer_id_expiration: Duration)
    with_group_initial_rebalance_delay(group_initial_rebalance_delay: Duration)
    with_session_timeout_min(session_timeout_min: Duration)
    with_session_timeout_max(session_timeout_max: Duration)
    with_group_version(group_version: i16)
    with_consumer_session_timeout(consumer_session_timeout: Duration)
    with_consumer_heartbeat_interval(consumer_heartbeat_interval: Duration)
    with_consumer_assignment_interval(consumer_assignment_interval: Duration)
    with_consumer_group_size_max(consumer_group_size_max: usize)
    with_max_incremental_fetch_session_cache_slots(max_incremental_fetch_session_cache_slots: usize)
    with_retention_check_interval(retention_check_interval: Duration)
    with_cleaner_backoff(cleaner_backoff: Duration)
    with_seed(seed: u64)
}

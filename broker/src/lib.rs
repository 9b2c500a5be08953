//! An embedded Kafka broker, in memory, for tests and first steps: a cluster in the process, no JVM, no container.
//!
//! ```
//! use upsert_kafka_broker::{Action, Broker, BrokerConfig, Fault};
//! use upsert_kafka_protocol::ApiKey;
//!
//! # let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
//! # runtime.block_on(async {
//! // Three nodes, each on a free port of the loopback interface.
//! let broker = Broker::start(BrokerConfig::default().with_nodes(3)).await.unwrap();
//! println!("bootstrap.servers={}", broker.address());
//!
//! // The second Produce is done, and its answer is lost.
//! let lost = broker.fault(Fault::new(ApiKey::PRODUCE, Action::LoseAnswer).skip(1)).await;
//!
//! // … a client of any kind produces …
//!
//! // Others lead and coordinate while a node is down.
//! broker.stop_node(1).await.unwrap();
//! broker.start_node(1).await.unwrap();
//!
//! assert_eq!(lost.fired(), 0);
//! broker.stop().await;
//! # });
//! ```
//!
//! Clients connect by TCP as to any Kafka: librdkafka, Java's, franz-go, kafkajs, sarama and others are run against it.
//! The binary `upsert-kafka broker --listen 127.0.0.1:9092` is the same broker as a program.
//!
//! # Listeners with security
//!
//! A node has any number of listeners, each of its security protocol; clients are told the addresses of the one they came
//! by. Where no certificate is given one is made, for localhost, 127.0.0.1 and ::1, by an authority that clients can trust:
//!
//! ```
//! # #[cfg(feature = "tls")] {
//! use upsert_kafka_broker::certificates::Subject;
//! use upsert_kafka_broker::{
//!     Acl, AuthorizerConfig, Broker, BrokerConfig, ClientAuth, ListenerConfig, SaslConfig, SecurityProtocol, TlsConfig,
//! };
//!
//! # let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
//! # runtime.block_on(async {
//! let anywhere = ([127, 0, 0, 1], 0);
//! let mtls = TlsConfig::default().with_client_auth(ClientAuth::Required);
//! let config = BrokerConfig::default()
//!     .with_listener(ListenerConfig::new(SecurityProtocol::SaslSsl, anywhere))
//!     .with_listener(ListenerConfig::new(SecurityProtocol::Ssl, anywhere).with_name("MTLS").with_tls(mtls))
//!     .with_sasl(SaslConfig::default().with_user("alice", "alice-secret"))
//!     .with_authorizer(
//!         AuthorizerConfig::default()
//!             .with_super_user("User:CN=admin")
//!             .with_acls(Acl::parse("allow User:alice read,write topic orders-*").unwrap()),
//!     );
//! let broker = Broker::start(config).await.unwrap();
//!
//! println!("ssl.truststore.certificates={}", broker.ca_pem().unwrap());
//! println!("bootstrap.servers={}", broker.addresses_of("SASL_SSL")[0]);
//! // And for the other listener a certificate of the admin's.
//! let admin = broker.authority().unwrap().issue(&Subject::client("admin")).unwrap();
//! println!("ssl.keystore.certificate.chain={}", admin.chain_pem());
//! broker.stop().await;
//! # });
//! # }
//! ```
//!
//! [`certificates`] also makes what is wrong in a way of your choice: expired, for another name, revoked, by nobody.
//!
//! # In paused time
//!
//! An [`Environment`] hands in sockets or none, the clock and the source of chance. With pipes instead of sockets and
//! tokio's paused clock, hours of timeouts pass in an instant, and every run is the same:
//!
//! ```
//! use std::time::Duration;
//! use upsert_kafka_broker::{Broker, BrokerConfig, Clock, Environment};
//!
//! # let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
//! # runtime.block_on(async {
//! let environment = Environment::new()
//!     .without_sockets()
//!     .with_clock(Clock::of_runtime(1_767_225_600_000)) // now it is 2026
//!     .with_seed(7);
//! let broker = Broker::start_in(BrokerConfig::default(), environment).await.unwrap();
//!
//! // Give this to a client's dialer: it opens a pipe to the node that Metadata tells under that name.
//! let connector = broker.connector();
//! let pipe = connector.connect("127.0.0.1", 9092).await.unwrap();
//!
//! tokio::time::sleep(Duration::from_secs(3_600)).await; // retention, sessions and transactions see an hour go by
//! # drop(pipe);
//! broker.stop().await;
//! # });
//! ```
//!
//! One floor below, [`Cluster`] is the whole broker without tasks, sockets and clock: frames in, answers out, time is an
//! argument. A simulation drives it as [`Broker`] does.
//!
//! # What it does
//!
//! | | |
//! |---|---|
//! | records | all codecs; what is produced is checked as by Kafka 4.4; reads by offset and by time; idempotent producers |
//! | transactions | both the classic ones and those of KIP-890 ([`transaction_version`](BrokerConfig::transaction_version)), `read_committed`, offsets within a transaction |
//! | groups | classic groups and consumer groups of KIP-848 ([`group_version`](BrokerConfig::group_version)) with the assignors `uniform` and `range` and patterns of topics, static members, committed offsets |
//! | administration | topics are made, grow and go; configs change and have their effect; records are deleted; groups and transactions are described |
//! | retention, compaction | by the clock as in Kafka, segment by segment; or thoroughly when a test says so ([`Broker::clean`]) |
//! | several nodes | each with a port of its own; a test moves leaders, stops nodes and starts them again |
//! | security | listeners of PLAINTEXT, SSL, SASL_PLAINTEXT and SASL_SSL side by side; TLS 1.2 and 1.3, certificates given or made, clients' own (mTLS) with revocation lists and rules that name their owners ([`PrincipalMapping`]); PLAIN, SCRAM-SHA-256 and -512 ([`Broker::set_user`] and `AlterUserScramCredentials` change who is let in), OAUTHBEARER unsecured or by a key, AWS_MSK_IAM and its tokens by Amazon's keys that it was given; logging in again (KIP-368); ACLs |
//! | faults | close, lose the answer, delay, answer an error, refuse a partition: by API, client and count ([`Fault`]) |
//!
//! Every API and version that ApiVersions advertises is answered, and requests are read as leniently as Kafka reads
//! them. A file per API in `src/api` opens with what it does and where that differs from Kafka.
//!
//! # Guarantees
//!
//! - **Order.** Requests of one connection are answered in the order they were sent. Whatever has arrived is served, also
//!   when the client has closed its side since: records of acks=0 before a close are in the log.
//! - **One state.** All nodes share one state, so an acknowledged record is readable at once and nothing is lost when a
//!   node stops. But each partition has one leader among the nodes, each group and transaction one coordinator, and the
//!   other nodes refuse as Kafka's do.
//! - **What a restart forgets.** A partition that nobody leads meanwhile remembers only the last batch of each producer,
//!   as a real broker after kill -9.
//! - **Bounds.** Topics, partitions, connections, frames, the memory of requests and what batches decompress to are
//!   bounded, each by a field of [`BrokerConfig`] whose doc says the cost. What logs hold is bounded by retention alone.
//! - **Stopping.** When [`Broker::stop`] or [`Broker::stop_node`] returns, the connections have closed and the ports
//!   refuse. Dropping the handle stops everything, without waiting.
//! - **Who is not known may nothing.** Only a connection that needs no login, or has finished one, has a principal: it is a
//!   state of its own in the code. Before that a connection may ask ApiVersions once and log in, in frames of at most
//!   512 KiB; a login that fails is answered after 100 ms, then the connection closes.
//! - **Secrets stay out of sight.** Passwords and keys are a [`Secret`], which no log, error or `Debug` shows.
//! - No `unsafe`, no C. A client's bytes make the broker neither panic nor take memory out of proportion.
//!
//! # What it is not
//!
//! - It keeps nothing: what is not in memory is nowhere.
//! - There is no replication, and so no waiting for it: every node holds every partition, acks=all is acks=1.
//! - Things that take a real cluster time take none unless they are told to: markers
//!   ([`marker_delay`](BrokerConfig::marker_delay)), the first rebalance
//!   ([`group_initial_rebalance_delay`](BrokerConfig::group_initial_rebalance_delay)), a new assignment
//!   ([`consumer_assignment_interval`](BrokerConfig::consumer_assignment_interval)).
//! - Members of the classic protocol and of KIP-848 do not share a group, as where Kafka's
//!   `group.consumer.migration.policy` is disabled; a group without members takes either.
//! - Share and streams groups, GSSAPI, quotas and tiered storage are not served. Their APIs are advertised, as in every Kafka 4.4, and answer as one where those features are
//!   switched off.
//! - Fetch sessions end with the node that keeps them. There are no followers that would take precedence.
//!
//! # Coming from
//!
//! | from | there | here |
//! |---|---|---|
//! | testcontainers (Kafka, Redpanda) | `Kafka::default().start()`, wait for the log line, map the port | [`Broker::start`]; it listens when this returns |
//! | | `KAFKA_…` environment variables | a field of [`BrokerConfig`]; topic configs by any admin client |
//! | | restart the container, toxiproxy | [`Broker::stop_node`], [`Broker::start_node`], [`Broker::fault`] |
//! | Redpanda or Kafka in Docker, by hand | `docker run -p 9092:9092 …` | `upsert-kafka broker --listen 127.0.0.1:9092` |
//! | | `auto_create_topics_enabled`, `default_topic_partitions` | [`auto_create_topics`](BrokerConfig::auto_create_topics), [`default_partitions`](BrokerConfig::default_partitions) |
//! | kafka-junit | `EmbeddedKafkaCluster.provisionWith(…)`, `getBrokerList()` | [`Broker::start`], [`Broker::addresses`] |
//! | | `disconnect(brokerIds)`, `connect(brokerIds)` | [`Broker::stop_node`], [`Broker::start_node`] |
//! | tansu | `--storage-engine=memory://…` | [`Broker::start`]; there is no other storage |
//! | librdkafka's mock cluster | `MockCluster::new(3)`, `bootstrap_servers()` | [`with_nodes(3)`](BrokerConfig::with_nodes), [`Broker::addresses`] |
//! | | `request_errors(api, &[…])` | [`Action::Answer`], [`Action::AnswerAfterWork`] |
//! | | `broker_down(id)`, `broker_round_trip_time(…)`, `partition_leader(…)` | [`Broker::stop_node`], [`Action::Delay`], [`Broker::move_leader`] |
//! | Sarama's `MockBroker` | a handler per request that says the answer | real answers; [`Fault`] where one shall be wrong |
//!
//! # Features and versions
//!
//! | feature | default | |
//! |---|---|---|
//! | `tls` | yes | listeners of SSL and SASL_SSL, [`certificates`], keys of RS256 and ES256 for tokens: rustls with graviola, and rcgen, which compile no C. It is built for every processor, and wants one with AVX2 and ADX, or an aarch64 with AES; elsewhere such a listener is refused |
//!
//! The minimum supported Rust version is the `rust-version` of its manifest; raising it is not
//! a breaking change.

mod api;
mod broker;
mod broker_task;
#[cfg(feature = "tls")]
pub mod certificates;
mod cluster;
mod config;
mod connector;
mod environment;
mod fault;
mod frames;
mod incoming;
mod limits;
mod listener;
mod now;
mod peer;
mod purgatory;
mod request_memory;
mod sasl;
mod scram_credential;
mod secret;
mod security;
mod state;
mod transport;
mod wait;
mod work;
mod worker;

pub use broker::{Broker, FaultHandle};
pub use cluster::{Answer, Cluster, Stats};
pub use config::{
    Acl, AclOperation, AclResource, AuthorizerConfig, BrokerConfig, ClientAuth, DelegationTokenConfig,
    ListenerConfig, OauthConfig, PrincipalMapping, ReplicaSelector, SaslConfig, SaslMechanism,
    SecurityProtocol, TlsConfig, TlsVersions, TokenKey,
};
pub use connector::Connector;
pub use environment::{Clock, Environment, Time};
pub use fault::{Action, Fault, FaultId};
pub use now::Now;
pub use secret::Secret;
pub use state::sessions::Connection;
pub use transport::Transport;
pub use wait::PeerId;
pub use work::Work;

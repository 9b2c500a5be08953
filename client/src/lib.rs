//! A Kafka client: producer, consumer, admin. No librdkafka, no C, no `unsafe`; tokio carries it.
//!
//! A [`Client`] knows one cluster. It opens [`Producer`]s, [`Consumer`]s and [`Admin`]s, which share its connections and
//! what it knows of topics and leaders. It is told what to do by Java's properties, or by the fields of [`Config`].
//!
//! # A first program
//!
//! Against a broker in the process, so that it runs anywhere; a cluster of yours is another address.
//!
//! ```
//! use upsert_kafka_broker::Broker;
//! use upsert_kafka_client::{Assignment, Client, Config, NewTopic, Position, Record, Role};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let broker = Broker::start(Default::default()).await?;
//! let bootstrap = broker.address().to_string();
//! let properties = [("bootstrap.servers", bootstrap.as_str()), ("compression.type", "lz4")];
//! let (config, notices) = Config::from_properties(properties, Role::Any)?;
//! assert!(notices.is_empty()); // else: keys that are unknown or have no effect, a sentence each
//! let client = Client::open(config).await?;
//!
//! for created in client.admin().create_topics(&[NewTopic::new("orders").partitions(1)]).await? {
//!     created?;
//! }
//!
//! let producer = client.producer();
//! let orders = producer.topic("orders").await?; // looked up once; records refer to it
//! let delivery = producer.send(Record::new(&orders).key(b"o-1").value(b"paid")).await?; // in the buffer
//! let receipt = delivery.await?; // in the log, held by every in-sync replica
//! assert_eq!((receipt.partition, receipt.offset), (0, 0));
//!
//! let mut consumer = client.consumer();
//! consumer.assign(vec![Assignment::new("orders", 0, Position::Earliest)]);
//! let fetched = consumer.poll().await?;
//! for record in &fetched {
//!     let record = record?; // borrows from the fetched bytes
//!     assert_eq!((record.key, record.value), (Some(&b"o-1"[..]), Some(&b"paid"[..])));
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # A secured cluster
//!
//! The file that the Java team hands over is enough: [`parse_properties`] reads it as Java does, and every key of Java's
//! clients is honoured, ignored with a reason, or refused with one ([`Config::explain`] lists them). Stores are read as
//! they are: JKS, PKCS12, PEM, in files or in the text itself. Passwords, keys and tokens are a [`Secret`], which nothing
//! shows.
//!
//! ```
//! use upsert_kafka_client::{Config, LoginModule, Role, parse_properties};
//!
//! let text = br#"
//! bootstrap.servers = kafka-1:9093, kafka-2:9093
//! security.protocol = SASL_SSL
//! ssl.truststore.location = /etc/kafka/client.jks
//! ssl.truststore.password = changeit
//! sasl.mechanism = SCRAM-SHA-512
//! sasl.jaas.config = org.apache.kafka.common.security.scram.ScramLoginModule required \
//!     username="orders" password="hush";
//! ssl.key.location = /etc/kafka/key.pem
//! "#;
//! let (config, notices) = Config::from_properties(parse_properties(text)?, Role::Any)?;
//! assert!(matches!(&config.sasl.login, Some(LoginModule::Scram { username, .. }) if username == "orders"));
//! assert!(!format!("{config:?}").contains("hush"));
//! assert_eq!(
//!     notices[0].to_string(),
//!     "property ssl.key.location is unknown and ignored: it is a name of librdkafka's; here as in Java it is \
//!      ssl.keystore.location, a PEM file of the certificate chain and the key"
//! );
//! # Ok::<_, upsert_kafka_client::Error>(())
//! ```
//!
//! # Guarantees
//!
//! | | |
//! |---|---|
//! | order | Records of a partition are in the log in the order in which they were sent by one producer, retries included. |
//! | once | With `enable.idempotence` (the default) a record that is sent again is in the log once, also when its leader was killed and has forgotten it. |
//! | acknowledged | A [`Delivery`] that gives a [`Receipt`] lies on every in-sync replica (`acks=all`, the default). |
//! | failed | Every error of a record says whether it [may have been written](Error::may_have_been_written). Nothing is dropped in silence: [`Producer::flush`] gives the first failure that no delivery has told. |
//! | one owner | A partition of a group is read by one member at a time: what is [revoked](Revocation) is a member's until it lets go, and what it lost in silence it cannot commit ([`GroupConsumer`], KIP-429, KIP-848). |
//! | whole or not at all | What a [`Transaction`] holds is seen by readers with `isolation.level=read_committed` together, or never ([`Producer::begin`], KIP-98, KIP-890). |
//! | cancellation | Futures may be dropped. A dropped `send` has sent its record or not, never half of it; a dropped [`Consumer::poll`] loses nothing; a dropped [`Transaction`] aborts. Each method says what holds. |
//! | bounded | `buffer.memory` bounds what waits to be sent, and `send` then waits; `fetch.max.bytes` and `fetch.max.decompressed.bytes` bound what a consumer holds; a peer's lengths are never believed beyond [`Config::response_bytes_max`]. |
//!
//! # Coming from another client
//!
//! | | there | here |
//! |---|---|---|
//! | rdkafka | `ClientConfig::new().set(k, v).create::<FutureProducer>()` | [`Config::from_properties`], [`Client::open`], [`Client::producer`] |
//! | | `producer.send(FutureRecord::to("t").key(k).payload(v), timeout).await` gives `(error, message)` or a delivery | `producer.send(Record::new(&topic).key(k).value(v)).await?` waits for room alone; the [`Delivery`] is the acknowledgement. `queue.buffering.max.*` is `buffer.memory`, `message.timeout.ms` is `delivery.timeout.ms` |
//! | | `StreamConsumer::recv`, `stream()` | [`Consumer::poll`], a batch at a time; with the feature `stream` one record at a time |
//! | | `BaseConsumer::incremental_assign` | [`Consumer::incremental_assign`] |
//! | | `MockCluster` | the crate `upsert-kafka-broker` |
//! | rskafka | `PartitionClient::produce(records, compression)`, batches and partitions are the caller's | [`Producer::send`] batches, chooses the partition as Java does, retries; [`Record::partition`] names one |
//! | | `PartitionClient::fetch_records(offset, bytes, wait)` | [`Consumer::assign`] with [`Position::Offset`], then [`Consumer::poll`] |
//! | krafka | `Kafka::builder(addresses).connect()`, `kafka.producer().acks(…).build()` | one [`Config`] for all, [`Client::open`], [`Client::producer`] |
//! | | `producer.enqueue(record)` gives a delivery; a record owns its topic, key and value | [`Producer::send`] borrows all three: nothing is copied but into the batch |
//! | kacrab | `Producer::builder().set(key, value)`, Java's keys | [`Config::from_properties`], Java's keys; [`Config::explain`] says what became of each |
//! | | `producer.send(record)` gives a `SendFuture` | [`Producer::send`] gives a [`Delivery`] |
//! | confluent-kafka | `KafkaProducer`, `KafkaConsumer`, `KafkaAdminClient`, Java's keys and calls | [`Producer`], [`Consumer`], [`Admin`] of one [`Client`]; Java's keys |
//! | any of them | `subscribe`, a rebalance listener | [`Client::group_consumer`]: partitions given, partitions revoked and records are values of one stream; [`Member`] where something else reads |
//!
//! # Features
//!
//! | feature | by default | |
//! |---|---|---|
//! | `gzip`, `snappy`, `lz4`, `zstd` | yes | a codec each; without zstd a program with only a producer is half as large |
//! | `tls` | yes | `security.protocol` SSL and SASL_SSL, by rustls: TLS 1.2 and 1.3, key and trust stores, CRLs |
//! | `scram` | yes | SCRAM-SHA-256 and -512, delegation tokens; PLAIN is always there |
//! | `oauth` | yes | OAUTHBEARER; brings `tls`, since tokens are fetched over HTTPS |
//! | `msk-iam` | yes | AWS_MSK_IAM, and its form as OAUTHBEARER; brings `oauth` |
//! | `gssapi` | yes | GSSAPI: Kerberos |
//! | `stream` | no | `Consumer::stream`: records as a `futures::Stream` |
//!
//! What a build lacks is refused by name where it is asked for: `sasl.mechanism: GSSAPI is not in this build …`.
//!
//! Anything that begins with two underscores is for this project's own tests and may go without notice.
//!
//! Rust 1.92 or later: the zstd codec asks for it. Features add and never change what is there without them.

mod admin;
mod client;
mod clock_skew;
mod cluster;
mod config;
mod connection;
mod consumer;
mod diagnosis;
mod doctor;
mod environment;
mod error;
mod group_metadata;
#[cfg(feature = "__hostile")]
#[doc(hidden)]
pub mod hostile;
#[cfg(feature = "oauth")]
pub mod http;
mod membership_lease;
mod metrics;
#[cfg(feature = "msk-iam")]
mod msk_iam;
#[cfg(feature = "oauth")]
mod oauth;
mod producer;
mod record;
mod retry;
mod sasl;
mod secret;
mod security;
#[cfg(feature = "tls")]
mod stores;
#[cfg(feature = "tls")]
#[doc(hidden)]
pub mod tls;
mod utc;

pub use admin::{
    Admin, BrokerDescription, ClusterDescription, ConfigEntry, GroupDescription, GroupListing,
    GroupMemberDescription, NewTopic, PartitionDescription, ProducerDescription, TopicDescription,
    TransactionDescription, TransactionListing,
};
pub use client::Client;
pub use config::{
    Acks, Address, AssertionAlgorithm, AssertionConfig, AwsRoleKeys, BearerToken, Config,
    EndpointIdentification, Explained, FetchToken, FetchingToken, GroupProtocol, IsolationLevel,
    JwtRetriever, KerberosConfig, KerberosLogin, LoginModule, MetadataRecovery, Notice, NoticeKind,
    OAuthConfig, OAuthLoginHandler, OffsetReset, PartitionerClass, Role, SaslConfig, SaslMechanism,
    SecurityProtocol, Store, StoreSource, StoreType, TlsConfig, TlsVersion, TokenSource, parse_properties,
};
#[cfg(feature = "stream")]
pub use consumer::RecordStream;
pub use consumer::{
    Assignment, Assignor, Commit, Committed, Consumer, ConsumerRecord, Fetched, FetchedRecords,
    GroupConsumer, GroupEvent, Member, MemberEvent, OffsetSpec, OwnedHeader, OwnedRecord, OwnedRecords,
    PartitionRecords, Position, PositionReset, Records, ResetCause, Revocation, Subscription, TopicPartition,
};
pub use diagnosis::{Diagnosis, DiagnosisOutcome, DiagnosisStage, DiagnosisStep};
pub use doctor::Doctor;
pub use environment::{Clock, Dial, DialTarget, Dialing, Environment, Resolving, Time, Transport};
pub use error::{Error, ErrorKind, Scope};
pub use group_metadata::GroupMetadata;
pub use membership_lease::MembershipLease;
pub use metrics::{Metric, Metrics};
pub use producer::{
    Delivery, Partitioner, Partitions, Producer, ProducerId, RoundRobinPartitioner, Topic, Transaction,
};
pub use record::{Header, Receipt, Record};
pub use secret::Secret;
#[cfg(feature = "tls")]
pub use tls::TlsProvider;
pub use upsert_kafka_protocol::records::{Codec, Compression, TimestampType};
pub use upsert_kafka_protocol::{Bytes, ErrorCode, Uuid, partition_for_key};

#[cfg(test)]
#[path = "tests/heard.rs"]
mod heard;
#[cfg(test)]
#[cfg(feature = "oauth")]
#[path = "tests/http_server.rs"]
mod http_server;
#[cfg(test)]
#[path = "tests/peer.rs"]
mod peer;
#[cfg(test)]
#[cfg(feature = "scram")]
#[path = "tests/sasl_peer.rs"]
mod sasl_peer;

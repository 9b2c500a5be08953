//! An embedded Kafka broker, in memory, for tests and first steps.
//!
//! ```
//! use upsert_kafka_broker::{Action, Broker, BrokerConfig, Fault};
//! use upsert_kafka_protocol::ApiKey;
//!
//! # let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
//! # runtime.block_on(async {
//! let broker = Broker::start(BrokerConfig::default()).await.unwrap();
//! println!("bootstrap.servers={}", broker.address());
//! // The second Produce is done, and its answer lost.
//! let lost = broker.fault(Fault::new(ApiKey::PRODUCE, Action::LoseAnswer).skip(1)).await;
//! assert_eq!(lost.fired(), 0);
//! broker.stop().await;
//! # });
//! ```
//!
//! There can be several nodes in one broker, each on its own port. They share one state, so that nothing is
//! lost when one stops; but a partition has one leader among them and a group one coordinator, and the others
//! say so. A test moves leaders, stops nodes and starts them again.
//!
//! Every state has one owner, [`Cluster`], which holds no clock and no socket: [`Broker`] is a shell around
//! it, and a simulation can drive it as well.
//!
//! A client that assigns its partitions finds everything it needs: topics, records, idempotence, committed
//! offsets, transactions, both the classic ones and those of KIP-890
//! ([`transaction_version`](BrokerConfig::transaction_version)). Groups with members are not served yet:
//! JoinGroup and its kin are not in what ApiVersions tells, so that a client which subscribes says by itself
//! that the broker does not support it (Java: `UnsupportedVersionException`, librdkafka: `Required feature not
//! supported by broker`).

mod api;
mod broker;
mod cluster;
mod config;
mod fault;
mod keeper;
mod listener;
mod parking;
mod peer;
mod state;

pub use broker::{Armed, Broker};
pub use cluster::{Answer, Cluster, Now, PeerId, Stats};
pub use config::BrokerConfig;
pub use fault::{Action, Fault, FaultId};

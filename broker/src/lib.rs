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
//! lost when one stops; but a partition has one leader among them, a group or transaction one coordinator, and
//! the others say so. A test moves leaders, stops nodes and starts them again.
//!
//! Every state has one owner, [`Cluster`], which holds no clock and no socket: [`Broker`] is a shell around
//! it, and a simulation can drive it as well.
//!
//! Producers and consumers find everything they need: topics, records, idempotence, transactions, both the
//! classic ones and those of KIP-890 ([`transaction_version`](BrokerConfig::transaction_version)), committed
//! offsets, classic consumer groups. What waits in a real cluster waits for nothing here unless it is told to:
//! markers ([`marker_delay`](BrokerConfig::marker_delay)), the first rebalance
//! ([`group_initial_rebalance_delay`](BrokerConfig::group_initial_rebalance_delay)).
//!
//! Administrators find what a small cluster has: topics grow, records are deleted, settings change and have their
//! effect; records go by retention and compaction, by the clock as in Kafka, or when a test says so
//! ([`clean`](Broker::clean)).
//!
//! Not served are the consumer groups of KIP-848, share and streams groups, security and quotas. Their APIs are in
//! what ApiVersions tells, as in every Kafka 4.4, and answer as one where those features are switched off. A file per
//! API (`src/api`) opens with what it does and where that differs from Kafka.

mod api;
mod broker;
mod broker_task;
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
mod security;
mod state;
mod transport;
mod wait;
mod work;
mod worker;

pub use broker::{Broker, FaultHandle};
pub use cluster::{Answer, Cluster, Stats};
pub use config::BrokerConfig;
pub use connector::Connector;
pub use environment::{Clock, Environment, Time};
pub use fault::{Action, Fault, FaultId};
pub use now::Now;
pub use transport::Transport;
pub use wait::PeerId;
pub use work::Work;

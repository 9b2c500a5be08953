//! A broker entered the cluster.

use upsert_kafka_protocol_derive::message;

use crate::{Str, Uuid};

#[message(key = 0, versions = 0..=4, flexible = 0..)]
pub struct RegisterBrokerRecord {
    pub broker_id: i32,
    /// Whether it is a broker of ZooKeeper's that moves over (KIP-866).
    #[versions(2..)]
    pub is_migrating_zk_broker: bool,
    /// Random, and new each time the process starts.
    pub incarnation_id: Uuid,
    /// The offset of this record; a request with an older one is refused.
    pub broker_epoch: i64,
    pub end_points: Vec<BrokerEndpoint>,
    pub features: Vec<BrokerFeature>,
    #[versions(0.., nullable = 0..)]
    pub rack: Option<Str>,
    /// Leads nothing, and is not told to clients.
    #[versions(0.., default = true)]
    pub fenced: bool,
    /// Hands over what it leads, to stop.
    #[versions(1..)]
    pub in_controlled_shutdown: bool,
    /// The ids of the log folders that are online (KIP-858).
    #[versions(3.., tag = 0)]
    pub log_dirs: Vec<Uuid>,
    /// The ids of the log folders that get no new replicas (KIP-1066); null when that is not told.
    #[versions(4.., tag = 1, nullable = 4.., default = None)]
    pub cordoned_log_dirs: Option<Vec<Uuid>>,
}

/// Where the broker listens.
#[message]
pub struct BrokerEndpoint {
    /// The listener's, such as `PLAINTEXT` or `EXTERNAL`.
    pub name: Str,
    pub host: Str,
    pub port: u16,
    /// 0 PLAINTEXT, 1 SSL, 2 SASL_PLAINTEXT, 3 SASL_SSL.
    pub security_protocol: i16,
}

/// A feature, and the levels that the broker could run.
#[message]
pub struct BrokerFeature {
    pub name: Str,
    pub min_supported_version: i16,
    pub max_supported_version: i16,
}

//! BrokerRegistration: a broker enters the cluster (KIP-631).

use upsert_kafka_protocol_derive::message;

use crate::{ErrorCode, Str, Uuid};

#[message(key = 62, versions = 0..=4, flexible = 0..)]
pub struct BrokerRegistrationRequest {
    pub broker_id: i32,
    pub cluster_id: Str,
    /// Random, and new each time the process starts.
    pub incarnation_id: Uuid,
    pub listeners: Vec<Listener>,
    pub features: Vec<Feature>,
    #[versions(0.., nullable = 0..)]
    pub rack: Option<Str>,
    /// Whether it is a broker of ZooKeeper's that moves over (KIP-866).
    #[versions(1..)]
    pub is_migrating_zk_broker: bool,
    /// The ids of the log folders that are online (KIP-858).
    #[versions(2.., ignorable)]
    pub log_dirs: Vec<Uuid>,
    /// The epoch it had before it was shut down in order; -1 when it was not (KIP-966).
    #[versions(3.., default = -1, ignorable)]
    pub previous_broker_epoch: i64,
}

/// Where the broker listens.
#[message]
pub struct Listener {
    /// The listener's, such as `PLAINTEXT` or `EXTERNAL`.
    pub name: Str,
    pub host: Str,
    pub port: u16,
    /// 0 PLAINTEXT, 1 SSL, 2 SASL_PLAINTEXT, 3 SASL_SSL.
    pub security_protocol: i16,
}

/// A feature, and the levels that the broker could run.
#[message]
pub struct Feature {
    pub name: Str,
    pub min_supported_version: i16,
    pub max_supported_version: i16,
}

#[message(answers = BrokerRegistrationRequest)]
pub struct BrokerRegistrationResponse {
    /// How long the client should pause, in milliseconds (KIP-219).
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    /// Goes with what the broker asks of the controller from now on; -1 for none.
    #[versions(0.., default = -1)]
    pub broker_epoch: i64,
}

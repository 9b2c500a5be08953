//! BrokerRegistration: a broker enters the cluster (KIP-631).

use upsert_kafka_protocol_derive::message;

use crate::{ErrorCode, Str, Uuid};

#[message(key = 62, versions = 0..=4, flexible = 0..)]
pub struct BrokerRegistrationRequest {
    pub broker_id: i32,
    pub cluster_id: Str,
    pub incarnation_id: Uuid,
    pub listeners: Vec<Listener>,
    pub features: Vec<Feature>,
    #[versions(0.., nullable = 0..)]
    pub rack: Option<Str>,
    #[versions(1..)]
    pub is_migrating_zk_broker: bool,
    #[versions(2.., ignorable)]
    pub log_dirs: Vec<Uuid>,
    #[versions(3.., default = -1, ignorable)]
    pub previous_broker_epoch: i64,
}

/// Where somebody listens.
#[message]
pub struct Listener {
    pub name: Str,
    pub host: Str,
    pub port: u16,
    pub security_protocol: i16,
}

/// A feature, and the levels that somebody could run.
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
    #[versions(0.., default = -1)]
    pub broker_epoch: i64,
}

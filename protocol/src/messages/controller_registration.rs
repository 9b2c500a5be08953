//! ControllerRegistration: a controller enters the cluster (KIP-919).

use upsert_kafka_protocol_derive::message;

use crate::{ErrorCode, Str, Uuid};

#[message(key = 70, versions = 0..=0, flexible = 0..)]
pub struct ControllerRegistrationRequest {
    pub controller_id: i32,
    /// Random, and new each time the process starts.
    pub incarnation_id: Uuid,
    /// Whether it could take a cluster over from ZooKeeper (KIP-866).
    pub zk_migration_ready: bool,
    pub listeners: Vec<Listener>,
    pub features: Vec<Feature>,
}

/// Where the controller listens.
#[message]
pub struct Listener {
    /// The listener's, such as `CONTROLLER`.
    pub name: Str,
    pub host: Str,
    pub port: u16,
    /// 0 PLAINTEXT, 1 SSL, 2 SASL_PLAINTEXT, 3 SASL_SSL.
    pub security_protocol: i16,
}

/// A feature, and the levels that the controller could run.
#[message]
pub struct Feature {
    pub name: Str,
    pub min_supported_version: i16,
    pub max_supported_version: i16,
}

#[message(answers = ControllerRegistrationRequest)]
pub struct ControllerRegistrationResponse {
    /// How long the client should pause, in milliseconds (KIP-219).
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    /// The error in words, for people.
    #[versions(0.., nullable = 0..)]
    pub error_message: Option<Str>,
}

//! A controller entered the cluster (KIP-919).

use upsert_kafka_protocol_derive::message;

use crate::{Str, Uuid};

#[message(key = 27, versions = 0..=0, flexible = 0..)]
pub struct RegisterControllerRecord {
    pub controller_id: i32,
    /// Random, and new each time the process starts.
    pub incarnation_id: Uuid,
    /// Whether it could take a cluster over from ZooKeeper (KIP-866).
    pub zk_migration_ready: bool,
    pub end_points: Vec<ControllerEndpoint>,
    pub features: Vec<ControllerFeature>,
}

/// Where the controller listens.
#[message]
pub struct ControllerEndpoint {
    /// The listener's, such as `CONTROLLER`.
    pub name: Str,
    pub host: Str,
    pub port: u16,
    /// 0 PLAINTEXT, 1 SSL, 2 SASL_PLAINTEXT, 3 SASL_SSL.
    pub security_protocol: i16,
}

/// A feature, and the levels that the controller could run.
#[message]
pub struct ControllerFeature {
    pub name: Str,
    pub min_supported_version: i16,
    pub max_supported_version: i16,
}

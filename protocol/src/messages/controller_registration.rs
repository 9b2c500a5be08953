//! ControllerRegistration: a controller enters the cluster (KIP-919).

use upsert_kafka_protocol_derive::message;

use crate::{ErrorCode, Str, Uuid};

#[message(key = 70, versions = 0..=0, flexible = 0..)]
pub struct ControllerRegistrationRequest {
    pub controller_id: i32,
    pub incarnation_id: Uuid,
    pub zk_migration_ready: bool,
    pub listeners: Vec<Listener>,
    pub features: Vec<Feature>,
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

#[message(answers = ControllerRegistrationRequest)]
pub struct ControllerRegistrationResponse {
    /// How long the client should pause, in milliseconds (KIP-219).
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    /// The error in words, for people.
    #[versions(0.., nullable = 0..)]
    pub error_message: Option<Str>,
}

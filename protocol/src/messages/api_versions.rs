//! ApiVersions: which requests a broker takes, and at which versions.

use upsert_kafka_protocol_derive::message;

use crate::{ErrorCode, Str};

/// The first words on a connection. A broker that does not know the version asked answers at
/// version 0 with `UNSUPPORTED_VERSION`, and the client asks again.
#[message(key = 18, versions = 0..=5, flexible = 3..)]
pub struct ApiVersionsRequest {
    /// For the broker's metrics (KIP-511).
    #[versions(3.., ignorable)]
    pub client_software_name: Str,
    #[versions(3.., ignorable)]
    pub client_software_version: Str,
    /// The cluster the client means to reach; null goes unchecked.
    #[versions(5.., nullable = 5.., default = None, ignorable)]
    pub cluster_id: Option<Str>,
    /// The node the client means to reach; -1 goes unchecked.
    #[versions(5.., default = -1, ignorable)]
    pub node_id: i32,
}

#[message(answers = ApiVersionsRequest)]
pub struct ApiVersionsResponse {
    pub error_code: ErrorCode,
    pub api_keys: Vec<ApiVersion>,
    /// How long the client should pause, in milliseconds (KIP-219).
    #[versions(1.., ignorable)]
    pub throttle_time_ms: i32,
    #[versions(3.., tag = 0, ignorable)]
    pub supported_features: Vec<SupportedFeatureKey>,
    /// Grows with each change to the finalized features; -1 when unknown.
    #[versions(3.., tag = 1, default = -1, ignorable)]
    pub finalized_features_epoch: i64,
    #[versions(3.., tag = 2, ignorable)]
    pub finalized_features: Vec<FinalizedFeatureKey>,
    /// Whether a controller could take a cluster over from ZooKeeper (KIP-866).
    #[versions(3.., tag = 3, ignorable)]
    pub zk_migration_ready: bool,
}

/// The versions of one API.
#[message]
pub struct ApiVersion {
    pub api_key: i16,
    pub min_version: i16,
    pub max_version: i16,
}

/// A feature the broker could run at these levels.
#[message]
pub struct SupportedFeatureKey {
    pub name: Str,
    pub min_version: i16,
    pub max_version: i16,
}

/// A feature the cluster runs at these levels.
#[message]
pub struct FinalizedFeatureKey {
    pub name: Str,
    pub max_version_level: i16,
    pub min_version_level: i16,
}

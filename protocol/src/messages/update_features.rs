//! UpdateFeatures: raises and lowers the feature levels of a cluster (KIP-584).

use upsert_kafka_protocol_derive::message;

use crate::{ErrorCode, Str};

#[message(key = 57, versions = 0..=2, flexible = 0..)]
pub struct UpdateFeaturesRequest {
    #[versions(0.., default = 60000)]
    pub timeout_ms: i32,
    pub feature_updates: Vec<FeatureUpdateKey>,
    /// Checks all, and changes nothing.
    #[versions(1..)]
    pub validate_only: bool,
}

#[message]
pub struct FeatureUpdateKey {
    pub feature: Str,
    pub max_version_level: i16,
    #[versions(0..=0)]
    pub allow_downgrade: bool,
    #[versions(1.., default = 1)]
    pub upgrade_type: i8,
}

#[message(answers = UpdateFeaturesRequest)]
pub struct UpdateFeaturesResponse {
    /// How long the client should pause, in milliseconds (KIP-219).
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    /// The error in words, for people.
    #[versions(0.., nullable = 0..)]
    pub error_message: Option<Str>,
    #[versions(0..=1, ignorable)]
    pub results: Vec<UpdatableFeatureResult>,
}

#[message]
pub struct UpdatableFeatureResult {
    pub feature: Str,
    pub error_code: ErrorCode,
    /// The error in words, for people.
    #[versions(0.., nullable = 0..)]
    pub error_message: Option<Str>,
}

//! FindCoordinator: which broker keeps a group's offsets or a transaction.

use upsert_kafka_protocol_derive::message;

use crate::{ErrorCode, Str};

/// Up to version 3 one key, from 4 several.
#[message(key = 10, versions = 0..=6, flexible = 3..)]
pub struct FindCoordinatorRequest {
    /// A group's id or a transactional id.
    #[versions(0..=3)]
    pub key: Str,
    /// 0 a group, 1 a transaction, 2 a partition of a share group (KIP-932).
    #[versions(1..)]
    pub key_type: i8,
    /// All of one type; a share group's partition is `group:topic-id:partition`.
    #[versions(4..)]
    pub coordinator_keys: Vec<Str>,
}

#[message(answers = FindCoordinatorRequest)]
pub struct FindCoordinatorResponse {
    /// How long the client should pause, in milliseconds (KIP-219).
    #[versions(1.., ignorable)]
    pub throttle_time_ms: i32,
    #[versions(0..=3)]
    pub error_code: ErrorCode,
    /// The error in words, for people.
    #[versions(1..=3, nullable = 1..=3, ignorable)]
    pub error_message: Option<Str>,
    #[versions(0..=3)]
    pub node_id: i32,
    #[versions(0..=3)]
    pub host: Str,
    #[versions(0..=3)]
    pub port: i32,
    #[versions(4..)]
    pub coordinators: Vec<Coordinator>,
}

/// The broker that keeps one key.
#[message]
pub struct Coordinator {
    pub key: Str,
    pub node_id: i32,
    pub host: Str,
    pub port: i32,
    pub error_code: ErrorCode,
    /// The error in words, for people.
    #[versions(0.., nullable = 4.., ignorable)]
    pub error_message: Option<Str>,
}

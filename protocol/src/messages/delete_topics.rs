//! DeleteTopics: topics and their records, for good.

use upsert_kafka_protocol_derive::message;

use crate::{ErrorCode, Str, Uuid};

#[message(key = 20, versions = 0..=6, current = 1.., flexible = 4..)]
pub struct DeleteTopicsRequest {
    #[versions(6..)]
    pub topics: Vec<DeleteTopicState>,
    #[versions(0..=5, ignorable)]
    pub topic_names: Vec<Str>,
    pub timeout_ms: i32,
}

/// A topic by name or id.
#[message]
pub struct DeleteTopicState {
    #[versions(0.., nullable = 6.., default = None)]
    pub name: Option<Str>,
    pub topic_id: Uuid,
}

#[message(answers = DeleteTopicsRequest)]
pub struct DeleteTopicsResponse {
    /// How long the client should pause, in milliseconds (KIP-219).
    #[versions(1.., ignorable)]
    pub throttle_time_ms: i32,
    pub responses: Vec<DeletableTopicResult>,
}

/// What became of one topic.
#[message]
pub struct DeletableTopicResult {
    #[versions(0.., nullable = 6..)]
    pub name: Option<Str>,
    #[versions(6.., ignorable)]
    pub topic_id: Uuid,
    pub error_code: ErrorCode,
    /// The error in words, for people.
    #[versions(5.., nullable = 5.., default = None, ignorable)]
    pub error_message: Option<Str>,
}

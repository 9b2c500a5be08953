//! AlterClientQuotas: sets and removes quotas (KIP-546).

use upsert_kafka_protocol_derive::message;

use crate::{ErrorCode, Str};

#[message(key = 49, versions = 0..=1, flexible = 1..)]
pub struct AlterClientQuotasRequest {
    pub entries: Vec<RequestEntryData>,
    /// Checks all, and changes nothing.
    pub validate_only: bool,
}

#[message]
pub struct RequestEntryData {
    pub entity: Vec<EntityData>,
    pub ops: Vec<OpData>,
}

#[message]
pub struct EntityData {
    pub entity_type: Str,
    #[versions(0.., nullable = 0..)]
    pub entity_name: Option<Str>,
}

#[message]
pub struct OpData {
    pub key: Str,
    pub value: f64,
    pub remove: bool,
}

#[message(answers = AlterClientQuotasRequest)]
pub struct AlterClientQuotasResponse {
    /// How long the client should pause, in milliseconds (KIP-219).
    pub throttle_time_ms: i32,
    pub entries: Vec<ResponseEntryData>,
}

#[message]
pub struct ResponseEntryData {
    pub error_code: ErrorCode,
    /// The error in words, for people.
    #[versions(0.., nullable = 0..)]
    pub error_message: Option<Str>,
    pub entity: Vec<EntityData>,
}

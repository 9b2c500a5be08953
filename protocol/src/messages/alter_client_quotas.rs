//! AlterClientQuotas: sets and removes quotas (KIP-546).

use upsert_kafka_protocol_derive::message;

use crate::{ErrorCode, Str};

#[message(key = 49, versions = 0..=1, flexible = 1..)]
pub struct AlterClientQuotasRequest {
    pub entries: Vec<RequestEntryData>,
    /// Checks all, and changes nothing.
    pub validate_only: bool,
}

/// An entity, and what to do with its quotas.
#[message]
pub struct RequestEntryData {
    /// Its parts, such as a user and a client id; the quotas hold for both together.
    pub entity: Vec<EntityData>,
    pub ops: Vec<OpData>,
}

/// One part of an entity.
#[message]
pub struct EntityData {
    /// `user`, `client-id` or `ip`.
    pub entity_type: Str,
    /// Null for the default, which holds for those without quotas of their own.
    #[versions(0.., nullable = 0..)]
    pub entity_name: Option<Str>,
}

/// Sets or removes one quota.
#[message]
pub struct OpData {
    /// `producer_byte_rate`, `consumer_byte_rate`, `request_percentage`, `controller_mutation_rate` or
    /// `connection_creation_rate`.
    pub key: Str,
    /// The limit; without meaning for a removal.
    pub value: f64,
    pub remove: bool,
}

#[message(answers = AlterClientQuotasRequest)]
pub struct AlterClientQuotasResponse {
    /// How long the client should pause, in milliseconds (KIP-219).
    pub throttle_time_ms: i32,
    pub entries: Vec<ResponseEntryData>,
}

/// What became of one entity.
#[message]
pub struct ResponseEntryData {
    pub error_code: ErrorCode,
    /// The error in words, for people.
    #[versions(0.., nullable = 0..)]
    pub error_message: Option<Str>,
    pub entity: Vec<EntityData>,
}

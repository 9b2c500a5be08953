//! DescribeClientQuotas: the quotas of users, clients and addresses (KIP-546).

use upsert_kafka_protocol_derive::message;

use crate::{ErrorCode, Str};

#[message(key = 48, versions = 0..=1, flexible = 1..)]
pub struct DescribeClientQuotasRequest {
    /// All of them must match; none at all matches everything.
    pub components: Vec<ComponentData>,
    /// Leaves out entities that have further parts beside those asked for.
    pub strict: bool,
}

/// A filter on one part of an entity.
#[message]
pub struct ComponentData {
    /// `user`, `client-id` or `ip`.
    pub entity_type: Str,
    /// 0 the name in `match`, 1 the default, 2 any name.
    pub match_type: i8,
    /// The name; null unless the match type is 0.
    #[versions(0.., nullable = 0..)]
    pub r#match: Option<Str>,
}

#[message(answers = DescribeClientQuotasRequest)]
pub struct DescribeClientQuotasResponse {
    /// How long the client should pause, in milliseconds (KIP-219).
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    /// The error in words, for people.
    #[versions(0.., nullable = 0..)]
    pub error_message: Option<Str>,
    /// Null on an error.
    #[versions(0.., nullable = 0..)]
    pub entries: Option<Vec<EntryData>>,
}

/// An entity, and its quotas.
#[message]
pub struct EntryData {
    /// Its parts, such as a user and a client id; the quotas hold for both together.
    pub entity: Vec<EntityData>,
    pub values: Vec<ValueData>,
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

/// One quota, and its limit.
#[message]
pub struct ValueData {
    /// `producer_byte_rate`, `consumer_byte_rate`, `request_percentage`, `controller_mutation_rate` or
    /// `connection_creation_rate`.
    pub key: Str,
    /// Bytes per second for the byte rates, percent of a thread's time for requests, else per second.
    pub value: f64,
}

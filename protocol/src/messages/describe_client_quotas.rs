//! DescribeClientQuotas: the quotas of users, clients and addresses (KIP-546).

use upsert_kafka_protocol_derive::message;

use crate::{ErrorCode, Str};

#[message(key = 48, versions = 0..=1, flexible = 1..)]
pub struct DescribeClientQuotasRequest {
    pub components: Vec<ComponentData>,
    pub strict: bool,
}

#[message]
pub struct ComponentData {
    pub entity_type: Str,
    pub match_type: i8,
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
    #[versions(0.., nullable = 0..)]
    pub entries: Option<Vec<EntryData>>,
}

#[message]
pub struct EntryData {
    pub entity: Vec<EntityData>,
    pub values: Vec<ValueData>,
}

#[message]
pub struct EntityData {
    pub entity_type: Str,
    #[versions(0.., nullable = 0..)]
    pub entity_name: Option<Str>,
}

#[message]
pub struct ValueData {
    pub key: Str,
    pub value: f64,
}

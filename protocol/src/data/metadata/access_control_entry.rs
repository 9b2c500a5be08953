//! A new access rule.

use upsert_kafka_protocol_derive::message;

use crate::{Str, Uuid};

#[message(key = 18, versions = 0..=0, flexible = 0..)]
pub struct AccessControlEntryRecord {
    pub id: Uuid,
    pub resource_type: i8,
    pub resource_name: Str,
    pub pattern_type: i8,
    pub principal: Str,
    pub host: Str,
    pub operation: i8,
    pub permission_type: i8,
}

//! A feature's level.

use upsert_kafka_protocol_derive::message;

use crate::Str;

#[message(key = 12, versions = 0..=0, flexible = 0..)]
pub struct FeatureLevelRecord {
    pub name: Str,
    pub feature_level: i16,
}

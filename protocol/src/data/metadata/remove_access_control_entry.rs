//! An access rule was removed.

use upsert_kafka_protocol_derive::message;

use crate::Uuid;

#[message(key = 19, versions = 0..=0, flexible = 0..)]
pub struct RemoveAccessControlEntryRecord {
    pub id: Uuid,
}

//! A topic was deleted.

use upsert_kafka_protocol_derive::message;

use crate::Uuid;

#[message(key = 9, versions = 0..=0, flexible = 0..)]
pub struct RemoveTopicRecord {
    pub topic_id: Uuid,
}

//! A topic and its id.

use upsert_kafka_protocol_derive::message;

use crate::{Str, Uuid};

#[message(key = 2, versions = 0..=0, flexible = 0..)]
pub struct TopicRecord {
    pub name: Str,
    pub topic_id: Uuid,
}
